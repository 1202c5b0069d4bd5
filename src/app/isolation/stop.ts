import { rm } from 'node:fs/promises';
import { Fault, toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { type Isolation, type IsolationScope, printScope } from '../../model/isolation.ts';
import type { ThrownSwitch } from '../../ports/stop-switch.ts';
import { type Actor, resumeScope, type StopReport, stopScope } from '../../runtime/isolation.ts';
import { namesOfOnePerson } from '../../runtime/people/one-person.ts';
import { requirePresence } from '../../runtime/require-presence.ts';
import { type Effect, type LeasesEnded, recordEffect } from './record-effect.ts';
import { recordSwitches } from './record-switches.ts';
import { raiseSignal } from './signal.ts';
import type { StopBase } from './stop-base.ts';
import { markOf } from './stop-mark.ts';
import { throwSwitch, withdrawSwitches } from './switch-files.ts';

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
  const beganMs = base.clock.monotonicMs();
  const file = thrown ?? tryToThrow(base, scope, wanted);
  try {
    const report = await stopScope(base, scope, wanted);
    const told = await recordEffect(base, wanted.tenant, { scope, report, beganMs });
    // Not before: what could not be recorded names a file that is there.
    if (file !== undefined) await rm(file, { force: true });
    return { ...report, ...told };
  } catch (error) {
    if (file === undefined) throw error;
    const { code, message } = toFault(error, 'E_STORE', 'the store did not take it');
    throw new Fault(code, `${message}; \`${file}\` stops it all the same`, { cause: error });
  }
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
 * a file, that came since stays in force. Throws a `Fault`: E_RESUME_PRESENCE, E_NOT_ISOLATED, E_SECOND_PERSON,
 * E_INCIDENT_OPEN, E_STOP_UNSEEN, E_SWITCH_THROWN, or the store's.
 */
export async function resume(
  base: StopBase,
  scope: IsolationScope,
  { seen, ...wanted }: ResumeWish,
): Promise<{ readonly scope: string }> {
  requirePresence(base.manifest(), wanted.presence);
  const text = printScope(scope);
  const { store } = base;
  const thrown = base.stopSwitch.list();
  const switches = thrown.filter((one) => one.scope === text);
  const { epoch: before } = await store.readIsolationState();
  const known = (await store.listIsolations()).find((one) => one.scope === text);
  // A file alone is no record of who stopped what: it becomes one first, and then takes a second person as well.
  const stopSwitch = { ...base.stopSwitch, list: () => thrown }; // what is thrown from now on stays in force
  const all = Number.POSITIVE_INFINITY;
  let recorded = 0;
  for await (const taken of recordSwitches({ ...base, stopSwitch }, wanted.tenant, new Map(), all)) {
    await recordEffect(base, wanted.tenant, taken);
    recorded += 1;
  }
  const isolation = (await store.listIsolations()).find((one) => one.scope === text);
  if (isolation === undefined) throw new Fault('E_NOT_ISOLATED', `${text} is not isolated`);
  const names = await requireOther(base, isolation, wanted.person);
  const mark = markOf(isolation, switches);
  // Whoever saw the file has seen what it becomes in the record, where nothing else was stopped meanwhile.
  const { epoch: after } = await store.readIsolationState();
  const isOnlyRecorded = after === before + recorded && seen === markOf(known, switches);
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
