import { unreachable } from '../../../base/assert.ts';
import { digestEvent, type NewEvent, type StoredEvent } from '../../../model/event.ts';
import { coversLabel, joinLabels } from '../../../model/label.ts';
import type { Change } from '../../../ports/store.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import type { Instance, MemoryState } from './memory-state.ts';

/** Steps that take a commit's changes back, in the order in which they were made. */
export type Undo = (() => void)[];

/**
 * Makes one change for the store `by`, and says how to take it back. Returns the sequence number of an appended event, undefined for any
 * other change, or the refusal when the change's condition does not hold; then nothing was changed.
 */
export function applyChange(
  state: MemoryState,
  by: Instance,
  change: Change,
  undo: Undo,
): number | undefined | StoreRefusal {
  switch (change.kind) {
    case 'event.append': {
      const event = storeEvent(change.event, state.events.length + 1);
      state.events.push(event);
      undo.push(() => state.events.pop());
      return event.seq;
    }
    case 'run.open':
      if (state.runs.has(change.run.id)) return refusals.runExists(change.run.id);
      if (change.key !== undefined) put(state.runKeys, change.run.id, change.key, undo);
      return put(state.runs, change.run.id, jsonCopy(change.run), undo);
    case 'run.end': {
      const run = state.runs.get(change.runId);
      if (run?.principal.tenant !== change.tenant) return refusals.runUnknown(change.runId);
      return run.endedAtMs === undefined
        ? put(state.runs, run.id, { ...run, endedAtMs: change.atMs }, undo)
        : undefined;
    }
    case 'run.erase': {
      const run = state.runs.get(change.runId);
      if (run?.principal.tenant !== change.tenant) return refusals.runUnknown(change.runId);
      const { user, erasedAtMs = change.atMs } = state.runKeys.get(run.id) ?? {};
      put(state.runs, run.id, { ...run, endedAtMs: run.endedAtMs ?? change.atMs }, undo);
      return put(state.runKeys, run.id, { ...(user === undefined ? {} : { user }), erasedAtMs }, undo);
    }
    case 'run.label': {
      const run = state.runs.get(change.runId);
      if (run === undefined) return refusals.runUnknown(change.runId);
      return put(state.runs, run.id, { ...run, label: joinLabels(run.label, change.label) }, undo);
    }
    case 'run.require':
      return requireRun(state, change);
    case 'written.add':
      return addWritten(state, change, undo);
    case 'isolation.require': {
      const isolated = change.scopes.find((scope) => state.isolations.has(scope));
      return isolated === undefined ? undefined : refusals.isolated(isolated);
    }
    case 'isolation.set': {
      const { scope, reason, atMs } = change;
      return put(state.isolations, scope, change.isolated ? { scope, reason, atMs } : undefined, undo);
    }
    case 'pin.require':
      return state.pins.get(change.tool)?.pin === change.pin ? undefined : refusals.toolDrifted(change.tool);
    case 'bundle.require':
      return state.activeBundle?.bundle === change.bundle ? undefined : refusals.bundleChanged();
    case 'bundle.activate': {
      const previous = state.activeBundle;
      const { bundle, atMs } = change;
      const content = state.bundles.get(bundle) ?? jsonCopy(change.content);
      put(state.bundles, bundle, content, undo);
      state.activeBundle = { bundle, content, atMs, by };
      undo.push(() => {
        state.activeBundle = previous;
      });
      return undefined;
    }
    case 'intent.open': {
      const { callId, tenant, runId, atMs } = change;
      if (state.intents.has(callId)) return refusals.intentExists(callId);
      return put(state.intents, callId, { callId, tenant, runId, atMs, openedBy: by }, undo);
    }
    case 'intent.close': {
      const intent = state.intents.get(change.callId);
      if (intent === undefined || intent.ran !== undefined) return refusals.intentNotOpen(change.callId);
      return put(state.intents, change.callId, { ...intent, ran: change.ran }, undo);
    }
    case 'approval.open':
      return openApproval(state, change, undo);
    case 'approval.answer':
      return answerApproval(state, change, undo);
    case 'approval.expire':
      return expireApprovals(state, change, undo);
    case 'approval.consume':
      return consumeApproval(state, change, undo);
    case 'pin.set': {
      const { tool, pin, descriptor, atMs, ifAbsent } = change;
      const known = state.pins.get(tool);
      if (ifAbsent && known !== undefined) return known.pin === pin ? undefined : refusals.pinExists(tool);
      return put(state.pins, tool, { tool, pin, descriptor: jsonCopy(descriptor), atMs }, undo);
    }
    default:
      return unreachable(change);
  }
}

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { readonly kind: Kind }>;

