import { readdir } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeLock } from '../../../src/adapters/stores/sqlite/file-lock.ts';
import { listInstances } from '../../../src/adapters/stores/sqlite/list-instances.ts';
import { migrate } from '../../../src/adapters/stores/sqlite/migrate.ts';
import { migrations } from '../../../src/adapters/stores/sqlite/migrations.ts';
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { verifyEvents } from '../../../src/adapters/stores/sqlite/verify-events.ts';
import type { CommitResult } from '../../../src/ports/store.ts';
import { startCommitter } from './committer.ts';
import { newFolder } from './new-folder.ts';
import {
  activateA,
  answer,
  append,
  bundleA,
  bundleB,
  closeIntent,
  consume,
  isolateAgent,
  liftAgent,
  openApproval,
  openBreaker,
  openIntent,
  openRun,
  tryBreaker,
} from './samples.ts';
import { type StoreProcess, startStoreProcess } from './start-store-process.ts';

const EACH = 2_000;

let folder: Awaited<ReturnType<typeof newFolder>>;
let path: string;
let processes: StoreProcess[];
beforeEach(async () => {
  folder = await newFolder();
  path = `${folder.path}/store.db`;
  processes = [];
});
afterEach(async () => {
  for (const each of processes) await each.kill();
  await folder.remove();
});

async function start(): Promise<StoreProcess> {
  const started = await startStoreProcess(path);
  processes.push(started);
  return started;
}

/** Started at the same time: they also make the file together. */
const startThree = () => Promise.all([start(), start(), start()]);

const codeOf = (result: CommitResult): string => (result.ok ? 'ok' : result.code);
const pidsOf = async () => (await listInstances({ path })).map(({ pid }) => pid);
const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

