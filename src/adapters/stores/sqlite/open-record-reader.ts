import type { SQLOutputValue } from 'node:sqlite';
import type { Digest } from '../../../base/digest.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import type { RecordReader } from '../../../ports/ledger.ts';
import { digestFields } from './append-event.ts';
import { checkEventIndexes } from './check-event-indexes.ts';
import { findById } from './find-by-id.ts';
import { findMissingBundle, type Kept, type KeptKind, listKept } from './list-kept.ts';
import { openDatabaseReadOnly } from './open-database.ts';
import { prepareOnce } from './prepare-once.ts';
import { explain } from './to-fault.ts';
import type { WireEvent } from './wire.ts';

export interface CheckedRecordReader extends RecordReader {
  /**
   * Holds what events are found by against the events: where some are left out of it, a query would leave them out as well.
   * Reads the whole file, a page at a time: whoever writes is not held, and the write-ahead log stays short. Rejects with a `Fault` E_STORE_CORRUPT.
   */
  checkIndexes(): Promise<void>;
  /** So many of a kind of what is kept beside the events, in the order of their names, after one of them. */
  listKept(kind: KeptKind, after: string, limit: number): Promise<readonly Kept[]>;
  /** The name of a bundle that was in force and is not kept, if there is one. */
  findMissingBundle(): Promise<string | undefined>;
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
  const prepare = prepareOnce(db);
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
        return findById(prepare, id);
      } catch (error) {
        throw explain(error, path);
      }
    },
    async checkIndexes() {
      try {
        await checkEventIndexes(db);
      } catch (error) {
        throw error instanceof Fault ? error : explain(error, path);
      }
    },
    async listKept(kind, after, limit) {
      try {
        return listKept(db, kind, after, limit);
      } catch (error) {
        throw explain(error, path);
      }
    },
    async findMissingBundle() {
      try {
        return findMissingBundle(db);
      } catch (error) {
        throw explain(error, path);
      }
    },
    async close() {
      close();
    },
  };
}

function digestRow(row: Readonly<Record<string, SQLOutputValue>>, expected: number): Digest {
  if (row['seq'] !== expected) throw new Fault('E_STORE_CORRUPT', `event ${expected} is missing from the record`);
  const { id, kind, tenant, run_id, call_id, agent, tool, user, at_ms, body, digest } = row;
  const event = [id, kind, tenant, run_id, call_id, agent, tool, user, at_ms, body] as unknown as WireEvent; // as its columns
  const taken = digestFields(event, expected);
  if (taken !== digest) throw new Fault('E_STORE_CORRUPT', `event ${expected} of the record is not what was written`);
  return taken;
}
