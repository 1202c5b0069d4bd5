import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type LoadedConfig, loadConfig } from '../../src/app/config/load-config.ts';
import { eraseRuns } from '../../src/app/erase-record.ts';
import { exportEvidence } from '../../src/app/evidence/export-evidence.ts';
import { checkLedger } from '../../src/app/ledger/check-ledger.ts';
import { openRecord } from '../../src/app/open-config.ts';
import { openStore } from '../../src/app/open-store.ts';
import { readRulesInForce } from '../../src/app/replay/recorded-rules.ts';
import { replayRun } from '../../src/app/replay/replay-run.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Fault } from '../../src/base/fault.ts';
import { canonicalJson, type JsonObject } from '../../src/base/json.ts';
import { createChaperone } from '../../src/index.ts';
import type { StoredEvent } from '../../src/model/event.ts';

/*
 * Somebody can write to the file of the store, and to nothing else. They rewrite what happened, the rules by which it is
 * explained, or what is taken back. Whatever rests on it has to say so, and never to answer with what they wrote.
 */

const TENANT = 'default';
let folder: string;
let runId: string;
let copies = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-rewritten-'));
  await writeFile(
    join(folder, 'chaperone.yaml'),
    'version: 1\ndata: data\nagents: { support: { tools: { app/read_note: {} } } }\n',
  );
  const chaperone = await createChaperone({ config: join(folder, 'chaperone.yaml'), notify: () => {} });
  const run = await chaperone.startRun({ agent: 'support', user: { id: 'ana' }, prompt: 'Read note 7 and note 8.' });
  await run.guard({
    read_note: {
      description: 'Reads a note.',
      inputSchema: z.object({ id: z.string() }),
      execute: async ({ id }: { id: string }) => ({ id, text: `the text of ${id}` }),
    },
  });
  await run.call('app/read_note', { id: '7' });
  await run.call('app/read_note', { id: '8' });
  await run.end();
  await (await chaperone.startRun({ agent: 'support', user: { id: 'bo' }, prompt: 'Nothing.' })).end();
  await chaperone.close();
  runId = run.id;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of everything, whose store somebody has rewritten. */
async function rewrite(change: (db: DatabaseSync) => void): Promise<LoadedConfig> {
  const copy = `${folder}-${copies++}`;
  await cp(folder, copy, { recursive: true });
  const db = new DatabaseSync(join(copy, 'data/store.db'), { defensive: false });
  try {
    // What keeps the table from being rewritten is in the file as well, and comes back as if nothing had been.
    const triggers = db.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all();
    for (const { name } of triggers) db.exec(`DROP TRIGGER "${String(name)}"`);
    change(db);
    for (const { sql } of triggers) db.exec(String(sql));
  } finally {
    db.close();
  }
  return loadConfig(join(copy, 'chaperone.yaml'), { hostServers: ['app'] });
}

/** The code and message of what a task ends with; undefined where it does not fail. */
async function faultOf(task: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await task();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return `${error.code} ${error.message}`;
    throw error;
  }
}

async function replay(loaded: LoadedConfig): Promise<Record<string, number>> {
  const record = await openRecord(loaded);
  const kinds: Record<string, number> = {};
  try {
    for await (const { redecided } of replayRun(record, { tenant: TENANT, runId }))
      if (redecided !== undefined) kinds[redecided.kind] = (kinds[redecided.kind] ?? 0) + 1;
    return kinds;
  } finally {
    await record.close();
  }
}

const exportRun = (loaded: LoadedConfig) =>
  exportEvidence({ loaded, scope: { kind: 'run', runId }, out: join(loaded.folder, 'e.tar'), clock: systemClock });

/** Every row of a table whose record contains a text, with another text in its place. */
function replaceIn(db: DatabaseSync, table: string, from: string, to: string): void {
  const { changes } = db
    .prepare(`UPDATE ${table} SET record = replace(record, ?, ?) WHERE instr(record, ?) > 0`)
    .run(from, to, from);
  expect(Number(changes), 'something was rewritten').toBeGreaterThan(0);
}

describe('what nobody has rewritten', () => {
  it('replays, verifies and is exported', async () => {
    const loaded = await rewrite(() => {});
    expect(await replay(loaded)).toEqual({ same: 2 });
    expect((await checkLedger(loaded, systemClock)).waiting).toBe(0);
    expect((await exportRun(loaded)).events).toBeGreaterThan(5);
  });
});