describe('sqlite, several processes', () => {
  it('that write at the same time number their events together, without a gap', async () => {
    const three = await startThree();
    const acknowledged = await Promise.all(three.map((each, i) => each.commitMany(EACH, [1, 8, 64][i] ?? 1)));
    for (const seqs of acknowledged) expect(seqs, 'in the order of handing over').toEqual(ascending(seqs));
    expect(ascending(acknowledged.flat())).toEqual(Array.from({ length: 3 * EACH }, (_, i) => i + 1));
    expect(await verifyEvents({ path })).toEqual({ checked: 3 * EACH, lastSeq: 3 * EACH });

    const db = new DatabaseSync(path, { readOnly: true });
    const ids = db.prepare('SELECT id FROM events ORDER BY seq').all();
    db.close();
    for (const [p, seqs] of acknowledged.entries()) {
      const pid = three[p]?.child.pid;
      expect(seqs.map((seq) => ids[seq - 1]?.['id'])).toEqual(seqs.map((_, i) => `${pid}_${i}`));
    }
  }, 120_000);

  it('see at once what one of them isolated, and what it resumed', async () => {
    const [one, other] = await startThree();
    const intend = (callId: string) =>
      other.commit({ kind: 'isolation.require', scopes: [isolateAgent.scope] }, { ...openIntent, callId });
    expect(codeOf(await intend('call_1'))).toBe('ok');
    await one.commit(isolateAgent);
    expect(codeOf(await intend('call_2'))).toBe('E_ISOLATED');
    expect(codeOf(await other.commit({ kind: 'isolation.require', scopes: ['all'] }))).toBe('ok');
    await one.commit(liftAgent);
    expect(codeOf(await intend('call_3'))).toBe('ok');
  });

  it('see at once which bundle one of them activated', async () => {
    const [one, other] = await startThree();
    const requireA = () => other.commit({ kind: 'bundle.require', bundle: bundleA }, append());
    expect(codeOf(await requireA())).toBe('E_BUNDLE_REPLACED');
    await one.commit(activateA);
    expect(codeOf(await requireA())).toBe('ok');
    await one.commit({ ...activateA, bundle: bundleB });
    expect(codeOf(await requireA())).toBe('E_BUNDLE_REPLACED');
    expect(codeOf(await other.commit({ kind: 'bundle.require', bundle: bundleB }))).toBe('ok');
  });

  it('see at once which breaker one of them opened, and let one of them try it', async () => {
    const [one, other, third] = await startThree();
    const requireClosed = () => other.commit({ kind: 'breaker.require', scopes: [openBreaker.scope] }, append());
    expect(codeOf(await requireClosed())).toBe('ok');
    await one.commit(openBreaker);
    expect(codeOf(await requireClosed())).toBe('E_BREAKER_OPEN');
    const tried = await Promise.all([one, other, third].map((each) => each.commit(tryBreaker, append())));
    expect(tried.map(codeOf).toSorted()).toEqual(['E_BUSY', 'E_BUSY', 'ok']);
    await third.commit({ ...tryBreaker, from: tryBreaker.to, to: undefined });
    expect(codeOf(await requireClosed())).toBe('ok');
  });

  it('spend an approval once', async () => {
    const three = await startThree();
    await three[0].commit(openRun, openApproval);
    expect(codeOf(await three[1].commit(answer))).toBe('ok');
    const spend = (each: StoreProcess, p: number) =>
      Array.from({ length: 20 }, (_, i) => each.commit(consume, { ...openIntent, callId: `call_${p}_${i}` }, append()));
    const results = await Promise.all(three.flatMap(spend));
    expect(results.map(codeOf).toSorted()).toEqual([...Array(59).fill('E_APPROVAL_USED'), 'ok']);
    expect((await verifyEvents({ path })).lastSeq).toBe(1);
  });

  it('open and close a call’s intent once', async () => {
    const three = await startThree();
    const opened = await Promise.all(three.map((each) => each.commit(openIntent)));
    expect(opened.map(codeOf).toSorted()).toEqual(['E_STORE_CORRUPT', 'E_STORE_CORRUPT', 'ok']);
    const closed = await Promise.all(three.map((each) => each.commit(closeIntent)));
    expect(closed.map(codeOf).toSorted()).toEqual(['E_STORE_CORRUPT', 'E_STORE_CORRUPT', 'ok']);
  });

  it('lose the intents of the one that is killed, and no others, and go on', async () => {
    const [one, killed, other] = await startThree();
    await one.commit({ ...openIntent, callId: 'of_one' });
    await killed.commit({ ...openIntent, callId: 'of_killed' }, { ...openIntent, callId: 'closed' });
    await killed.commit({ ...closeIntent, callId: 'closed' });
    expect(await one.listAbandonedIntents()).toEqual([]);
    const goingOn = other.commitMany(500, 8);
    await killed.kill();
    expect((await one.listAbandonedIntents()).map(({ callId }) => callId)).toEqual(['of_killed']);
    expect(codeOf(await one.commit({ ...closeIntent, callId: 'of_killed', ran: 'unknown' }))).toBe('ok');
    expect(await one.listAbandonedIntents()).toEqual([]);
    expect(ascending(await goingOn)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));

    await other.close();
    expect(await one.listAbandonedIntents(), 'of_one is alive').toEqual([]);
    const late = await start();
    expect(await late.listAbandonedIntents()).toEqual([]);
    await one.kill();
    expect((await late.listAbandonedIntents()).map(({ callId }) => callId)).toEqual(['of_one']);
  });

  it('are listed while they live, and leave nothing behind', async () => {
    expect(await pidsOf()).toEqual([]);
    const three = await startThree();
    expect(ascending(await pidsOf())).toEqual(ascending(three.map(({ child }) => child.pid ?? 0)));
    await three[0].kill();
    await three[1].close();
    expect(await pidsOf()).toEqual([three[2].child.pid]);
    const fourth = await start();
    expect(await pidsOf()).toEqual([three[2].child.pid, fourth.child.pid]);
    expect(await readdir(`${path}-instances`), 'the dead one was struck off').toHaveLength(2);
  });

  it('let each other write, however busy they are', async () => {
    const quiet = await start();
    const busy = [startCommitter(path), startCommitter(path)];
    try {
      await Promise.all(busy.map((each) => each.says('seqs')));
      const tookMs: number[] = [];
      for (let i = 0; i < 40; i++) {
        const startedMs = performance.now();
        expect(codeOf(await quiet.commit(append()))).toBe('ok');
        tookMs.push(performance.now() - startedMs);
      }
      const counts = busy.map((each) => each.acknowledged.length);
      await expect.poll(() => busy.every((each, i) => each.acknowledged.length > (counts[i] ?? 0))).toBe(true);
      expect(Math.max(...tookMs), `ms: ${ascending(tookMs).map(Math.round).join(' ')}`).toBeLessThan(3_000);
    } finally {
      for (const each of busy) {
        each.child.kill('SIGKILL');
        await each.ended;
      }
    }
    const { checked, problem, lastSeq } = await verifyEvents({ path });
    expect({ checked, problem }).toEqual({ checked: lastSeq, problem: undefined });
  }, 60_000);
});

describe('sqlite, another version', () => {
  it('that has the store for itself keeps this one out until it ends', async () => {
    const lock = takeLock(`${path}-lock`, 'exclusive');
    const refused = openSqliteStore({ path, timeoutMs: 200 });
    await expect(refused).rejects.toMatchObject({
      code: 'E_STORE',
      message: expect.stringContaining('another version of Chaperone has this store open'),
    });
    lock.close();
    const store = await openSqliteStore({ path });
    expect(() => takeLock(`${path}-lock`, 'exclusive'), 'and is kept out by this one').toThrow('locked');
    await store.close();
    takeLock(`${path}-lock`, 'exclusive').close();
  });

  it('that ended left its open intents abandoned', async () => {
    const db = new DatabaseSync(path);
    migrate(db, path, migrations.slice(0, 1));
    db.exec(`PRAGMA application_id = ${0x43686170};
      INSERT INTO intents (call_id, tenant, run_id, opened_at_ms) VALUES ('old', 'acme', 'run_1', 1)`);
    db.close();
    const store = await openSqliteStore({ path });
    await store.commit([openIntent]);
    expect((await store.listAbandonedIntents(10)).map(({ callId }) => callId)).toEqual(['old']);
    expect(await store.commit([{ ...closeIntent, callId: 'old' }])).toMatchObject({ ok: true });
    await store.close();
  });
});
