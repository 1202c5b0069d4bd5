import type { SQLOutputValue } from 'node:sqlite';
import type { Digest } from '../../../base/digest.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import type { RecordReader } from '../../../ports/ledger.ts';
import { digestFields } from './append-event.ts';
import { openDatabaseReadOnly } from './open-database.ts';
import { explain } from './to-fault.ts';
import type { WireEvent } from './wire.ts';

export interface CheckedRecordReader extends RecordReader {
  /**
   * Holds what events are found by against the events: where some are left out of it, a query would leave them out as well.
   * Reads the whole file. Rejects with a `Fault` E_STORE_CORRUPT.
   */
  checkIndexes(): Promise<void>;
}

/**
 * Reads a store's events one after the other, of every tenant, while others write. Reads run on the calling thread: ask
 * for few at a time.
 *
 * @throws Fault as `openSqliteStoreReadOnly`.
 */
export function openRecordReader({ path }: { readonly path: string }): CheckedRecordReader {
  const { db, close } = openDatabaseReadOnly(path, limits.commitTimeoutMs);
  const selectLast = db.prepare('SELECT coalesce(max(seq), 0) AS last FROM events');
  const selectPage = db.prepare('SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?');
  const selectById = db.prepare('SELECT seq FROM events WHERE id = ?');
  return {
    async lastSeq() {
      try {
        return Number(selectLast.get()?.['last']);
      } catch (error) {
        throw explain(error, path);
      }
    },
    async readDigests(afterSeq, limit) {
      try {
        const digests: Digest[] = [];
        for (const row of selectPage.iterate(afterSeq, limit))
          digests.push(digestRow(row, afterSeq + digests.length + 1));
        return digests;
      } catch (error) {
        throw error instanceof Fault ? error : explain(error, path);
      }
    },
    async findEvent(id) {
      try {
        const row = selectById.get(id);
        return row && Number(row['seq']);
      } catch (error) {
        throw explain(error, path);
      }
    },
    async checkIndexes() {
      try {
        const [problem] = db
          .prepare('PRAGMA integrity_check(1)')
          .all()
          .map((row) => String(row['integrity_check']));
        if (problem !== 'ok')
          throw new Fault('E_STORE_CORRUPT', `what events are found by does not fit them: ${problem}`);
        const hidden = db.prepare(HIDDEN_IN_TIME).get()?.['seq'];
        if (hidden !== undefined) throw new Fault('E_STORE_CORRUPT', `event ${hidden} is not found by its time`);
      } catch (error) {
        throw error instanceof Fault ? error : explain(error, path);
      }
    },
    async close() {
      close();
    },
  };
}

/** The first event before the end of `moments` that none of its rows covers, by number and time. */
const HIDDEN_IN_TIME = `
  SELECT seq FROM events
  WHERE seq <= (SELECT coalesce(max(last_seq), 0) FROM moments) AND NOT EXISTS (
    SELECT 1 FROM moments
    WHERE first_seq = (SELECT max(first_seq) FROM moments WHERE first_seq <= seq)
      AND last_seq >= seq AND from_ms <= at_ms AND to_ms >= at_ms
  ) ORDER BY seq LIMIT 1`;

function digestRow(row: Readonly<Record<string, SQLOutputValue>>, expected: number): Digest {
  if (row['seq'] !== expected) throw new Fault('E_STORE_CORRUPT', `event ${expected} is missing from the record`);
  const { id, kind, tenant, run_id, call_id, agent, tool, user, at_ms, body, digest } = row;
  const event = [id, kind, tenant, run_id, call_id, agent, tool, user, at_ms, body] as unknown as WireEvent; // as its columns
  const taken = digestFields(event, expected);
  if (taken !== digest) throw new Fault('E_STORE_CORRUPT', `event ${expected} of the record is not what was written`);
  return taken;
}
