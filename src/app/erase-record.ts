import { type Clock, newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import type { EventKind } from '../model/event.ts';
import type { Store, StoredRunKey } from '../ports/store.ts';

export interface Erasure {
  readonly tenant: string;
  readonly runIds: readonly string[];
  /** Who asked for it. */
  readonly by: string;
  readonly reason: string;
}

const DAY_MS = 86_400_000;
const PAGE = 500;

/**
 * Erases what was recorded of runs: their keys go, and with them everything that was sealed. The events stay, verify, and
 * read as erased. That it was done is an event itself. Of many runs, each is erased by itself: after a fault, those that
 * came before it are.
 *
 * @throws Fault E_RUN_UNKNOWN, E_STORE.
 */
export async function eraseRuns(store: Pick<Store, 'commit'>, clock: Clock, erasure: Erasure): Promise<void> {
  const { tenant, runIds, by, reason } = erasure;
  for (const runId of runIds) {
    const atMs = clock.nowMs();
    // Not an event of the run: it would be sealed with the key that is gone.
    const event = newEvent(clock, 'record.erased', tenant, { run: runId, by, reason });
    const result = await store.commit([
      { kind: 'run.erase', tenant, runId, atMs },
      { kind: 'event.append', event },
    ]);
    if (!result.ok) throw new Fault(result.code, result.message);
  }
}

/** The runs on behalf of a user that were not erased yet. */
export function listRunsOf(
  store: Pick<Store, 'listRuns'>,
  tenant: string,
  user: string,
): Promise<readonly StoredRunKey[]> {
  return listAll(store, { tenant, user });
}

/** Throws a `Fault` E_RETENTION where one of the runs is not as old as the floor says, in days. */
export function requireFloor(runs: readonly StoredRunKey[], floorDays: number, clock: Clock): void {
  const youngest = clock.nowMs() - floorDays * DAY_MS;
  const held = runs.filter((run) => floorDays > 0 && run.expiresAtMs > youngest);
  if (held.length === 0) return;
  throw new Fault('E_RETENTION', `${held.length} of ${runs.length} runs are to be kept for ${floorDays} days`);
}

export interface Purge {
  readonly tenant: string;
  readonly days: number;
  readonly floorDays: number;
  readonly by: string;
}

/**
 * Erases every run that is older than so many days, counted from its expiry. Answers with how many.
 *
 * @throws Fault E_RETENTION where that is less than the floor; E_STORE.
 */
export async function purgeRuns(
  store: Pick<Store, 'commit' | 'listRuns'>,
  clock: Clock,
  { tenant, days, floorDays, by }: Purge,
): Promise<number> {
  if (days < floorDays)
    throw new Fault('E_RETENTION', `${days} days are less than the ${floorDays} that have to be kept`);
  const runs = await listAll(store, { tenant, expiredByMs: clock.nowMs() - days * DAY_MS });
  if (runs.length === 0) return 0;
  const runIds = runs.map(({ runId }) => runId);
  await eraseRuns(store, clock, { tenant, runIds, by, reason: `older than ${days} days` });
  const event = newEvent(clock, 'record.purged', tenant, { days, floorDays, runs: runs.length, by });
  const result = await store.commit([{ kind: 'event.append', event }]);
  if (!result.ok) throw new Fault(result.code, result.message);
  return runs.length;
}

async function listAll(
  store: Pick<Store, 'listRuns'>,
  query: { readonly tenant: string; readonly user?: string; readonly expiredByMs?: number },
): Promise<readonly StoredRunKey[]> {
  const all: StoredRunKey[] = [];
  for (;;) {
    const last = all.at(-1);
    const page = await store.listRuns({ ...query, limit: PAGE, ...(last === undefined ? {} : { after: last.runId }) });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

function newEvent(clock: Clock, kind: EventKind, tenant: string, body: JsonObject) {
  return { id: newId(clock, 'evt'), kind, tenant, atMs: clock.nowMs(), body };
}
