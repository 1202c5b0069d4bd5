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
    [{}, 'events_by_tenant (tenant=?)'],
    [{ agent: 'a' }, 'events_by_agent (tenant=? AND agent=?)'],
    [{ tool: 's/t' }, 'events_by_tool (tenant=? AND tool=?)'],
    [{ tool: 's/t', agent: 'a' }, 'events_by_tool (tenant=? AND tool=?)'],
    [{ runId: 'r' }, 'events_by_run (run_id=?)'],
    [{ runId: 'r', agent: 'a', tool: 's/t' }, 'events_by_run (run_id=?)'],
    [{ callId: 'c', runId: 'r', agent: 'a' }, 'events_by_call (call_id=?)'],
    [{ afterSeq: 5 }, 'events_by_tenant (tenant=? AND rowid>?)'],
    [{ beforeSeq: 9 }, 'events_by_tenant (tenant=? AND rowid<?)'],
    [{ runId: 'r', beforeSeq: 9 }, 'events_by_run (run_id=? AND rowid<?)'],
    [{ runId: 'r', afterSeq: 5 }, 'events_by_run (run_id=? AND rowid>?)'],
  ])('%j uses its narrowest index, and never sorts', (filter, index) => {
    const db = emptyDatabase();
    for (const newestFirst of [false, true]) {
      const { sql, values } = selectEvents({ tenant: 't', limit: 10, newestFirst, ...filter });
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
      expect(plan.map((step) => step['detail'])).toEqual([`SEARCH events USING INDEX ${index}`]);
    }
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
