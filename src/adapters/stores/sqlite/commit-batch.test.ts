import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import type { Change } from '../../../ports/store.ts';
import { createCommitBatch } from './commit-batch.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations.ts';
import { type FlatCommit, flatten, sealCommit } from './wire.ts';
import { createWriteTurns } from './write-turns.ts';

function newBatch(path = ':memory:') {
  const db = new DatabaseSync(path, { timeout: 0 });
  migrate(db, 'memory', migrations);
  const turns = createWriteTurns(db, { clock: systemClock, timeoutMs: 0, hasOthers: () => false });
  const commitBatch = createCommitBatch(db, { path: 'memory', instance: 1, turns });
  return { db, commit: (...commits: Change[][]) => commitBatch(commits.map(wire)) };
}

function wire(changes: Change[]): FlatCommit {
  const commit = flatten(changes);
  if ('ok' in commit) throw new Error(commit.message);
  return sealCommit(commit, systemClock);
}

const append = (id: string): Change => ({
  kind: 'event.append',
  event: { id, kind: 'run.started', tenant: 't', atMs: 1, body: {} },
});
const require: Change = { kind: 'run.require', tenant: 't', agent: 'a', runId: 'none', nowMs: 1 };
const isolate = {
  kind: 'isolation.set',
  scope: 'all',
  reason: 'test',
  by: 'ops',
  incident: false,
  atMs: 1,
} as const satisfies Change;
const requireAll: Change = { kind: 'isolation.require', scopes: ['all'] };
const take = (amount: number): Change => ({
  kind: 'budget.take',
  takes: [{ meter: 'm', amount, max: 10, name: 'a meter', code: 'E_BUDGET' }],
  nowMs: 1,
});
/** A time that is not a number cannot be stored: the table refuses it, not a condition. */
const unstorable: Change = { ...isolate, scope: 'unstorable', atMs: Number.NaN };

describe('createCommitBatch', () => {
  it('keeps one commit that cannot be stored from taking the others with it', () => {
    const { db, commit } = newBatch();
    expect(commit([append('a')], [append('b'), unstorable], [append('c')])).toEqual([
      [1],
      { fault: 'E_STORE', message: expect.stringContaining('NOT NULL') },
      [2],
    ]);
    expect(
      db
        .prepare('SELECT id FROM events ORDER BY seq')
        .all()
        .map((row) => row['id']),
    ).toEqual(['a', 'c']);
  });

  it('numbers on from the last event that stayed', () => {
    const { commit } = newBatch();
    expect(commit([append('a')], [append('b'), append('c'), require], [append('d')])).toEqual([
      [1],
      expect.objectContaining({ code: 'E_RUN_UNKNOWN' }),
      [2],
    ]);
    expect(commit([append('e'), unstorable])).toEqual([expect.objectContaining({ fault: 'E_STORE' })]);
    expect(commit([append('f')])).toEqual([[3]]);
  });

  it('remembers no isolation that was taken back', () => {
    const { commit } = newBatch();
    expect(commit([isolate, requireAll], [requireAll])).toEqual([expect.objectContaining({ code: 'E_ISOLATED' }), []]);
    expect(commit([isolate, unstorable], [requireAll])).toEqual([expect.objectContaining({ fault: 'E_STORE' }), []]);
    expect(commit([isolate], [requireAll])).toEqual([[], expect.objectContaining({ code: 'E_ISOLATED' })]);
  });

  it('takes from a meter once for all of a batch, and nothing for a commit that was refused', () => {
    const { db, commit } = newBatch();
    const used = () => db.prepare("SELECT slots FROM meters WHERE meter = 'm'").get()?.['slots'];
    const empty = expect.objectContaining({ code: 'E_BUDGET' });
    const refused = expect.objectContaining({ code: 'E_RUN_UNKNOWN' });
    expect(commit([take(2)], [take(3), require], [take(4)], [take(9)])).toEqual([
      { seqs: [], taken: [2] },
      refused,
      { seqs: [], taken: [4] },
      empty,
    ]);
    expect(used()).toBe('[[0,6]]');
    expect(commit([append('a'), take(1), require], [take(1), unstorable])).toEqual([
      refused,
      expect.objectContaining({ fault: 'E_STORE' }),
    ]);
    expect(used()).toBe('[[0,6]]');
    expect(commit([take(4)], [take(1)])).toEqual([{ seqs: [], taken: [4] }, empty]);
    expect(used()).toBe('[[0,10]]');
  });

  it('says so to everybody, without trying each again, while another program has the lock', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chaperone-batch-'));
    const { db, commit } = newBatch(join(folder, 'store.db'));
    const other = new DatabaseSync(join(folder, 'store.db'));
    other.exec('BEGIN IMMEDIATE');
    const locked = { fault: 'E_STORE', message: expect.stringContaining('holds a lock') };
    expect(commit([append('a')], [append('b')])).toEqual([locked, locked]);
    other.exec('ROLLBACK');
    expect(commit([append('c')])).toEqual([[1]]);
    other.close();
    db.close();
    rmSync(folder, { recursive: true });
  });

  it('throws when the file is damaged, so that nothing more is written to it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chaperone-batch-'));
    const path = join(folder, 'store.db');
    const made = newBatch(path).db;
    const { page } = {
      ...made.prepare("SELECT rootpage AS page FROM sqlite_schema WHERE tbl_name = 'pins' AND type = 'index'").get(),
    };
    const { page_size: pageBytes } = { ...made.prepare('PRAGMA page_size').get() };
    made.close();
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(64, 0xff), 0, 64, (Number(page) - 1) * Number(pageBytes));
    closeSync(file);

    const { db, commit } = newBatch(path);
    const pin: Change = { kind: 'pin.set', tool: 's/t', pin: 'sha256:0', descriptor: {}, atMs: 1 };
    expect(() => commit([append('a')], [pin])).toThrow(expect.objectContaining({ code: 'E_STORE_CORRUPT' }));
    db.close();
    rmSync(folder, { recursive: true });
  });
});
