import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listInstances } from '../../../src/adapters/stores/sqlite/list-instances.ts';
import { openSqliteStore } from '../../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { verifyEvents } from '../../../src/adapters/stores/sqlite/verify-events.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Fault } from '../../../src/base/fault.ts';
import { limits } from '../../../src/base/limits.ts';
import type { Store } from '../../../src/ports/store.ts';
import { type Committer, startCommitter } from './committer.ts';
import { newFolder } from './new-folder.ts';
import { append, isolateAgent, openIntent, openRun, requireRun } from './samples.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

let folder: Awaited<ReturnType<typeof newFolder>>;
let path: string;
let stores: Store[];
let committers: Committer[];

beforeEach(async () => {
  folder = await newFolder();
  path = `${folder.path}/store.db`;
  stores = [];
  committers = [];
});
afterEach(async () => {
  for (const committer of committers) {
    committer.child.kill('SIGKILL');
    await committer.ended;
  }
  for (const store of stores) await store.close();
  await folder.remove();
});

async function open(options: { timeoutMs?: number; path?: string } = {}): Promise<Store> {
  const store = await openSqliteStore({ path, ...options });
  stores.push(store);
  return store;
}

function start(...args: Parameters<typeof startCommitter>): Committer {
  const committer = startCommitter(...args);
  committers.push(committer);
  return committer;
}

