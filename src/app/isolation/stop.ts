import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Clock, newId } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { type Isolation, type IsolationScope, isWithin, parseScope, printScope } from '../../model/isolation.ts';
import type { StopSwitch, ThrownSwitch } from '../../ports/stop-switch.ts';
import type { Store } from '../../ports/store.ts';
import { type Actor, resumeScope, type StopReport, stopScope } from '../../runtime/isolation.ts';
import { namesOfOnePerson, type WhoIsWho } from '../../runtime/people/one-person.ts';
import { raiseSignal } from './signal.ts';
import { markOf } from './stop-mark.ts';
import { throwSwitch, withdrawSwitches } from './switch-files.ts';

const LOOK_MS = 5;

/** What a stop stands on: the store, and the data folder that the gateways share. */
export interface StopBase {
  readonly store: Store;
  readonly clock: Clock;
  readonly data: string;
  readonly stopSwitch: StopSwitch;
  /** As much of the configuration in force as people are told apart by. */
  manifest(): WhoIsWho['manifest'];
}

/** How long a stop took to be in force, and to be seen. */
export interface Effect {
  /** Until the commit that put it into force had returned. */
  readonly commitMs: number;
  /** Gateways that live on the data folder. */
  readonly gateways: number;
  /** From the commit until the last of them had seen it and acted on it. Absent: there is none, or not all did. */
  readonly seenMs?: number;
  /** Processes that had not seen it in time. They grant nothing either: the store refuses their intents. */
  readonly missing: readonly number[];
}

/** What became of credentials that were leased within a scope, as far as it is recorded by now. */
export interface LeasesEnded {
  /** Taken back by whoever issued them. */
  readonly returned: number;
  /** Not taken back: good until they expire, or until it is tried again. */
  readonly standing: number;
}

export interface Stopped extends StopReport {
  readonly leases: LeasesEnded;
  readonly effect: Effect;
}

/**
 * Stops a scope, tells the gateways, and records how long it took until all had seen it. A file comes first: every gateway
 * looks at it before each call, so that the scope is stopped before the store's turn has come. It is taken away once the
 * store has all of it. Throws the store's `Fault`; the file stays then, and is recorded when the store is back.
 *
 * @param thrown the file, where the caller has thrown the switch already
 */
export async function stop(
  base: StopBase,
  scope: IsolationScope,
  wanted: Actor & { readonly reason: string; readonly incident: boolean },
  thrown?: string,
): Promise<Stopped> {
  const began = base.clock.monotonicMs();
  const file = thrown ?? tryToThrow(base, scope, wanted);
  try {
    const report = await stopScope(base, scope, wanted);
    const told = await tellAndRecord(base, scope, wanted.tenant, report, began);
    // Not before: what could not be recorded names a file that is there.
    if (file !== undefined) await rm(file, { force: true });
    return { ...report, ...told };
  } catch (error) {
    if (file === undefined) throw error;
    const { code, message } = toFault(error, 'E_STORE', 'the store did not take it');
    throw new Fault(code, `${message}; \`${file}\` stops it all the same`, { cause: error });
  }
}

/** Tells the gateways of a stop, and records how long it took until they had seen it. */
async function tellAndRecord(
  base: StopBase,
  scope: IsolationScope,
  tenant: string,
  report: StopReport,
  began: number,
): Promise<Pick<Stopped, 'effect' | 'leases'>> {
  const { store, clock } = base;
  const commitMs = clock.monotonicMs() - began;
  const committedAtMs = clock.nowMs();
  await raiseSignal(base.data, report.epoch).catch(() => {}); // then they look by themselves, a second later
  const effect = { commitMs, ...(await waitUntilSeen(base, report.epoch, committedAtMs)) };
  const leases = await readLeases(base, scope, tenant, report.seq);
  await store.commit([
    {
      kind: 'event.append',
      event: {
        id: newId(clock, 'evt'),
        kind: 'isolation.effective',
        tenant,
        atMs: clock.nowMs(),
        body: {
          scope: report.scope,
          epoch: report.epoch,
          commitMs: Math.round(commitMs * 1_000) / 1_000,
          gateways: effect.gateways,
          ...(effect.seenMs === undefined ? {} : { seenMs: effect.seenMs }),
          missing: [...effect.missing],
          inFlight: report.inFlight.length,
          leases: { ...leases },
        },
      },
    },
  ]);
  return { effect, leases };
}

