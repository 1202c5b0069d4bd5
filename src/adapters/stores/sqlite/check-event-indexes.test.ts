import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Store } from '../../../ports/store.ts';
import { checkEventIndexes } from './check-event-indexes.ts';
import { openSqliteStore } from './open-sqlite-store.ts';

let folder: string;
let path: string;
let store: Store;
let reader: DatabaseSync;

/** Events that are in every index. */
async function append(from: number, to: number): Promise<void> {
  const changes = Array.from({ length: to - from }, (_, i) => ({
    kind: 'event.append' as const,
    event: {
      id: `evt_${from + i}`,
      kind: i % 7 === 0 ? ('alert.raised' as const) : ('call.intended' as const),
      tenant: 't',
      runId: `run_${i % 5}`,
      callId: `call_${i}`,
      agent: 'a',
      tool: 's/t',
      user: 'u',
      atMs: from + i,
      body: {},
    },
  }));
  for (let at = 0; at < changes.length; at += 100) await store.commit(changes.slice(at, at + 100));
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'chaperone-indexes-'));
  path = join(folder, 'store.db');
  store = await openSqliteStore({ path });
  await append(0, 4_100);
  reader = new DatabaseSync(path, { readOnly: true });
});
afterEach(async () => {
  reader.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

it('lets others write, and the write-ahead log be written back, while it is under way', async () => {
  let isDone = false;
  const checking = checkEventIndexes(reader).finally(() => {
    isDone = true;
  });
  await append(4_100, 4_200);
  await nextTurn();
  const other = new DatabaseSync(path);
  const { busy, log } = other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() ?? {};
  other.close();
  expect({ isDone, busy, log }).toEqual({ isDone: false, busy: 0, log: 0 });
  await checking;
});

it('looks each event up by number, in every index', async () => {
  const plans: string[] = [];
  const watched = new Proxy(reader, {
    get(target, name) {
      if (name !== 'prepare') return Reflect.get(target, name, target);
      return (sql: string) => {
        if (sql.includes('INDEXED BY') && sql.includes('EXISTS')) {
          const steps = target.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(0, 1);
          plans.push(String(steps.at(-1)?.['detail']));
        }
        return target.prepare(sql);
      };
    },
  });
  await checkEventIndexes(watched);
  expect(plans.length).toBe(2);
  for (const plan of plans) expect(plan).toMatch(/USING COVERING INDEX \w+ \(.*rowid=\?\)/);
});

it('names an index that finds an event where it does not belong', async () => {
  await store.close();
  const db = new DatabaseSync(path);
  db.enableDefensive(false);
  for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()) {
    db.exec(`DROP TRIGGER "${String(name)}"`);
  }
  const index = db.prepare("SELECT * FROM sqlite_schema WHERE name = 'events_by_run'").get() ?? {};
  db.exec("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'events_by_run'");
  db.exec('PRAGMA writable_schema = RESET');
  // While the index is not there, event 4000 goes to another run; then it is entered under that one too.
  db.exec(
    "UPDATE events SET run_id = 'run_x' WHERE seq = 4000; CREATE TABLE kept AS SELECT * FROM events WHERE seq = 4000",
  );
  db.exec('DELETE FROM events WHERE seq = 4000; PRAGMA writable_schema = ON');
  db.prepare('INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)').run(...Object.values(index));
  db.exec('PRAGMA writable_schema = RESET; INSERT INTO events SELECT * FROM kept');
  const own = db.prepare("SELECT count(*) AS n FROM events WHERE run_id = 'run_x'").get();
  const old = db.prepare("SELECT seq FROM events WHERE run_id = 'run_4' AND +seq = 4000").get();
  db.close();
  expect([own, old]).toMatchObject([{ n: 1 }, { seq: 4000 }]);
  await expect(checkEventIndexes(reader)).rejects.toThrow('wrong # of entries in index events_by_run');
});