/** The fault something is rejected with. Fails when it is not rejected, or with anything else. */
async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const error = await promise.then(
    (value) => new Error(`not rejected: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Fault)) throw error;
  return error;
}

/** Works on the file behind the store's back. */
function tamper(sql: string): void {
  const db = new DatabaseSync(path);
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}

async function makeStore(): Promise<void> {
  const store = await openSqliteStore({ path });
  await store.commit([append(), append(), append()]);
  await store.close();
}

describe('erasing while somebody reads', () => {
  it('goes on with commits, and empties the write-ahead log once they are done', async () => {
    const store = await open();
    await store.commit([openRun, append()]);
    const reader = new DatabaseSync(path);
    try {
      reader.exec('BEGIN');
      reader.prepare('SELECT count(*) FROM events').get();
      await store.commit([{ kind: 'run.erase', tenant: 'acme', runId: 'run_1', atMs: 1 }]);
      // Several turns in which the log cannot be emptied: with a reader that is waited for, each would take seconds.
      for (let i = 0; i < 3; i++) {
        expect(await store.commit([append({ id: `evt_${i}x` })])).toMatchObject({ ok: true });
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
      expect((await stat(`${path}-wal`)).size).toBeGreaterThan(0);
      reader.exec('COMMIT');
      await expect.poll(async () => (await stat(`${path}-wal`)).size, { timeout: 30_000 }).toBe(0);
      expect(await store.readEvents({ tenant: 'acme', limit: 10 })).toHaveLength(4);
    } finally {
      reader.close();
    }
  });
});

describe('sqlite: a store opened twice in one process', () => {
  it('is one store, by any of its names', async () => {
    const store = await open();
    await symlink(path, `${folder.path}/other-name.db`);
    for (const [i, name] of [path, `${folder.path}/other-name.db`, `${folder.path}/./store.db`].entries()) {
      const other = await open({ path: name });
      expect(await other.commit([append()])).toEqual({ ok: true, seqs: [2 * i + 1] });
      expect(await store.commit([append()])).toEqual({ ok: true, seqs: [2 * i + 2] });
      await other.close();
      expect(await store.commit([requireRun]), 'closing one leaves the other').toMatchObject({ code: 'E_RUN_UNKNOWN' });
    }
    expect(await listInstances({ path })).toEqual([{ id: 1, pid: process.pid }]);
  });
});

describe('sqlite: a process that never closes its store', () => {
  it('waits for what it handed over, and then may end', async () => {
    const store = new URL('../../../src/adapters/stores/sqlite/open-sqlite-store.ts', import.meta.url);
    const samples = new URL('./samples.ts', import.meta.url);
    const program = `
      const { openSqliteStore } = await import('${store}');
      const { append } = await import('${samples}');
      const store = await openSqliteStore({ path: '${path}' });
      store.commit([append()]).then((result) => console.log(JSON.stringify(result)));`;
    const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      timeout: 15_000,
    });
    expect(JSON.parse(said)).toEqual({ ok: true, seqs: [1] });
    expect(await (await open()).commit([append()])).toEqual({ ok: true, seqs: [2] });
  });
});

describe('sqlite: a place that cannot be used', () => {
  it('is refused when its folder is missing', async () => {
    expect(await faultOf(open({ path: `${folder.path}/none/store.db` }))).toMatchObject({
      code: 'E_STORE',
      message: expect.stringContaining('does not exist'),
    });
  });

  it('is refused when it is a folder', async () => {
    await mkdir(path);
    expect(await faultOf(open())).toMatchObject({ code: 'E_STORE', message: expect.stringContaining(path) });
  });

  it('is refused when its folder cannot be written to', async () => {
    await chmod(folder.path, 0o555);
    const other = start(path, isRoot ? { uid: NOBODY, gid: NOBODY } : {});
    await other.ended;
    expect(other.said).toEqual([expect.stringMatching(/^fault E_STORE the store cannot be created: .*EACCES/)]);
    await chmod(folder.path, 0o755);
  });

  it('is private to its owner', async () => {
    const store = await open();
    await store.commit([append()]);
    for (const name of await readdir(folder.path)) {
      expect((await stat(`${folder.path}/${name}`)).mode & 0o077, name).toBe(0);
    }
  });
});

describe('sqlite: a file that is not what was written', () => {
  it.each([
    ['text', 'this is not a database, and long enough to be looked at as one '.repeat(20)],
    ['noise', Buffer.from(Array.from({ length: 8_192 }, (_, i) => (i * 7_919) & 0xff))],
  ])('is refused when it is %s, and left alone', async (_, content) => {
    await writeFile(path, content);
    expect(await faultOf(open())).toMatchObject({ code: 'E_STORE_CORRUPT', message: expect.stringContaining(path) });
    expect((await stat(path)).size).toBe(content.length);
    expect(await faultOf(open()), 'and again: nothing is left locked').toMatchObject({ code: 'E_STORE_CORRUPT' });
  });

  it('is refused when it is another program’s database', async () => {
    tamper('CREATE TABLE notes (text)');
    expect(await faultOf(open())).toMatchObject({
      code: 'E_STORE_CORRUPT',
      message: expect.stringContaining('another program'),
    });
  });

  it('is refused when a newer version wrote it', async () => {
    await makeStore();
    tamper('PRAGMA user_version = 999');
    expect(await faultOf(open())).toMatchObject({
      code: 'E_STORE_NEWER',
      message: expect.stringContaining('newer version (999'),
    });
  });

  it('is refused when a part of it was overwritten, at the latest when that is read', async () => {
    const store = await openSqliteStore({ path });
    for (let i = 0; i < 50; i++) await store.commit([append({ body: { text: 'x'.repeat(2_000) } })]);
    await store.close();
    const { size } = await stat(path);
    await truncate(path, Math.floor(size / 8_192) * 4_096);
    const outcome = await faultOf(open().then((opened) => opened.readEvents({ tenant: 'acme', limit: 1_000 })));
    expect(outcome).toMatchObject({ code: 'E_STORE_CORRUPT', message: expect.stringContaining('damaged') });
  });
});

describe('sqlite: events', () => {
  it.each([
    ['changed', 'UPDATE events SET tenant = tenant WHERE seq = 2', 'append-only'],
    ['removed', 'DELETE FROM events WHERE seq = 3', 'append-only'],
    [
      'replaced',
      "INSERT OR REPLACE INTO events (seq, id, kind, tenant, run_id, call_id, agent, tool, at_ms, body, digest) SELECT 2, 'evt_x', kind, tenant, run_id, call_id, agent, tool, at_ms, body, digest FROM events WHERE seq = 2",
      'without gaps',
    ],
    [
      'appended after a gap',
      'INSERT INTO events (seq, id, kind, tenant, run_id, call_id, agent, tool, at_ms, body, digest) SELECT 5, id, kind, tenant, run_id, call_id, agent, tool, at_ms, body, digest FROM events WHERE seq = 2',
      'without gaps',
    ],
  ])('cannot be %s', async (_, sql, message) => {
    await makeStore();
    expect(() => tamper(sql)).toThrow(message);
    expect(await verifyEvents({ path })).toEqual({ checked: 3, lastSeq: 3 });
  });

  it.each([
    ['kind', "'call.refused'"],
    ['body', `replace(body, '2.5', '2.6')`],
    ['tool', 'NULL'],
    ['at_ms', 'at_ms + 1'],
    ['id', "'evt_x'"],
  ])('whose %s was changed behind the triggers are found', async (column, value) => {
    await makeStore();
    tamper(`DROP TRIGGER events_are_not_changed; UPDATE events SET ${column} = ${value} WHERE seq = 2`);
    expect(await verifyEvents({ path })).toEqual({
      checked: 1,
      lastSeq: 3,
      problem: { seq: 2, message: 'event 2 is not what was written' },
    });
    expect(await verifyEvents({ path, newest: 1 })).toEqual({ checked: 1, lastSeq: 3 });
  });

  it('that were removed behind the triggers are missed', async () => {
    await makeStore();
    tamper('DROP TRIGGER events_are_not_removed; DELETE FROM events WHERE seq = 2');
    expect((await verifyEvents({ path })).problem).toEqual({ seq: 2, message: 'event 2 is missing: 3 follows 1' });
  });
});

describe('sqlite: a store that stops working', () => {
  it('rejects what waits too long, goes on when it can, and keeps the order', async () => {
    const store = await open({ timeoutMs: 150 });
    expect(await store.commit([append({ id: 'first' })])).toMatchObject({ ok: true });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const late = [store.commit([append({ id: 'late' })]), store.commit([openIntent])];
    for (const fault of await Promise.all(late.map(faultOf))) {
      expect(fault).toMatchObject({ code: 'E_STORE', message: expect.stringMatching(/within 150 ms|holds a lock/) });
    }
    other.exec('ROLLBACK');
    other.close();
    // A commit that timed out may have been made or not; those after it are numbered without a gap all the same.
    await expect.poll(() => store.commit([append({ id: 'last' })]).catch(() => undefined)).toMatchObject({ ok: true });
    const events = await store.readEvents({ tenant: 'acme', limit: 10 });
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.at(0)?.id).toBe('first');
    expect(events.at(-1)?.id).toBe('last');
  });

  it('leaves it to its thread to wait, while another program writes', async () => {
    const store = await open({ timeoutMs: 5_000 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const waiting = store.commit([append({ id: 'first' })], { alone: true });
    const next = store.commit([append({ id: 'second' })], { alone: true });
    other.exec('ROLLBACK');
    other.close();
    expect(await waiting).toEqual({ ok: true, seqs: [1] });
    expect(await next).toEqual({ ok: true, seqs: [2] });
    expect(await store.commit([append({ id: 'third' })], { alone: true })).toEqual({ ok: true, seqs: [3] });
  });

  it('leaves commits to its thread for a while, once the disk was slow', async () => {
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => (nowMs += 1_000) };
    const store = await openSqliteStore({ path, clock, timeoutMs: 1e9 });
    stores.push(store);
    const order: string[] = [];
    const commit = (name: string) => store.commit([append()], { alone: true }).then(() => order.push(name));
    await commit('here');
    const slow = commit('by the thread');
    // What is done at once is answered before a commit that crosses to the thread and back.
    await Promise.resolve().then(() => order.push('a turn later'));
    await slow;
    expect(order).toEqual(['here', 'a turn later', 'by the thread']);
  });

  it('rejects everything with one fault when its thread dies, and lets the file go', async () => {
    let thread: Worker | undefined;
    process.once('worker', (worker) => {
      thread = worker;
    });
    const store = await open();
    expect(await store.commit([append()])).toMatchObject({ ok: true });
    const waiting = [...Array(50)].map(() => faultOf(store.commit([append()])));
    const reading = faultOf(store.listIsolations());
    void thread?.terminate();
    const faults = [...(await Promise.all(waiting)), await reading, await faultOf(store.commit([append()]))];
    for (const fault of faults) expect(fault).toBe(faults[0]);
    // A thread that is ended in the middle of a step may still say so itself, in other words.
    expect(faults[0]).toMatchObject({
      code: 'E_STORE',
      message: expect.stringMatching(/thread ended|the store failed/),
    });
    await store.close();

    const reopened = await open();
    const events = await reopened.readEvents({ tenant: 'acme', limit: 1_000 });
    expect(await reopened.commit([append()])).toEqual({ ok: true, seqs: [events.length + 1] });
  });

  it('lets close end even when the thread is stuck', async () => {
    const store = await openSqliteStore({ path, timeoutMs: 200 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const stuck = Array.from({ length: 3 }, () => faultOf(store.commit([append()])));
    await store.close();
    expect((await Promise.all(stuck)).map((fault) => fault.code)).toEqual(['E_STORE', 'E_STORE', 'E_STORE']);
    other.close();
    expect(await (await open()).commit([append()])).toMatchObject({ ok: true });
  });

  it('refuses more than it can hold waiting, and takes more once there is room', async () => {
    const store = await open();
    const results = await Promise.all(
      Array.from({ length: limits.commitsWaiting + 5 }, () => store.commit([requireRun])),
    );
    expect(results.filter((result) => !result.ok && result.code === 'E_BUSY')).toHaveLength(5);
    expect(await store.commit([openRun])).toMatchObject({ ok: true });
  });

  it('stops for good when writing fails, having lost nothing it acknowledged', async () => {
    const other = start(path, {}, 'ulimit -f 1200'); // blocks of 512 or 1,024 bytes: about a megabyte
    await other.ended;
    const faults = other.said.filter((line) => line.startsWith('fault'));
    expect(faults).toHaveLength(2);
    for (const line of faults) expect(line).toMatch(/^fault E_STORE reading or writing the disk failed/);
    expect(other.acknowledged.length).toBeGreaterThan(10);

    const { lastSeq, checked, problem } = await verifyEvents({ path });
    expect({ checked, problem }).toEqual({ checked: lastSeq, problem: undefined });
    expect(lastSeq).toBeGreaterThanOrEqual(Math.max(...other.acknowledged));
    expect(await (await open()).commit([append()])).toEqual({ ok: true, seqs: [lastSeq + 1] });
  });

  it.skipIf(!canMount())('says so when the disk is full, loses nothing, and goes on when there is room', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder.path]);
    try {
      await writeFile(`${folder.path}/filler`, Buffer.alloc(900_000));
      const store = await openSqliteStore({ path });
      const body = { text: 'x'.repeat(20_000) };
      let stored = 0;
      let fault: Fault | undefined;
      while (fault === undefined) {
        await store.commit([append({ body }), { ...openIntent, callId: `call_${stored}` }]).then(
          (result) => {
            expect(result).toMatchObject({ ok: true });
            stored++;
          },
          (error: unknown) => {
            if (!(error instanceof Fault)) throw error;
            fault = error;
          },
        );
      }
      expect(fault).toMatchObject({ code: 'E_STORE', message: expect.stringContaining('the disk is full') });
      const together = await Promise.allSettled([
        store.commit([append({ body: { text: 'x'.repeat(1_900_000) } })]),
        store.commit([{ kind: 'isolation.require', scopes: [isolateAgent.scope] }]),
      ]);
      expect(
        together.map((result) => result.status),
        'what needs no room is not affected',
      ).toEqual(['rejected', 'fulfilled']);
      await rm(`${folder.path}/filler`);
      expect(await store.commit([append({ body })])).toEqual({ ok: true, seqs: [stored + 1] });
      await store.close();
      expect(await verifyEvents({ path })).toEqual({ checked: stored + 1, lastSeq: stored + 1 });
    } finally {
      execFileSync('umount', ['-l', folder.path]);
    }
  });
});

function canMount(): boolean {
  if (!isRoot || process.platform !== 'linux') return false;
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