/** What the gateways have recorded of leases in the scope since it was stopped, in the tenant's record. */
async function readLeases(
  { store }: StopBase,
  scope: IsolationScope,
  tenant: string,
  afterSeq: number,
): Promise<LeasesEnded> {
  const events = await store.readEvents({ tenant, kinds: ['credential.revoked'], afterSeq, limit: 1_000 });
  const lineageOf = new Map(
    await Promise.all(
      events.map(async ({ runId }) => {
        const run = runId === undefined ? undefined : await store.readRun(tenant, runId);
        return [runId, run?.lineage] as const;
      }),
    ),
  );
  const ended = events.filter((event) => isWithin({ ...event, lineage: lineageOf.get(event.runId) }, scope));
  const returned = ended.filter(({ body }) => body['revoked'] === 'yes').length;
  return { returned, standing: ended.length - returned };
}

/** The file of the switch, where it can be written. Where not, the store decides alone. */
function tryToThrow({ data, clock }: StopBase, scope: IsolationScope, wanted: Parameters<typeof switchFor>[1]) {
  try {
    return throwSwitch(data, clock, { ...switchFor(scope, wanted), recordAtMs: clock.nowMs() + limits.stopRecordMs });
  } catch {
    return undefined;
  }
}

/** What a file says that stops a scope. */
export function switchFor(
  scope: IsolationScope,
  { reason, person, incident }: Actor & { readonly reason: string; readonly incident: boolean },
): Omit<ThrownSwitch, 'place' | 'broken'> {
  return { scope: printScope(scope), reason, by: person, incident };
}

/** Who lets something back, and why. */
export interface ResumeWish extends Actor {
  readonly reason: string;
  /** What they have seen that stops it, as `markOf` says it. */
  readonly seen: string | undefined;
  readonly cause?: string;
  readonly control?: string;
}

/**
 * Lets a scope back: what the record stops, and the files that stop the same. Only what whoever does it has seen: a stop, or
 * a file, that came since stays in force. Throws a `Fault`: E_NOT_ISOLATED, E_SECOND_PERSON, E_INCIDENT_OPEN, E_STOP_UNSEEN,
 * E_SWITCH_THROWN, or the store's.
 */
export async function resume(
  base: StopBase,
  scope: IsolationScope,
  { seen, ...wanted }: ResumeWish,
): Promise<{ readonly scope: string }> {
  const text = printScope(scope);
  const { store } = base;
  const thrown = base.stopSwitch.list();
  const switches = thrown.filter((one) => one.scope === text);
  const { epoch: before } = await store.readIsolationState();
  const known = (await store.listIsolations()).find((one) => one.scope === text);
  // A file alone is no record of who stopped what: it becomes one first, and then takes a second person as well.
  const stopSwitch = { ...base.stopSwitch, list: () => thrown }; // what is thrown from now on stays in force
  const recorded = await recordSwitches({ ...base, stopSwitch }, wanted.tenant, Number.POSITIVE_INFINITY);
  const isolation = (await store.listIsolations()).find((one) => one.scope === text);
  if (isolation === undefined) throw new Fault('E_NOT_ISOLATED', `${text} is not isolated`);
  const names = await requireOther(base, isolation, wanted.person);
  const mark = markOf(isolation, switches);
  // Whoever saw the file has seen what it becomes in the record, where nothing else was stopped meanwhile.
  const { epoch: after } = await store.readIsolationState();
  const isOnlyRecorded = after === before + recorded.length && seen === markOf(known, switches);
  if (seen !== mark && !isOnlyRecorded) throw new Fault('E_STOP_UNSEEN', sayUnseen(isolation, seen, mark));
  const withdrawn = await withdrawSwitches(switches);
  try {
    const { epoch } = await resumeScope(base, scope, { ...wanted, names, seen: isolation.epoch });
    await withdrawn.done();
    await raiseSignal(base.data, epoch).catch(() => {});
    return { scope: text };
  } catch (error) {
    await withdrawn.putBack();
    throw error;
  }
}

