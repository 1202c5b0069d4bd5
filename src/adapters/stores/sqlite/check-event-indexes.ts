import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Fault } from '../../../base/fault.ts';
import { checkPostings } from './check-postings.ts';

/** So many events are looked up in one read: while it lasts, the write-ahead log cannot be written back. */
const EVENTS_PER_READ = 2_000;

/**
 * Looks up every event that is there now in each index that should have it, in `moments`, and in `postings`. Events are appended and
 * never changed, so what comes in meanwhile changes nothing about them. All other tables are checked as a whole, each by
 * itself.
 *
 * @throws Fault E_STORE_CORRUPT that names the first event that would not be found.
 */
export async function checkEventIndexes(db: DatabaseSync): Promise<void> {
  const number = (sql: string): number => Number(db.prepare(sql).get()?.['n']);
  const lastSeq = number('SELECT coalesce(max(seq), 0) AS n FROM events');
  const lastTimed = number('SELECT coalesce(max(last_seq), 0) AS n FROM moments');
  const lookups = listLookups(db).map(({ index, missing, belonging, entries }) => ({
    index,
    missing: db.prepare(missing),
    belonging: db.prepare(belonging),
    entries: db.prepare(entries),
    expected: 0,
  }));
  const untimed = db.prepare(HIDDEN_IN_TIME);
  for (let from = 0; from < lastSeq; from += EVENTS_PER_READ) {
    const to = Math.min(lastSeq, from + EVENTS_PER_READ);
    for (const lookup of lookups) {
      const seq = lookup.missing.get(from, to)?.['seq'];
      if (seq !== undefined) throw hidden(`row ${seq} missing from index ${lookup.index}`);
      lookup.expected += Number(lookup.belonging.get(from, to)?.['n']);
    }
    const seq = untimed.get(from, Math.min(to, lastTimed))?.['seq'];
    if (seq !== undefined) throw new Fault('E_STORE_CORRUPT', `event ${seq} is not found by its time`);
    await nextTurn();
  }
  // Each event is where it should be: what else is in an index would be found where it does not belong.
  for (const { index, entries, expected } of lookups) {
    if (Number(entries.get(lastSeq)?.['n']) !== expected) throw hidden(`wrong # of entries in index ${index}`);
    await nextTurn();
  }
  await checkPostings(db, lastSeq);
  for (const { name } of db.prepare(OTHER_TABLES).all()) {
    const problem = db.prepare(`PRAGMA integrity_check("${String(name)}")`).get()?.['integrity_check'];
    if (problem !== 'ok') throw hidden(String(problem));
    await nextTurn();
  }
}

const hidden = (problem: string): Fault =>
  new Fault('E_STORE_CORRUPT', `what events are found by does not fit them: ${problem}`);

interface Lookup {
  readonly index: string;
  /** Finds the first event between two numbers that should be in the index and is not. */
  readonly missing: string;
  /** Counts the events between two numbers that should be in it. */
  readonly belonging: string;
  /** Counts what is in it of events up to a number. */
  readonly entries: string;
}

function listLookups(db: DatabaseSync): readonly Lookup[] {
  return db
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'events' AND sql IS NOT NULL")
    .all()
    .map(({ name, sql }) => {
      const index = String(name);
      const [, only = 'true'] = / WHERE (.*)$/s.exec(String(sql)) ?? [];
      const columns = db.prepare(`PRAGMA index_info("${index}")`).all();
      // The columns without a table are those of the nearest one: of `found` inside, of `event` outside.
      const same = columns.map((column) => `found."${column['name']}" = event."${column['name']}"`).join(' AND ');
      const lookup = `SELECT 1 FROM events AS found INDEXED BY "${index}" WHERE (${only}) AND ${same} AND found.seq = event.seq`;
      return {
        index,
        missing: `SELECT seq FROM events AS event NOT INDEXED
          WHERE seq > ? AND seq <= ? AND (${only}) AND NOT EXISTS (${lookup}) ORDER BY seq LIMIT 1`,
        belonging: `SELECT count(*) AS n FROM events NOT INDEXED WHERE seq > ? AND seq <= ? AND (${only})`,
        entries: `SELECT count(*) AS n FROM events INDEXED BY "${index}" WHERE (${only}) AND +seq <= ?`,
      };
    });
}

const OTHER_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'events' ORDER BY name";

/** The first event between two numbers that none of the rows of `moments` covers, by number and time. */
const HIDDEN_IN_TIME = `
  SELECT seq FROM events
  WHERE seq > ? AND seq <= ? AND NOT EXISTS (
    SELECT 1 FROM moments
    WHERE first_seq = (SELECT max(first_seq) FROM moments WHERE first_seq <= seq)
      AND last_seq >= seq AND from_ms <= at_ms AND to_ms >= at_ms
  ) ORDER BY seq LIMIT 1`;
