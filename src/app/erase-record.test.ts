import { expect, it } from 'vitest';
import { openMemoryStore } from '../adapters/stores/memory/open-memory-store.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { leastLabel } from '../model/label.ts';
import { retentionFloor, retentionSchema } from '../model/retention.ts';
import type { Store } from '../ports/store.ts';
import { eraseRuns, listRunsOf, purgeRuns, requireFloor } from './erase-record.ts';

const DAY_MS = 86_400_000;
const NOW_MS = 1_000 * DAY_MS;
const clock: Clock = { ...systemClock, nowMs: () => NOW_MS };
const TENANT = 'acme';

/** Runs that expired so many days ago. */
async function storeWith(...ages: readonly number[]): Promise<Store> {
  const store = openMemoryStore();
  for (const [i, days] of ages.entries()) {
    const expiresAtMs = NOW_MS - days * DAY_MS;
    const run = {
      id: `run_${i}`,
      principal: { tenant: TENANT, agent: 'a' },
      task: '',
      prompt: [],
      attested: false,
      label: leastLabel,
      startedAtMs: 0,
      expiresAtMs,
    };
    await store.commit([{ kind: 'run.open', run, key: { wrapped: 'w', user: i % 2 === 0 ? 'even' : 'odd' } }]);
  }
  return store;
}

const left = async (store: Store) => (await store.listRuns({ tenant: TENANT, limit: 100 })).map(({ runId }) => runId);

it('purges what is older, to the day, and says so in the record', async () => {
  const store = await storeWith(500, 400, 399, 0);
  expect(await purgeRuns(store, clock, { tenant: TENANT, days: 400, floorDays: 366, by: 'ann' })).toBe(2);
  expect(await left(store)).toEqual(['run_2', 'run_3']);
  const events = await store.readEvents({ tenant: TENANT, limit: 10 });
  expect(events.map(({ kind }) => kind)).toEqual(['record.erased', 'record.erased', 'record.purged']);
  expect(events.at(-1)?.body).toEqual({ days: 400, floorDays: 366, runs: 2, by: 'ann' });
  expect(await purgeRuns(store, clock, { tenant: TENANT, days: 400, floorDays: 366, by: 'ann' })).toBe(0);
});

it('refuses a purge below the longest floor that applies', async () => {
  const store = await storeWith(500);
  const floor = (...regimes: string[]) => retentionFloor(retentionSchema.parse({ regimes }));
  expect([floor(), floor('cert-in'), floor('cert-in', 'eu-ai-act'), floor('dpdp', 'cert-in')]).toEqual([
    0, 180, 184, 366,
  ]);
  const purge = purgeRuns(store, clock, { tenant: TENANT, days: 365, floorDays: floor('dpdp', 'cert-in'), by: 'ann' });
  await expect(purge).rejects.toMatchObject({ code: 'E_RETENTION' });
  expect(await left(store)).toEqual(['run_0']);
});

it('finds a user’s runs, and holds those that a regime has kept', async () => {
  const store = await storeWith(500, 500, 10, 10);
  const runs = await listRunsOf(store, TENANT, 'even');
  expect(runs.map(({ runId }) => runId)).toEqual(['run_0', 'run_2']);
  expect(() => requireFloor(runs, 180, clock)).toThrow('1 of 2 runs');
  requireFloor(runs, 0, clock);
  requireFloor(runs.slice(0, 1), 180, clock);
});

it('goes on after a fault, and does nothing twice', async () => {
  const store = await storeWith(1, 1, 1);
  let commits = 0;
  const failing: Pick<Store, 'commit'> = {
    commit: (changes) => (++commits === 2 ? Promise.reject(new Error('cut')) : store.commit(changes)),
  };
  const erasure = { tenant: TENANT, runIds: ['run_0', 'run_1', 'run_2'], by: 'ann', reason: 'asked to' };
  await expect(eraseRuns(failing, clock, erasure)).rejects.toThrow('cut');
  expect(await left(store)).toEqual(['run_1', 'run_2']);
  await eraseRuns(store, clock, erasure);
  expect(await left(store)).toEqual([]);
});
