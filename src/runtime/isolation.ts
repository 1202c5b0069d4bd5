import { newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { Approval } from '../model/approval.ts';
import type { NewEvent } from '../model/event.ts';
import { type IsolationScope, isWithin, printScope } from '../model/isolation.ts';
import type { Run } from '../model/run.ts';
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
  /** Of its event. */
  readonly seq: number;
}

type Reads = Pick<Store, 'listOpenIntents' | 'listApprovals' | 'readRun'>;

/** What is under way in a scope now. Throws the store's `Fault`. */
export async function previewStop(
  { store }: { readonly store: Reads },
  scope: IsolationScope,
  tenant: string,
): Promise<StopPreview> {
  const [open, pending, approved] = await Promise.all([
    store.listOpenIntents(SHOWN),
    store.listApprovals(tenant, 'pending', SHOWN),
    store.listApprovals(tenant, 'approved', SHOWN),
  ]);
  const asked = [...pending, ...approved];
  const lineageOf = await readLineages(store, scope, [...open, ...asked]);
  const lies = (subject: CallUnderWay | Approval) =>
    isWithin({ ...subject, lineage: lineageOf.get(subject.runId) }, scope);
  return { inFlight: open.filter(lies), approvals: asked.filter(lies) };
}

/** What the runs were started from, where a scope can stop them by that. */
async function readLineages(
  store: Reads,
  { kind }: IsolationScope,
  of: readonly { readonly tenant: string; readonly runId: string }[],
): Promise<ReadonlyMap<string, Run['lineage']>> {
  if (kind !== 'run' && kind !== 'agent') return new Map();
  const tenants = new Map(of.map(({ tenant, runId }) => [runId, tenant]));
  const found = await Promise.all(
    [...tenants].map(async ([runId, tenant]) => [runId, (await store.readRun(tenant, runId))?.lineage] as const),
  );
  return new Map(found);
}

/**
 * Stops a scope. When this returns, no new call in it is granted through any gateway on the store: every intent requires
 * its scopes in the transaction that records it. What was asked of people within it is denied. Calls whose intent was
 * recorded before may be at work, and are reported. Throws the store's `Fault`; then nothing says that it is stopped.
 * With `ifAbsent`, E_BUSY where the person stops it already.
 */
export async function stopScope(
  world: Base,
  scope: IsolationScope,
  stop: Actor & { readonly reason: string; readonly incident: boolean; readonly ifAbsent?: true },
): Promise<StopReport> {
  const { reason, incident, person, ifAbsent } = stop;
  const text = printScope(scope);
  const atMs = world.clock.nowMs();
  // Asked before, and not waited for: a stop is in force as soon as it can be.
  const held = previewStop(world, scope, stop.tenant).catch(() => undefined);
  const [seq = 0] = await change(world, [
    { kind: 'isolation.set', scope: text, reason, by: person, incident, atMs, ...(ifAbsent ? { ifAbsent } : {}) },
    eventOf(world, stop, atMs, { scope: text, isolated: true, reason, incident }),
  ]);
  // By itself: a stop does not wait for a hundred thousand questions. None of them can be used meanwhile.
  const approvals = (await held)?.approvals ?? [];
  // What runs below a stopped one have asked is theirs by name only.
  const runs = new Set(approvals.filter((approval) => !isWithin(approval, scope)).map(({ runId }) => `run:${runId}`));
  const cancel = (each: string) => ({
    kind: 'approval.cancel' as const,
    scope: each,
    by: `stop:${person}`,
    nowMs: atMs,
  });
  await change(world, [cancel(text), ...[...runs].map(cancel)]);
  const [{ inFlight }, { epoch }] = await Promise.all([
    previewStop(world, scope, stop.tenant),
    world.store.readIsolationState(),
  ]);
  return { scope: text, atMs, epoch, seq, inFlight, approvals };
}

/**
 * Lets a scope back. Throws a `Fault`: E_NOT_ISOLATED, E_SECOND_PERSON where the person is one of those who stopped it, under
 * whatever name, E_INCIDENT_OPEN where an incident has no cause or no changed control, E_STOP_UNSEEN where it was stopped
 * once more, or the store's.
 */
export async function resumeScope(
  world: Base,
  scope: IsolationScope,
  resume: Actor & {
    readonly reason: string;
    readonly cause?: string;
    readonly control?: string;
    /** Other names of the same person. */
    readonly names?: readonly string[];
    /** The isolation's epoch, as they have seen it. */
    readonly seen: number;
  },
): Promise<{ readonly scope: string; readonly epoch: number }> {
  const { person, names = [], seen, reason, cause, control } = resume;
  const text = printScope(scope);
  const atMs = world.clock.nowMs();
  await change(world, [
    { kind: 'isolation.lift', scope: text, by: person, names, seen, settled: isSaid(cause) && isSaid(control) },
    // What a stop that was cut short left pending is not answered by a resume.
    { kind: 'approval.cancel', scope: text, by: `stop:${person}`, nowMs: atMs },
    eventOf(world, resume, atMs, {
      scope: text,
      isolated: false,
      reason,
      seen,
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

async function change(world: Base, changes: Parameters<World['store']['commit']>[0]): Promise<readonly number[]> {
  const result = await world.store.commit(changes);
  if (!result.ok) throw new Fault(result.code, result.message);
  return result.seqs;
}
