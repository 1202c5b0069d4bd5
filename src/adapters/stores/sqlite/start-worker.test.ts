import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import type { SealingKey } from '../../../ports/event-seal.ts';
import type { Change, Store } from '../../../ports/store.ts';
import { RUN_KEY_BYTES, RunKey } from '../run-key.ts';
import { openSqliteStore } from './open-sqlite-store.ts';

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-worker-'));
  store = await openSqliteStore({ path: join(folder, 'store.db') });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const good = new RunKey(systemClock.randomBytes(RUN_KEY_BYTES));
/** No cipher takes it. */
const short = new RunKey(systemClock.randomBytes(5));
const append = (id: string, key: SealingKey): Change => ({
  kind: 'event.append',
  event: { id, kind: 'call.refused', tenant: 't', runId: 'run_1', atMs: 1, body: {} },
  seal: { told: '{"words":"a"}', key },
});
const readIds = async () => (await store.readEvents({ tenant: 't', limit: 100 })).map(({ id }) => id);

describe('a commit that cannot be sealed', () => {
  it('is answered by itself, in its place, and takes no other with it', async () => {
    const settled = await Promise.allSettled([
      store.commit([append('evt_1', good)]),
      store.commit([append('evt_2', good), append('evt_3', short)]),
      store.commit([append('evt_4', good)]),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: { code: 'E_STORE' } });
    expect(await readIds(), 'nothing of it is written').toEqual(['evt_1', 'evt_4']);
    expect((await store.commit([append('evt_5', good)])).ok).toBe(true);
  });

  it('also on the calling thread', async () => {
    await expect(store.commit([append('evt_1', short)], { alone: true })).rejects.toMatchObject({ code: 'E_STORE' });
    expect((await store.commit([append('evt_2', good)], { alone: true })).ok).toBe(true);
    expect(await readIds()).toEqual(['evt_2']);
  });
});