describe('rules that were rewritten in the store', () => {
  it('explain no decision, are taken into no archive, and are never taken back', async () => {
    const loaded = await rewrite((db) => replaceIn(db, 'bundles', 'app/read_note: {}', 'app/read_note: {}, app/*: {}'));
    const wrong = /^E_STORE_CORRUPT what is kept as bundle sha256:[0-9a-f]{64} is not what that digest names$/;
    expect(await faultOf(() => replay(loaded))).toMatch(wrong);
    expect(await faultOf(() => exportRun(loaded))).toMatch(wrong);
    const record = await openRecord(loaded);
    expect(await faultOf(() => readRulesInForce(record))).toMatch(wrong);
    await record.close();
  });

  it('do not pass for rules of the form before, which were named otherwise', async () => {
    const loaded = await rewrite((db) => {
      replaceIn(db, 'bundles', 'app/read_note: {}', 'app/read_note: {}, app/*: {}');
      replaceIn(db, 'bundles', 'chaperone.bundle/2', 'chaperone.bundle/1');
    });
    // Rules that decide otherwise are found by what they decide; neither an archive nor whoever takes rules back believes them.
    expect(await replay(loaded)).toEqual({ differs: 2 });
    const { files } = await exportRun(loaded);
    expect(Object.keys(files).filter((file) => file.startsWith('bundles/'))).toEqual([]);
    const record = await openRecord(loaded);
    expect(await faultOf(() => readRulesInForce(record))).toMatch(/^E_STORE_CORRUPT what is kept as bundle/);
    await record.close();
  });

  it('nor does a tool that was governed otherwise', async () => {
    const loaded = await rewrite((db) => replaceIn(db, 'contents', 'Reads a note.', 'Reads any note.'));
    expect(await faultOf(() => replay(loaded))).toMatch(/^E_STORE_CORRUPT the tool that is kept as sha256:/);
  });
});

describe('what events name, rewritten in the store', () => {
  it.each<[string, (db: DatabaseSync) => void, RegExp]>([
    [
      'rules',
      (db) => replaceIn(db, 'bundles', 'app/read_note: {}', 'app/read_note: {}, app/*: {}'),
      /^E_STORE_CORRUPT what is kept as bundle sha256:[0-9a-f]{64} is not what that digest names$/,
    ],
    [
      'rules that were taken away',
      (db) => db.exec('DELETE FROM bundles'),
      /^E_STORE_CORRUPT bundle sha256:[0-9a-f]{64} was in force, and is not kept any more$/,
    ],
    [
      'a tool as it was governed',
      (db) => replaceIn(db, 'contents', 'Reads a note.', 'Reads any note.'),
      /^E_STORE_CORRUPT what is kept as sha256:[0-9a-f]{64} is not what that digest names$/,
    ],
    [
      'the key of a run',
      (db) => db.prepare("UPDATE runs SET key = replace(key, substr(key, 9, 3), 'AAA') WHERE id = ?").run(runId),
      /^E_RECORD_KEY the key of run_\w+ was not wrapped by this key of the record$/,
    ],
    [
      'a key in the place of another',
      (db) => db.prepare('UPDATE runs SET key = (SELECT key FROM runs WHERE id = ?)').run(runId),
      /^E_RECORD_KEY the key of run_\w+ was not wrapped by this key of the record$/,
    ],
  ])('is named by fsck: %s', async (_, change, wrong) => {
    const loaded = await rewrite(change);
    expect(await faultOf(() => checkLedger(loaded, systemClock))).toMatch(wrong);
  });
});

