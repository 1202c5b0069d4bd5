import { newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { Approval } from '../model/approval.ts';
import type { NewEvent } from '../model/event.ts';
import { type IsolationScope, isWithin, printScope } from '../model/isolation.ts';
import type { CallUnderWay } from '../ports/isolation-changes.ts';
import type { Store } from '../ports/store.ts';
import type { World } from './world.ts';

type Base = Pick<World, 'store' | 'clock'>;

const SHOWN = 1_000; // what a store gives at once

/** A person, or what stands for one, as the record names them. */
export interface Actor {
  /** Whose record the change stands in. */
  readonly tenant: string;
  readonly person: string;
  /** How the person was present: `terminal`, `passkey`, `session`, `token`, `file`. */
  readonly presence: string;
}

/** What a stop of this scope meets. */
export interface StopPreview {
  /** Calls whose tools may be at work: nothing recalls them. At most 1,000 are listed. */
  readonly inFlight: readonly CallUnderWay[];
  /** Questions to people, and answers not used yet, that a stop denies; of the actor’s tenant, at most 2,000. */
  readonly approvals: readonly Approval[];
}

export interface StopReport extends StopPreview {
  readonly scope: string;
  readonly atMs: number;
  /** The epoch that a gateway has to have seen to have seen this. */
  readonly epoch: number;
}

/** What is under way in a scope now. Throws the store's `Fault`. */
export async function previewStop(
  { store }: { readonly store: Pick<Store, 'listOpenIntents' | 'listApprovals'> },
  scope: IsolationScope,
  tenant: string,
): Promise<StopPreview> {
  const [open, pending, approved] = await Promise.all([
    store.listOpenIntents(SHOWN),
    store.listApprovals(tenant, 'pending', SHOWN),
    store.listApprovals(tenant, 'approved', SHOWN),
  ]);
  return {
    inFlight: open.filter((call) => isWithin(call, scope)),
    approvals: [...pending, ...approved].filter((approval) => isWithin(approval, scope)),
  };
}

/**
 * Stops a scope. When this returns, no new call in it is granted through any gateway on the store: every intent requires
 * its scopes in the transaction that records it. What was asked of people within it is denied. Calls whose intent was
 * recorded before may be at work, and are reported. Throws the store's `Fault`; then nothing says that it is stopped.
 */
export async function stopScope(
  world: Base,
  scope: IsolationScope,
  stop: Actor & { readonly reason: string; readonly incident: boolean },
): Promise<StopReport> {
  const { reason, incident, person } = stop;
  const text = printScope(scope);
  const atMs = world.clock.nowMs();
  // Asked before, and not waited for: a stop is in force as soon as it can be.
  const held = previewStop(world, scope, stop.tenant).catch(() => undefined);
  await change(world, [
    { kind: 'isolation.set', scope: text, reason, by: person, incident, atMs },
    eventOf(world, stop, atMs, { scope: text, isolated: true, reason, incident }),
  ]);
  // By itself: a stop does not wait for a hundred thousand questions. None of them can be used meanwhile.
  await change(world, [{ kind: 'approval.cancel', scope: text, by: `stop:${person}`, nowMs: atMs }]);
  const [{ inFlight }, { epoch }] = await Promise.all([
    previewStop(world, scope, stop.tenant),
    world.store.readIsolationState(),
  ]);
  return { scope: text, atMs, epoch, inFlight, approvals: (await held)?.approvals ?? [] };
}

/**
 * Lets a scope back. Throws a `Fault`: E_NOT_ISOLATED, E_SECOND_PERSON where the person is one of those who stopped it,
 * E_INCIDENT_OPEN where an incident has no cause or no changed control, or the store's.
 */
export async function resumeScope(
  world: Base,
  scope: IsolationScope,
  resume: Actor & { readonly reason: string; readonly cause?: string; readonly control?: string },
): Promise<{ readonly scope: string; readonly epoch: number }> {
  const { person, reason, cause, control } = resume;
  const text = printScope(scope);
  const atMs = world.clock.nowMs();
  await change(world, [
    { kind: 'isolation.lift', scope: text, by: person, settled: isSaid(cause) && isSaid(control) },
    // What a stop that was cut short left pending is not answered by a resume.
    { kind: 'approval.cancel', scope: text, by: `stop:${person}`, nowMs: atMs },
    eventOf(world, resume, atMs, {
      scope: text,
      isolated: false,
      reason,
      ...(isSaid(cause) ? { cause } : {}),
      ...(isSaid(control) ? { control } : {}),
    }),
  ]);
  const { epoch } = await world.store.readIsolationState();
  return { scope: text, epoch };
}

function isSaid(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== '';
}

function eventOf({ clock }: Base, { tenant, person, presence }: Actor, atMs: number, body: NewEvent['body']) {
  return {
    kind: 'event.append' as const,
    event: {
      id: newId(clock, 'evt'),
      kind: 'isolation.changed' as const,
      tenant,
      atMs,
      body: { ...body, by: person, presence },
    },
  };
}

async function change(world: Base, changes: Parameters<World['store']['commit']>[0]): Promise<void> {
  const result = await world.store.commit(changes);
  if (!result.ok) throw new Fault(result.code, result.message);
}
