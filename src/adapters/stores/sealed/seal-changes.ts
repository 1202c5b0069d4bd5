import type { Clock } from '../../../base/clock.ts';
import { canonicalJson, type JsonObject } from '../../../base/json.ts';
import type { Change, NewRunKey } from '../../../ports/store.ts';
import type { HeldKey } from './key-ring.ts';

/** A change, with what has to be sealed of it as text, taken when it was handed over: its objects may change later. */
export interface TakenChange {
  readonly change: Change;
  readonly told: string;
}

/** The run to which what a change records belongs, with its tenant. Undefined where it records nothing of a run. */
export function runOf(change: Change): { readonly tenant: string; readonly runId: string } | undefined {
  switch (change.kind) {
    case 'event.append': {
      const { tenant, runId } = change.event;
      return runId === undefined ? undefined : { tenant, runId };
    }
    case 'approval.open':
      return change.approval;
    default:
      return undefined;
  }
}

/**
 * Takes what has to be sealed: what may name a person, or holds somebody's words. The rest stays readable, since the store
 * decides by it. Throws a `Bug` where it is not JSON.
 */
export function takeChange(change: Change): TakenChange {
  switch (change.kind) {
    case 'event.append':
      return { change: { ...change, event: { ...change.event } }, told: canonicalJson(change.event.body) };
    case 'approval.open': {
      const { arguments: args, input, reasons, facts } = change.approval;
      const told = canonicalJson(toJson({ arguments: args, input, reasons, facts }));
      return { change: { ...change, approval: { ...change.approval } }, told };
    }
    case 'run.open': {
      const { principal, task, prompt, confidential } = change.run;
      const told = canonicalJson(toJson({ onBehalfOf: principal.onBehalfOf, task, prompt, confidential }));
      return { change: { ...change, run: { ...change.run } }, told };
    }
    default:
      return { change, told: '' };
  }
}

/** How a change is sealed. */
export interface Sealing {
  readonly clock: Clock;
  /** Whether the store seals events itself. */
  readonly seals: boolean;
}

/** The change with what it says sealed. Of a run that was erased there is nothing left to say but that it happened. */
export function sealChange({ change, told }: TakenChange, held: HeldKey | 'erased', { clock, seals }: Sealing): Change {
  switch (change.kind) {
    case 'event.append': {
      const { event } = change;
      if (held === 'erased') return { ...change, event: { ...event, body: { erased: true } } };
      const { key, user } = held;
      const named = user === undefined ? event : { ...event, user };
      if (seals) return { ...change, event: { ...named, body: {} }, seal: { told, key } };
      return { ...change, event: { ...named, body: key.seal(event.id, told, clock) } };
    }
    case 'approval.open': {
      const { arguments: _args, input: _input, reasons: _reasons, facts: _facts, ...rest } = change.approval;
      const approval = { ...rest, arguments: {}, reasons: [] };
      if (held === 'erased') return { ...change, approval };
      return { ...change, approval: { ...approval, sealed: held.key.seal(approval.id, told, clock) } };
    }
    default:
      return change;
  }
}

export function sealRun({ change, told }: TakenChange, { key }: HeldKey, stored: NewRunKey, clock: Clock): Change {
  if (change.kind !== 'run.open') return change;
  const { principal, confidential: _, ...rest } = change.run;
  const { onBehalfOf: _user, ...who } = principal;
  const sealed = key.seal(rest.id, told, clock);
  return { kind: 'run.open', run: { ...rest, principal: who, task: '', prompt: [], sealed }, key: stored };
}

/** What was taken, for a run that has no key. */
export function leaveOpen({ change, told }: TakenChange): Change {
  if (change.kind !== 'event.append') return change;
  return { ...change, event: { ...change.event, body: JSON.parse(told) as JsonObject } }; // as it was taken
}

/** What is left of an object once it has been JSON: no members that are undefined. */
function toJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