/** The names that may be the same person's. Throws a `Fault` E_SECOND_PERSON where one of those who stopped it may be too. */
async function requireOther({ store, clock, manifest }: StopBase, { scope, by }: Isolation, person: string) {
  const who = { store, clock, manifest: manifest() };
  const names = await namesOfOnePerson(who, person);
  for (const stopper of by) {
    const theirs = await namesOfOnePerson(who, stopper);
    if (theirs.some((name) => names.includes(name)))
      throw new Fault(
        'E_SECOND_PERSON',
        `\`${person}\` may be \`${stopper}\`, who stopped ${scope}: by name, by an alias, or by an account that one of them made or reset lately`,
      );
  }
  return names;
}

function sayUnseen({ scope, by, reason, incident }: Isolation, seen: string | undefined, mark: string): string {
  const why = seen === undefined ? 'say which stops you have seen' : 'other stops than those you have seen';
  return `${why}: ${scope} is stopped by ${by.join(', ')}${incident ? ', for an incident' : ''} (${reason}); that is \`${mark}\``;
}

/**
 * Puts into the record what files stop and the record does not, except what whoever threw the switch records by itself.
 * Returns what is new. Throws the store's `Fault`.
 */
export async function recordSwitches(
  base: Pick<StopBase, 'store' | 'clock' | 'stopSwitch'>,
  tenant: string,
  nowMs = base.clock.nowMs(),
): Promise<readonly StopReport[]> {
  // A time further away than a stop takes is nobody's who is at it.
  const isLeft = ({ recordAtMs = 0 }: ThrownSwitch) => recordAtMs > nowMs && recordAtMs <= nowMs + limits.stopRecordMs;
  const thrown = base.stopSwitch.list().filter((one) => !isLeft(one));
  if (thrown.length === 0) return [];
  const known = new Map((await base.store.listIsolations()).map((isolation) => [isolation.scope, isolation]));
  const recorded: StopReport[] = [];
  for (const { scope: text, reason, by, incident, broken } of thrown) {
    const isolation = known.get(text);
    if (isolation?.by.includes(by)) continue;
    const scope = parseScope(text);
    if (scope === undefined) continue; // a switch names a scope, or is one of everything
    const said = broken === undefined ? reason : `${reason}: ${broken}`;
    recorded.push(await stopScope(base, scope, { tenant, person: by, presence: 'file', reason: said, incident }));
  }
  return recorded;
}

async function waitUntilSeen(
  { store, clock }: StopBase,
  epoch: number,
  committedAtMs: number,
): Promise<Omit<Effect, 'commitMs'>> {
  const until = clock.monotonicMs() + limits.stopSeenMs;
  for (;;) {
    const { seen } = await store.readIsolationState();
    const missing = seen.filter((gateway) => gateway.epoch < epoch).map(({ pid }) => pid);
    if (missing.length > 0 && clock.monotonicMs() < until) {
      await pause(LOOK_MS);
      continue;
    }
    const last = Math.max(committedAtMs, ...seen.map(({ atMs }) => atMs));
    const isSeen = seen.length > 0 && missing.length === 0;
    return { gateways: seen.length, missing, ...(isSeen ? { seenMs: last - committedAtMs } : {}) };
  }
}
