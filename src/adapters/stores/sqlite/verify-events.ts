import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits } from '../../../base/limits.ts';
import { digestFields } from './append-event.ts';
import { openDatabaseReadOnly } from './open-database.ts';
import { explain } from './to-fault.ts';
import type { WireEvent } from './wire.ts';

export interface EventsCheck {
  /** How many events were looked at. */
  readonly checked: number;
  /** The number of the last event, 0 when there is none. */
  readonly lastSeq: number;
  /** The first event that is not what was written. Absent when all is well. */
  readonly problem?: { readonly seq: number; readonly message: string };
}

const EVENTS_PER_TURN = 500;

/**
 * Takes the digest of the newest events again (all of them unless `newest` is given), and looks for gaps in their
 * numbers. Works while another process has the store open, and leaves the event loop its turns.
 *
 * @throws Fault as `openSqliteStoreReadOnly`.
 */
export async function verifyEvents(options: { readonly path: string; readonly newest?: number }): Promise<EventsCheck> {
  const { path, newest } = options;
  const { db, close } = openDatabaseReadOnly(path, limits.commitTimeoutMs);
  try {
    const lastSeq = Number(db.prepare('SELECT coalesce(max(seq), 0) AS last FROM events').get()?.['last']);
    const firstSeq = newest === undefined ? 1 : Math.max(1, lastSeq - newest + 1);
    const page = db.prepare(`SELECT * FROM events WHERE seq >= ? AND seq <= ? ORDER BY seq LIMIT ${EVENTS_PER_TURN}`);
    let expected = firstSeq;
    for (;;) {
      const rows = page.all(expected, lastSeq);
      for (const row of rows) {
        const problem = findProblem(row, expected);
        if (problem !== undefined) {
          return { checked: expected - firstSeq, lastSeq, problem: { seq: expected, message: problem } };
        }
        expected++;
      }
      if (rows.length < EVENTS_PER_TURN) break;
      await nextTurn();
    }
    return { checked: expected - firstSeq, lastSeq };
  } catch (error) {
    throw explain(error, path);
  } finally {
    close();
  }
}

function findProblem(row: Readonly<Record<string, unknown>>, expected: number): string | undefined {
  if (row['seq'] !== expected) return `event ${expected} is missing: ${row['seq']} follows ${expected - 1}`;
  const { id, kind, tenant, run_id, call_id, agent, tool, user, at_ms, body, digest } = row;
  const event = [id, kind, tenant, run_id, call_id, agent, tool, user, at_ms, body] as unknown as WireEvent; // as its columns
  return digestFields(event, expected) === digest ? undefined : `event ${expected} is not what was written`;
}
