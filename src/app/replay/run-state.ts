import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { spendSchema } from '../../model/budget.ts';
import type { StoredEvent } from '../../model/event.ts';

/** What a run was at one of its events: what it had read and done until then, that event included. */
export interface RunState {
  readonly seq: number;
  readonly atMs: number;
  readonly label: JsonValue;
  /** Tools and content that it has read, in the order in which they came. */
  readonly read: readonly string[];
  /** Calls by what became of them. */
  readonly calls: { readonly intended: number; readonly completed: number; readonly refused: number };
  /** Calls that were under way, and approvals that waited for a person. */
  readonly underWay: readonly string[];
  readonly waiting: readonly string[];
  /** Of those that waited, once for each person who had approved, where that takes several. */
  readonly approvedInPart: readonly string[];
  /** What it had used. Tokens are those of its steps; time is counted from its start, by its own clock. */
  readonly used: { readonly calls: number; readonly resultBytes: number; readonly tokens: number; readonly ms: number };
  /** What was reported as used, which budgets count. Spend is in millionths of a dollar. */
  readonly reported: { readonly tokens: number; readonly spend: number };
  /** Why it was paused. */
  readonly pausedFor: string | null;
  readonly ended: boolean;
}

const LEAST: JsonObject = { integrity: 'trusted', secrecy: 'public', origins: [] };

export const emptyState: RunState = {
  seq: 0,
  atMs: 0,
  label: LEAST,
  read: [],
  calls: { intended: 0, completed: 0, refused: 0 },
  underWay: [],
  waiting: [],
  approvedInPart: [],
  used: { calls: 0, resultBytes: 0, tokens: 0, ms: 0 },
  reported: { tokens: 0, spend: 0 },
  pausedFor: null,
  ended: false,
};

/** The state after one more event of the run. */
export function advance(before: RunState, event: StoredEvent, startedAtMs: number): RunState {
  const { body, callId = '', tool = '', kind } = event;
  const state = {
    ...before,
    seq: event.seq,
    atMs: event.atMs,
    label: body['label'] ?? before.label,
    used: { ...before.used, ms: event.atMs - startedAtMs },
  };
  const { calls, used } = state;
  switch (kind) {
    case 'call.intended':
      return {
        ...state,
        calls: { ...calls, intended: calls.intended + 1 },
        used: { ...used, calls: used.calls + 1 },
        underWay: [...state.underWay, callId],
        ...settle(state, textIn(body, 'approvalId')),
      };
    case 'call.completed':
      return {
        ...state,
        calls: { ...calls, completed: calls.completed + 1 },
        // What was withheld is counted to no budget.
        used: { ...used, resultBytes: used.resultBytes + (body['ok'] === true ? numberIn(body, 'resultBytes') : 0) },
        underWay: state.underWay.filter((call) => call !== callId),
        read: body['ok'] === true ? addOnce(state.read, tool) : state.read,
      };
    case 'call.refused':
      return { ...state, calls: { ...calls, refused: calls.refused + 1 } };
    case 'call.asked':
      return { ...state, waiting: addOnce(state.waiting, textIn(body, 'approvalId')) };
    case 'approval.answered':
      return answer(state, body);
    case 'approval.expired':
      return { ...state, ...settle(state, textIn(body, 'approvalId')) };
    case 'usage.reported': {
      const spend = spendSchema.safeParse(body['spend']);
      const reported = {
        tokens: state.reported.tokens + numberIn(body, 'tokens'),
        spend: state.reported.spend + (spend.success ? spend.data : 0),
      };
      return { ...state, reported };
    }
    case 'run.paused':
      return { ...state, pausedFor: textIn(body, 'reason') };
    case 'run.resumed':
      return { ...state, pausedFor: null };
    case 'content.ingested':
      return { ...state, read: addOnce(state.read, textIn(body, 'source')) };
    case 'model.step': {
      const usage = isJsonObject(body['usage']) ? body['usage'] : {};
      const tokens = numberIn(usage, 'inputTokens') + numberIn(usage, 'outputTokens');
      return { ...state, used: { ...used, tokens: used.tokens + tokens } };
    }
    case 'run.ended':
      return { ...state, ended: true };
    default:
      return state;
  }
}

/** One of several persons may have approved: it waits until all have, or one has not. */
function answer(state: RunState, body: JsonObject): RunState {
  const approval = textIn(body, 'approvalId');
  const given = state.approvedInPart.filter((other) => other === approval).length + 1;
  if (body['approve'] === true && given < numberIn(body, 'persons') && state.waiting.includes(approval))
    return { ...state, approvedInPart: [...state.approvedInPart, approval] };
  return { ...state, ...settle(state, approval) };
}

function settle({ waiting, approvedInPart }: RunState, approval: string) {
  const isOther = (one: string) => one !== approval;
  return { waiting: waiting.filter(isOther), approvedInPart: approvedInPart.filter(isOther) };
}

function addOnce(list: readonly string[], text: string): readonly string[] {
  return text === '' || list.includes(text) ? list : [...list, text];
}

function numberIn(body: JsonObject, name: string): number {
  const value = body[name];
  return typeof value === 'number' ? value : 0;
}

function textIn(body: JsonObject, name: string): string {
  const value = body[name];
  return typeof value === 'string' ? value : '';
}
