import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { openFileSwitch } from '../../src/adapters/switches/files/open-file-switch.ts';
import { IsolationWatch } from '../../src/app/isolation/isolation-watch.ts';
import { resume } from '../../src/app/isolation/stop.ts';
import { markOf } from '../../src/app/isolation/stop-mark.ts';
import { throwSwitch } from '../../src/app/isolation/switch-files.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { StoredEvent } from '../../src/model/event.ts';
import { manifestSchema } from '../../src/model/manifest.ts';
import type { Store } from '../../src/ports/store.ts';

/*
 * A stop that a file alone makes is recorded once, by whichever gateway sees it first, with how long it took to be in force;
 * and that does not depend on clocks that can be set.
 */

const TENANT = 'default';
const TEXT = 'agent:default/a';
const manifest = manifestSchema.parse({ version: 1 });
const scope = { kind: 'agent', tenant: TENANT, agent: 'a' } as const;

let data: string;
let stores: Store[];
let watches: IsolationWatch[];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'chaperone-law-'));
  stores = await Promise.all([0, 1].map(() => openSqliteStore({ path: join(data, 'store.db') })));
  watches = [];
});
afterEach(async () => {
  await Promise.all(watches.map((watch) => watch.close()));
  for (const store of stores) await store.close();
  await rm(data, { recursive: true, force: true });
});

const storeAt = (i: number): Store => {
  const store = stores[i];
  if (store === undefined) throw new Error('no store');
  return store;
};
async function watchOver(store: Store, clock: Clock = systemClock): Promise<IsolationWatch> {
  const stopSwitch = openFileSwitch(data);
  const watch = new IsolationWatch({ store, clock, data, tenant: TENANT, stopSwitch, notify: () => {} });
  watches.push(watch);
  await watch.start();
  return watch;
}
const throwIt = (incident = false) =>
  throwSwitch(data, systemClock, { scope: TEXT, reason: 'law', by: 'ana', incident });
const events = (kind: StoredEvent['kind']) => storeAt(0).readEvents({ tenant: TENANT, kinds: [kind], limit: 100 });
/** Once everything that was recorded has been measured. */
const measured = async () => {
  await Promise.all(watches.splice(0).map((watch) => watch.close()));
  return (await events('isolation.effective')).map(({ body }) => body);
};

/** Two stores of which, once it began, whoever first reads what is isolated waits for the other to have read it too. */
function newMeeting() {
  let begun = false;
  let asked = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    begin: () => {
      begun = true;
    },
    at: (store: Store): Store => ({
      ...store,
      async listIsolations() {
        const isolations = await store.listIsolations();
        if (!begun) return isolations;
        asked += 1;
        if (asked >= 2) resolve();
        await promise;
        return isolations;
      },
    }),
  };
}

describe('a stop that a file alone made', () => {
  it('is recorded and measured once, though two gateways see it at the same time', async () => {
    const meeting = newMeeting();
    await Promise.all(stores.map((store) => watchOver(meeting.at(store))));
    meeting.begin();
    throwIt();
    await Promise.all(watches.map((watch) => watch.look()));
    expect(await events('isolation.changed')).toHaveLength(1);
    expect(await measured()).toEqual([
      {
        scope: TEXT,
        epoch: 1,
        commitMs: expect.any(Number),
        fileMs: expect.any(Number),
        gateways: 2,
        seenMs: expect.any(Number),
        missing: [],
        inFlight: 0,
        leases: { returned: 0, standing: 0 },
      },
    ]);
  });

  it('took as long as the store did not answer, whatever became of the clock meanwhile', async () => {
    let passedMs = 0;
    let offMs = 0;
    const clock: Clock = {
      ...systemClock,
      nowMs: () => systemClock.nowMs() + offMs,
      monotonicMs: () => systemClock.monotonicMs() + passedMs,
    };
    let isFull = false;
    const store: Store = {
      ...storeAt(0),
      commit: (...args) => (isFull ? Promise.reject(new Error('the disk is full')) : storeAt(0).commit(...args)),
    };
    const watch = await watchOver(store, clock);
    isFull = true;
    throwIt();
    await watch.look();
    expect(await events('isolation.changed')).toEqual([]);
    passedMs = 5_000;
    offMs = -3_600_000;
    isFull = false;
    await watch.look();
    const [effect, ...others] = await measured();
    expect(others).toEqual([]);
    expect(effect?.['commitMs']).toBeGreaterThanOrEqual(5_000);
    expect(effect, 'an hour before it was put there').not.toHaveProperty('fileMs');
  });

  it('that cannot be recorded keeps no other from being told', async () => {
    const store: Store = {
      ...storeAt(0),
      commit: (changes, options) =>
        changes.some(({ kind }) => kind === 'isolation.set')
          ? Promise.reject(new Error('not this one'))
          : storeAt(0).commit(changes, options),
    };
    const watch = await watchOver(store);
    const told: string[] = [];
    watch.onStopped((stopped) => void told.push(stopped.scope));
    throwIt();
    const other = { scope: 'run:run_1', reason: 'law', by: 'bo', incident: false, atMs: 1 };
    await storeAt(1).commit([{ kind: 'isolation.set', ...other }]);
    await watch.look();
    expect(told).toEqual(['run:run_1']);
  });

  it('counts from when the file was put there, not from the date it has', async () => {
    await utimes(throwIt(), 1, 1);
    await watchOver(storeAt(0));
    const [effect] = await measured();
    expect(effect?.['fileMs']).toBeGreaterThanOrEqual(0);
    expect(effect?.['fileMs'], 'no decades').toBeLessThan(86_400_000);
  });

  it('becomes an incident where a second file in the same name says that it is one', async () => {
    const watch = await watchOver(storeAt(0));
    throwIt();
    await watch.look();
    throwIt(true);
    await watch.look();
    await watch.look();
    expect(await storeAt(0).listIsolations()).toMatchObject([{ scope: TEXT, by: ['ana'], incident: true }]);
    expect(await measured()).toHaveLength(2);
  });

  it('is measured too where it is let back before a gateway had recorded it', async () => {
    throwIt();
    const stopSwitch = openFileSwitch(data);
    const base = { store: storeAt(0), clock: systemClock, data, stopSwitch, manifest: () => manifest };
    const seen = markOf(undefined, stopSwitch.list());
    await resume(base, scope, { tenant: TENANT, person: 'bo', presence: 'terminal', reason: 'looked', seen });
    const kinds = await storeAt(0).readEvents({ tenant: TENANT, limit: 10 });
    expect(kinds.map(({ kind, body }) => [kind, body['isolated']])).toEqual([
      ['isolation.changed', true],
      ['isolation.effective', undefined],
      ['isolation.changed', false],
    ]);
  });
});
