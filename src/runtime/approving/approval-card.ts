import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import type { Approval, ApprovalAnswer, Presence, ValueOrigin } from '../../model/approval.ts';
import type { Reason } from '../../model/decision.ts';
import type { Consequence, Effect } from '../../model/effect.ts';
import type { Manifest } from '../../model/manifest.ts';
import { type Doubt, listDoubts } from '../../scan/doubtful-values.ts';
import { confirmationOf } from './answer-approval.ts';
import { dutyOf } from './duty.ts';

/** One leaf of the arguments beside the same leaf of the call that was approved last. */
export interface CardChange {
  /** JSON pointer. */
  readonly path: string;
  readonly kind: 'same' | 'added' | 'removed' | 'changed';
  readonly before?: JsonValue;
  readonly now?: JsonValue;
}

/**
 * What an approver is shown, in the order in which it is shown. Chaperone makes it from the call itself: no word of it
 * is the model's, but for the quotation at its end.
 */
export interface ApprovalCard {
  /** Who wants to do what, in plain words. */
  readonly action: string;
  /** Where it goes, who gets it, what is acted on. */
  readonly targets: readonly { readonly path: string; readonly carries: string; readonly value: JsonValue }[];
  readonly arguments: JsonObject;
  /** Answers to the tool's own questions, which leave with it. */
  readonly input?: JsonObject;
  /** How the arguments differ from those of the last call that was approved and ran. */
  readonly changes: readonly CardChange[];
  /** That call's approval; absent where there is none. */
  readonly comparedWith?: string;
  /** What could be misread. */
  readonly doubts: readonly Doubt[];
  readonly why: readonly Reason[];
  /** Values that nobody trusted chose, and where they came from. */
  readonly untrusted: readonly ValueOrigin[];
  /** What the run had read. */
  readonly read: { readonly integrity: string; readonly secrecy: string; readonly origins: readonly string[] };
  readonly radius: {
    readonly effect: Effect | 'unknown';
    readonly consequence: Consequence | 'unknown';
    readonly declared: boolean;
    readonly outward: boolean;
    readonly undo: string;
  };
  readonly expiresAtMs: number;
  readonly needs: {
    readonly persons: number;
    readonly approvers: readonly string[];
    readonly presence: readonly Presence[];
    readonly separated: boolean;
    /** What has to be repeated to approve it. */
    readonly confirm?: string;
  };
  readonly answers: readonly ApprovalAnswer[];
  /** The other calls that the same answer is about. */
  readonly plan?: {
    readonly id: string;
    readonly calls: readonly { readonly tool: string; readonly arguments: JsonObject }[];
  };
  /** What the agent says that it is for. Anybody may have written it. */
  readonly quotation?: string;
}

/** @param last the call of the same agent and tool that was approved before and ran. */
export function makeCard(
  manifest: Manifest,
  approval: Approval,
  last: Approval | undefined,
  plan: readonly Approval[] = [],
): ApprovalCard {
  const { facts } = approval;
  const consequence = facts?.consequence ?? 'high';
  const duty = dutyOf(manifest, approval.tool);
  const targets = (facts?.sinks ?? [])
    .filter(({ carries }) => carries !== 'data')
    .flatMap(({ path, carries }) => valuesAt(approval.arguments, path).map((value) => ({ path, carries, value })));
  return {
    action: `${approval.agent} wants to ${sayTool(approval.tool)}: ${approval.tool}${sayPlan(approval)}`,
    targets,
    arguments: approval.arguments,
    ...(approval.input === undefined ? {} : { input: approval.input }),
    changes: compareLeaves(last?.arguments, approval.arguments),
    ...(last === undefined ? {} : { comparedWith: last.id }),
    doubts: [...listDoubts(approval.arguments), ...listDoubts(approval.input ?? {})],
    why: approval.reasons,
    untrusted: facts?.untrusted ?? [],
    read: {
      integrity: facts?.label.integrity ?? 'untrusted',
      secrecy: facts?.label.secrecy ?? 'secret',
      origins: facts?.label.origins ?? [],
    },
    radius: {
      effect: facts?.effect ?? 'unknown',
      consequence: facts?.consequence ?? 'unknown',
      declared: facts?.declared ?? false,
      outward: facts?.outward ?? true,
      undo: facts?.undo ?? 'nobody has said how',
    },
    expiresAtMs: approval.expiresAtMs,
    needs: {
      persons: duty.persons,
      approvers: duty.approvers,
      presence: duty.presence,
      separated: duty.separated,
      ...(consequence === 'high' ? { confirm: confirmationOf(approval) } : {}),
    },
    answers: approval.answers ?? [],
    ...(approval.plan === undefined
      ? {}
      : {
          plan: {
            id: approval.plan.id,
            calls: plan.map(({ tool, arguments: args }) => ({ tool, arguments: args })),
          },
        }),
    ...(facts?.quotation === undefined ? {} : { quotation: facts.quotation }),
  };
}

/** `mail/send_email` as words: `send email`. Names that are no plain words stay as they are. */
function sayTool(tool: string): string {
  const name = tool.slice(tool.indexOf('/') + 1);
  if (!/^[\w.-]{1,80}$/.test(name)) return 'call';
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_.-]+/g, ' ')
    .trim()
    .toLowerCase();
}

function sayPlan({ plan }: Approval): string {
  return plan === undefined ? '' : `, one of ${plan.members.length} calls of a plan`;
}

/** The values at a dotted path: `to`, `items[].url`. */
function valuesAt(value: JsonValue, path: string): readonly JsonValue[] {
  let found: readonly JsonValue[] = [value];
  for (const step of path.split('.')) {
    const name = step.replace(/\[\]$/, '');
    found = found.flatMap((one) => {
      if (!isJsonObject(one)) return [];
      const members = name === '*' ? Object.values(one) : Object.hasOwn(one, name) ? [one[name] ?? null] : [];
      return members.flatMap((member) => (Array.isArray(member) ? member : [member]));
    });
  }
  return found;
}

function compareLeaves(before: JsonObject | undefined, now: JsonObject): readonly CardChange[] {
  if (before === undefined) return [];
  const old = new Map(leavesOf(before, ''));
  const fresh = new Map(leavesOf(now, ''));
  return [...new Set([...fresh.keys(), ...old.keys()])].map((path): CardChange => {
    const [was, is] = [old.get(path), fresh.get(path)];
    if (was === undefined) return { path, kind: 'added', ...(is === undefined ? {} : { now: is }) };
    if (is === undefined) return { path, kind: 'removed', before: was };
    return JSON.stringify(was) === JSON.stringify(is)
      ? { path, kind: 'same', now: is }
      : { path, kind: 'changed', before: was, now: is };
  });
}

function* leavesOf(value: JsonValue, path: string): Generator<[string, JsonValue]> {
  const members = Array.isArray(value) ? [...value.entries()] : isJsonObject(value) ? Object.entries(value) : [];
  if (members.length === 0) return void (yield [path, value]);
  for (const [name, member] of members) {
    yield* leavesOf(member, `${path}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }
}
