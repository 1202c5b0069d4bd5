import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { EventQuery } from '../../../ports/store.ts';
import { createReader } from './create-reader.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations.ts';
import { selectEvents } from './select-events.ts';

function emptyDatabase(): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  migrate(db, 'memory', migrations);
  return db;
}

type Filter = Partial<EventQuery>;

describe('selectEvents', () => {
  it.each<[Filter, string]>([
    [{ runId: 'r' }, 'INDEX events_by_run (run_id=? AND rowid>? AND rowid<?)'],
    [{ runId: 'r', agent: 'a', tool: 's/t' }, 'INDEX events_by_run (run_id=? AND rowid>? AND rowid<?)'],
    [{ callId: 'c', runId: 'r', agent: 'a' }, 'INDEX events_by_call (call_id=? AND rowid>? AND rowid<?)'],
    [{}, 'INTEGER PRIMARY KEY (rowid>? AND rowid<?)'],
    [{ agent: 'a', kinds: ['call.asked'] }, 'INTEGER PRIMARY KEY (rowid>? AND rowid<?)'],
  ])('%j uses its narrowest index among the events of a range, and never sorts', (filter, index) => {
    const db = emptyDatabase();
    for (const newestFirst of [false, true]) {
      const { sql, values } = selectEvents({ tenant: 't', limit: 10, newestFirst, ...filter }, { first: 1, last: 9 });
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
      expect(plan[0]?.['detail']).toBe(`SEARCH events USING ${index}`);
      expect(plan.map((step) => step['detail']).join()).not.toMatch(/TEMP B-TREE|SCAN events/);
    }
  });
});

describe('selectEvents of numbers', () => {
  it.each([false, true])('looks each up by itself, and never sorts: newest first %s', (newestFirst) => {
    const { sql, values } = selectEvents({ tenant: 't', agent: 'a', limit: 10, newestFirst }, [3, 5]);
    const plan = emptyDatabase()
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map((step) => String(step['detail']));
    expect(plan[0]).toBe('SEARCH events USING INTEGER PRIMARY KEY (rowid=?)');
    expect(plan.join()).not.toMatch(/TEMP B-TREE|SCAN events/);
  });
});

describe('createReader', () => {
  it('calls a record that is not JSON any more what it is', () => {
    const db = emptyDatabase();
    db.exec("INSERT INTO pins VALUES ('s/t', 'sha256:00', '{broken', 1)");
    expect(() => createReader(db, () => []).readPin('s/t')).toThrow(
      expect.objectContaining({ code: 'E_STORE_CORRUPT' }),
    );
  });

  it('calls no intent abandoned whose process came while it looked who is alive', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chaperone-reader-'));
    const db = new DatabaseSync(join(folder, 'store.db'));
    db.exec('PRAGMA journal_mode = WAL');
    migrate(db, 'file', migrations);
    const other = new DatabaseSync(join(folder, 'store.db'));
    const intend = (callId: string, instance: number) =>
      other.exec(
        `INSERT INTO intents (call_id, tenant, run_id, opened_at_ms, instance) VALUES ('${callId}', 't', 'r', 1, ${instance})`,
      );
    intend('of_a_dead_one', 1);
    const reader = createReader(db, () => {
      db.prepare('SELECT id FROM instances').all();
      intend('of_a_new_one', 2);
      return [];
    });
    expect(reader.listAbandonedIntents(10).map(({ callId }) => callId)).toEqual(['of_a_dead_one']);
    expect(db.isTransaction).toBe(false);
    db.close();
    other.close();
    rmSync(folder, { recursive: true });
  });
});
