import { unreachable } from '../../../base/assert.ts';
import { printBreaker } from '../../../model/breaker.ts';
import { digestEvent, type NewEvent, type StoredEvent } from '../../../model/event.ts';
import { coversLabel, joinLabels } from '../../../model/label.ts';
import { giveToMeter, type MeterSlots, takeFromMeter } from '../../../model/meter.ts';
import { hideWritten } from '../../../model/written.ts';
import type { Change } from '../../../ports/store.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import { answerApproval, consumeApproval, expireApprovals, openApproval } from './apply-approval.ts';
import { changeNotice } from './apply-notice.ts';
import { applySink } from './apply-sink.ts';
import { cancelApprovals } from './cancel-approvals.ts';
import { changeBreaker } from './change-breaker.ts';
import { changeIsolation } from './change-isolation.ts';
import { changePeople } from './change-people.ts';
import type { Instance, MemoryState } from './memory-state.ts';
import { jsonCopy, put, type Undo } from './put.ts';

/**
 * Makes one change for the store `by`, and says how to take it back. Returns the sequence number of an appended event,
 * what was taken from meters, undefined for any other change, or the refusal when the change's condition does not hold;
 * then nothing was changed.
 */
export function applyChange(
  state: MemoryState,
  by: Instance,
  change: Change,
  undo: Undo,
): number | readonly number[] | undefined | StoreRefusal {
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
      put(state.breakers, printBreaker('run', change.tenant, run.id), undefined, undo);
      return run.endedAtMs === undefined
        ? put(state.runs, run.id, { ...run, endedAtMs: change.atMs }, undo)
        : undefined;
    }
    case 'run.erase': {
      const run = state.runs.get(change.runId);
      if (run?.principal.tenant !== change.tenant) return refusals.runUnknown(change.runId);
      put(state.breakers, printBreaker('run', change.tenant, run.id), undefined, undo);
      for (const [key, written] of [...state.written]) {
        if (written.tenant !== change.tenant || written.runId !== run.id) continue;
        const object = hideWritten(change.tenant, written.object);
        put(state.written, key, undefined, undo);
        put(state.written, JSON.stringify([change.tenant, object]), { ...written, object }, undo);
      }
      const { user, erasedAtMs = change.atMs } = state.runKeys.get(run.id) ?? {};
      put(state.runs, run.id, { ...run, endedAtMs: run.endedAtMs ?? change.atMs }, undo);
      return put(state.runKeys, run.id, { ...(user === undefined ? {} : { user }), erasedAtMs }, undo);
    }
    case 'run.pause': {
      const run = state.runs.get(change.runId);
      if (run?.principal.tenant !== change.tenant) return refusals.runUnknown(change.runId);
      return put(state.runs, run.id, { pausedFor: change.reason, ...run }, undo);
    }
    case 'run.resume': {
      const run = state.runs.get(change.runId);
      if (run?.principal.tenant !== change.tenant) return refusals.runUnknown(change.runId);
      const { pausedFor: _, ...resumed } = run;
      return put(state.runs, run.id, resumed, undo);
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
    case 'isolation.require':
    case 'isolation.set':
    case 'isolation.lift':
    case 'isolation.seen':
      return changeIsolation(state, by, change, undo);
    case 'breaker.require':
    case 'breaker.turn':
    case 'breaker.forget':
      return changeBreaker(state, change, undo);
    case 'person.put':
    case 'session.open':
    case 'session.use':
    case 'session.end':
    case 'key.add':
    case 'key.revoke':
    case 'sign-in.attempt':
    case 'sign-in.clear':
    case 'ticket.spend':
      return changePeople(state, change, undo);
    case 'pin.require':
      return state.pins.get(change.tool)?.pin === change.pin ? undefined : refusals.toolDrifted(change.tool);
    case 'bundle.require':
      return state.activeBundle?.bundle === change.bundle ? undefined : refusals.bundleChanged();
    case 'content.keep': {
      const { digest, content } = change;
      return put(state.contents, digest, state.contents.get(digest) ?? jsonCopy(content), undo);
    }
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
    case 'budget.take':
      return takeFromMeters(state, change, undo);
    case 'budget.give':
      for (const give of change.gives) {
        put(state.meters, give.meter, giveToMeter(state.meters.get(give.meter) ?? [], give), undo);
      }
      return undefined;
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
    case 'approval.cancel':
      return cancelApprovals(state, change, undo);
    case 'approval.expire':
      return expireApprovals(state, change, undo);
    case 'approval.consume':
      return consumeApproval(state, change, undo);
    case 'duty.delegate': {
      const { tenant, from, to } = change.delegation;
      return put(state.delegations, JSON.stringify([tenant, from, to]), jsonCopy(change.delegation), undo);
    }
    case 'tiers.review':
      return put(state.tierReviews, change.review.tenant, jsonCopy(change.review), undo);
    case 'notice.add':
    case 'notice.claim':
    case 'notice.close':
      return changeNotice(state, change, undo);
    case 'pin.set': {
      const { tool, pin, descriptor, atMs, ifAbsent } = change;
      const known = state.pins.get(tool);
      if (ifAbsent && known !== undefined) return known.pin === pin ? undefined : refusals.pinExists(tool);
      return put(state.pins, tool, { tool, pin, descriptor: jsonCopy(descriptor), atMs }, undo);
    }
    case 'sink.open':
    case 'sink.advance':
    case 'sink.putAside':
    case 'sink.takeUp':
      return applySink(state, change, undo);
    default:
      return unreachable(change);
  }
}

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { readonly kind: Kind }>;

function addWritten(state: MemoryState, change: ChangeOf<'written.add'>, undo: Undo): undefined {
  const { tenant } = change;
  for (const object of change.objects) {
    const key = JSON.stringify([tenant, object]);
    const { runId } = change;
    if (state.written.has(key)) continue;
    state.writtenSeq += 1;
    put(state.written, key, { tenant, object, runId, seq: state.writtenSeq }, undo);
  }
}

function requireRun(state: MemoryState, change: ChangeOf<'run.require'>): undefined | StoreRefusal {
  const run = state.runs.get(change.runId);
  if (run?.principal.tenant !== change.tenant || run.principal.agent !== change.agent) {
    return refusals.runUnknown(change.runId);
  }
  if (run.endedAtMs !== undefined) return refusals.runEnded(run.id);
  if (change.nowMs >= run.expiresAtMs) return refusals.runExpired(run.id);
  if (run.pausedFor !== undefined) return refusals.runPaused(run.id, run.pausedFor);
  const covered = change.label === undefined || coversLabel(change.label, run.label);
  return covered ? undefined : refusals.labelRaised(run.id);
}

function takeFromMeters(
  state: MemoryState,
  { takes, nowMs }: ChangeOf<'budget.take'>,
  undo: Undo,
): readonly number[] | StoreRefusal {
  const after = new Map<string, MeterSlots>();
  const taken: number[] = [];
  for (const take of takes) {
    const slots = after.get(take.meter) ?? state.meters.get(take.meter) ?? [];
    const answer = takeFromMeter(slots, take, nowMs);
    if (!answer.ok) return refusals.meterEmpty(take, answer);
    taken.push(answer.taken);
    after.set(take.meter, answer.slots);
  }
  for (const [meter, slots] of after) put(state.meters, meter, slots, undo);
  return taken;
}

/** The event as the store keeps it: numbered and digested. */
function storeEvent(event: NewEvent, seq: number): StoredEvent {
  const numbered = { ...jsonCopy(event), seq };
  return { ...numbered, digest: digestEvent(numbered) };
}