describe('events that were rewritten in the store', () => {
  const first = (db: DatabaseSync, kind: string) =>
    db.prepare('SELECT seq, id, body FROM events WHERE kind = ? AND run_id = ? ORDER BY seq').all(kind, runId);

  it('do not say what another one said', async () => {
    const loaded = await rewrite((db) => {
      const [one, other] = first(db, 'call.intended');
      const put = db.prepare('UPDATE events SET body = ? WHERE seq = ?');
      put.run(other?.['body'] ?? null, one?.['seq'] ?? null);
      put.run(one?.['body'] ?? null, other?.['seq'] ?? null);
    });
    expect(await faultOf(() => replay(loaded))).toMatch(/^E_STORE_CORRUPT what was sealed as evt_\w+ cannot be opened/);
    expect(await faultOf(() => checkLedger(loaded, systemClock))).toMatch(/^E_(STORE_CORRUPT|EVIDENCE) .*event/);
  });

  it.each<[string, (db: DatabaseSync) => void]>([
    ['another agent', (db) => db.exec("UPDATE events SET agent = 'other' WHERE kind = 'call.completed'")],
    ['another time', (db) => db.exec("UPDATE events SET at_ms = at_ms - 1 WHERE kind = 'run.started'")],
    ['another run', (db) => db.exec("UPDATE events SET run_id = 'run_0' WHERE kind = 'call.intended'")],
    [
      'none at all',
      (db) => db.exec("DELETE FROM events WHERE seq = (SELECT min(seq) FROM events WHERE kind = 'run.ended')"),
    ],
    ['the last one cut off', (db) => db.exec('DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)')],
  ])('are found: %s', async (_, change) => {
    const loaded = await rewrite(change);
    expect(await faultOf(() => checkLedger(loaded, systemClock))).toMatch(/^E_(STORE_CORRUPT|EVIDENCE|LEDGER_FORK) /);
  });

  it('are found with a digest that was made to fit', async () => {
    const loaded = await rewrite((db) => {
      const row = db.prepare("SELECT seq, body FROM events WHERE kind = 'bundle.activated'").get();
      const body = JSON.parse(String(row?.['body'])) as JsonObject;
      db.prepare('UPDATE events SET body = ? WHERE seq = ?').run(
        canonicalJson({ ...body, mode: 'observe' }),
        row?.['seq'] ?? null,
      );
      const record = db.prepare('SELECT * FROM events WHERE seq = ?').get(row?.['seq'] ?? null);
      expect(String(record?.['body'])).toContain('observe');
    });
    // The digest column still says what it said, and what is stored comes to another one.
    expect(await faultOf(() => checkLedger(loaded, systemClock))).toMatch(/^E_(STORE_CORRUPT|EVIDENCE) /);
  });
});

describe('what events are found by', () => {
  it('does not leave one out unnoticed: by its time', async () => {
    const loaded = await rewrite((db) => {
      db.exec('DELETE FROM moments');
      const last = db.prepare('SELECT max(seq) AS last, min(at_ms) AS "from", max(at_ms) AS "to" FROM events').get();
      db.prepare('INSERT INTO moments VALUES (1, ?, ?, ?)').run(
        last?.['last'] ?? null,
        last?.['from'] ?? null,
        Number(last?.['to']) - 0.001,
      );
    });
    expect(await faultOf(() => checkLedger(loaded, systemClock))).toMatch(
      /^E_STORE_CORRUPT event \d+ is not found by its time$/,
    );
  });

  it('does not leave one out unnoticed: by an index', async () => {
    const loaded = await rewrite((db) => {
      const index = db
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%ON events%run_id%'")
        .get();
      const [name, sql] = [String(index?.['name']), String(index?.['sql'])];
      db.exec(`DROP INDEX ${name}`);
      db.exec(`${sql.replace(/\s+WHERE\s.*$/is, '')} WHERE kind <> 'call.completed'`);
      // The file says again that all events are in it.
      db.exec('PRAGMA writable_schema = ON');
      db.prepare('UPDATE sqlite_master SET sql = ? WHERE name = ?').run(sql, name);
      db.exec('PRAGMA writable_schema = RESET');
    });
    const record = await openRecord(loaded);
    const found = await record.readEvents({ tenant: TENANT, runId, limit: 100 });
    await record.close();
    expect(
      found.map(({ kind }) => kind),
      'a query leaves them out',
    ).not.toContain('call.completed');
    expect(await faultOf(() => checkLedger(loaded, systemClock))).toMatch(
      /^E_STORE_CORRUPT what events are found by does not fit them: row \d+ missing from index/,
    );
  });
});

describe('a run that was erased', () => {
  it('is not revived by a key of another run, nor by saying that it was never erased', async () => {
    const loaded = await rewrite(() => {});
    const data = join(loaded.folder, 'data');
    const store = await openStore(data, systemClock);
    await eraseRuns(store, systemClock, { tenant: TENANT, runIds: [runId], by: 'cy', reason: 'asked to' });
    await store.close();
    const db = new DatabaseSync(join(data, 'store.db'));
    const other = db.prepare('SELECT key FROM runs WHERE id <> ? AND key IS NOT NULL').get(runId);
    expect(other?.['key']).toBeTypeOf('string');
    const read = async (): Promise<readonly StoredEvent[]> => {
      const record = await openRecord(loaded);
      try {
        return await record.readEvents({ tenant: TENANT, runId, limit: 100 });
      } finally {
        await record.close();
      }
    };
    try {
      db.prepare('UPDATE runs SET erased_at_ms = NULL WHERE id = ?').run(runId);
      expect(JSON.stringify(await read().catch((error: Fault) => error.code))).not.toContain('note 7');
      db.prepare('UPDATE runs SET key = ? WHERE id = ?').run(other?.['key'] ?? null, runId);
      expect(await faultOf(read)).toMatch(/^E_(STORE_CORRUPT|RECORD_KEY) /);
    } finally {
      db.close();
    }
  });
});