function addWritten(state: MemoryState, change: ChangeOf<'written.add'>, undo: Undo): undefined {
  const { tenant } = change;
  for (const object of change.objects) {
    const key = JSON.stringify([tenant, object]);
    if (!state.written.has(key)) put(state.written, key, { tenant, object, seq: state.written.size + 1 }, undo);
  }
}

function requireRun(state: MemoryState, change: ChangeOf<'run.require'>): undefined | StoreRefusal {
  const run = state.runs.get(change.runId);
  if (run?.principal.tenant !== change.tenant || run.principal.agent !== change.agent) {
    return refusals.runUnknown(change.runId);
  }
  if (run.endedAtMs !== undefined) return refusals.runEnded(run.id);
  if (change.nowMs >= run.expiresAtMs) return refusals.runExpired(run.id);
  const covered = change.label === undefined || coversLabel(change.label, run.label);
  return covered ? undefined : refusals.labelRaised(run.id);
}

function openApproval(state: MemoryState, change: ChangeOf<'approval.open'>, undo: Undo): undefined | StoreRefusal {
  const { approval, maxPendingPerRun } = change;
  if (state.approvals.has(approval.id)) return refusals.approvalExists(approval.id);
  let pending = 0;
  for (const other of state.approvals.values()) {
    if (other.runId === approval.runId && other.state === 'pending' && other.expiresAtMs > approval.askedAtMs)
      pending++;
  }
  if (pending >= maxPendingPerRun) return refusals.approvalsPending(approval.runId, maxPendingPerRun);
  return put(state.approvals, approval.id, jsonCopy(approval), undo);
}

function answerApproval(state: MemoryState, change: ChangeOf<'approval.answer'>, undo: Undo): undefined | StoreRefusal {
  const approval = state.approvals.get(change.approvalId);
  if (approval?.tenant !== change.tenant || approval.state !== 'pending') {
    return refusals.approvalNotPending(change.approvalId);
  }
  if (change.nowMs >= approval.expiresAtMs) return refusals.approvalExpired(approval.id);
  const answer = { answeredBy: change.by, answeredAtMs: change.nowMs };
  return put(
    state.approvals,
    approval.id,
    { ...approval, ...answer, state: change.approve ? 'approved' : 'denied' },
    undo,
  );
}

function expireApprovals(state: MemoryState, change: ChangeOf<'approval.expire'>, undo: Undo): undefined {
  for (const approval of [...state.approvals.values()]) {
    if (approval.tenant !== change.tenant || approval.state !== 'pending') continue;
    if (change.nowMs >= approval.expiresAtMs)
      put(state.approvals, approval.id, { ...approval, state: 'expired' }, undo);
  }
}

function consumeApproval(
  state: MemoryState,
  change: ChangeOf<'approval.consume'>,
  undo: Undo,
): undefined | StoreRefusal {
  const approval = state.approvals.get(change.approvalId);
  if (
    approval?.tenant !== change.tenant ||
    approval.agent !== change.agent ||
    approval.runId !== change.runId ||
    approval.nonce !== change.nonce ||
    approval.state !== 'approved'
  ) {
    return refusals.approvalUsed(change.approvalId);
  }
  if (change.nowMs >= approval.expiresAtMs) return refusals.approvalExpired(approval.id);
  if (approval.callDigest !== change.callDigest) return refusals.approvalArgumentsChanged(approval.id);
  return put(state.approvals, approval.id, { ...approval, state: 'consumed' }, undo);
}

/** Sets a key, or removes it for undefined, and remembers what was there. */
function put<Key extends string, Value>(
  map: Map<Key, Value>,
  key: Key,
  value: Value | undefined,
  undo: Undo,
): undefined {
  const previous = map.get(key);
  const set = (to: Value | undefined) => {
    if (to === undefined) map.delete(key);
    else map.set(key, to);
  };
  set(value);
  undo.push(() => set(previous));
}

/** The event as the store keeps it: numbered and digested. */
function storeEvent(event: NewEvent, seq: number): StoredEvent {
  const numbered = { ...jsonCopy(event), seq };
  return { ...numbered, digest: digestEvent(numbered) };
}

/** What is left of a value once it has been JSON: nothing shared with the caller, and no negative zero. */
function jsonCopy<Json extends object>(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json; // JSON in, the same JSON out
}
