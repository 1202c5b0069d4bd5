import type { Clock } from '../../../base/clock.ts';
import { createCommitBatch } from './commit-batch.ts';
import { openBeside } from './open-database.ts';
import { isBusy } from './to-fault.ts';
import type { CommitAnswer, FlatCommit } from './wire.ts';

/** So many in a row that each took longer than this were on a slow disk: the calling thread must not wait for it again. */
const SLOW_MS = 5;
/** A single one tells nothing: on a busy machine, whoever writes may be made to wait for its turn of the processor. */
const SLOW_IN_A_ROW = 3;
/** How many commits the worker does then. */
const REST_COMMITS = 500;
/** Every so many the worker does one, which copies the write-ahead log back when it has grown. */
const IN_A_ROW = 500;

/**
 * Commits on the calling thread. To wake another thread and be woken by it takes longer than the commit itself on a
 * fast disk; so while there is only one call under way, it is done here.
 */
export interface CommitAlone {
  /**
   * Answers as the worker would, or undefined where the worker has to do it: another process is writing, the disk is
   * slow, or it is the worker's turn. Nothing was written then. Throws a `Fault` when the file must not be written to
   * again.
   */
  commit(commit: FlatCommit): CommitAnswer | undefined;
  close(): void;
}

/** @param instance the number under which this process has the file open: who opens the intents. */
export function createCommitAlone(path: string, instance: number, clock: Clock): CommitAlone {
  const db = openBeside(path);
  const begin = db.prepare('BEGIN IMMEDIATE');
  const selectVersion = db.prepare('PRAGMA data_version'); // differs once another connection has written
  let version: unknown;
  let isTaken = false;
  const turns = {
    begin() {
      try {
        begin.run();
      } catch (error) {
        isTaken = isBusy(error);
        throw error;
      }
      const now = selectVersion.get()?.['data_version'];
      if (now === version) return false;
      version = now;
      return true;
    },
    end() {},
  };
  const commitBatch = createCommitBatch(db, { path, instance, turns });
  let rest = 0;
  let inARow = 0;
  let slow = 0;

  return {
    commit(commit) {
      if (rest > 0) {
        rest -= 1;
        return undefined;
      }
      if (inARow >= IN_A_ROW) {
        inARow = 0;
        return undefined;
      }
      inARow += 1;
      isTaken = false;
      const startedMs = clock.monotonicMs();
      const [answer] = commitBatch([commit]);
      slow = clock.monotonicMs() - startedMs > SLOW_MS ? slow + 1 : 0;
      if (slow >= SLOW_IN_A_ROW) {
        slow = 0;
        rest = REST_COMMITS;
      }
      return isTaken ? undefined : answer;
    },
    close() {
      db.close();
    },
  };
}
