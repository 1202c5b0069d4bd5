import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../base/clock.ts';
import { sleepMs } from './sleep.ts';
import { whileBusy } from './while-busy.ts';

/** How long one process may write on while others have the store open, before it lets them. */
const TURN_MS = 50;
/** How long it lets them: a few times what one that waits takes to try again. */
const PAUSE_MS = 4;

/** Whose turn it is to write, among the processes that have the file open. */
export interface WriteTurns {
  /**
   * Begins a transaction that writes, when it is this process's turn. Returns whether anybody else has written since
   * the last one; what was remembered of the file is out of date then.
   */
  begin(): boolean;
  /** To be called when the transaction has ended, whichever way. */
  end(): void;
}

/** Turns on a connection whose own busy time-out is 0: waiting is done here. */
export function createWriteTurns(db: DatabaseSync, timeoutMs: number, clock: Clock): WriteTurns {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const selectVersion = db.prepare('PRAGMA data_version');
  const countInstances = db.prepare('SELECT count(*) AS count FROM instances');
  let version: unknown;
  let hasOthers = false;
  let turnStartedMs = 0;
  let endedMs = 0;

  return {
    begin() {
      if (hasOthers) {
        const nowMs = clock.monotonicMs();
        if (nowMs - endedMs >= PAUSE_MS) turnStartedMs = nowMs;
        else if (nowMs - turnStartedMs >= TURN_MS) {
          sleepMs(PAUSE_MS);
          turnStartedMs = nowMs + PAUSE_MS;
        }
      }
      whileBusy(clock, timeoutMs, () => begin.run());
      const now = selectVersion.get()?.['data_version'];
      if (now === version) return false;
      version = now;
      hasOthers = Number(countInstances.get()?.['count']) > 1;
      turnStartedMs = clock.monotonicMs();
      return true;
    },
    end() {
      if (hasOthers) endedMs = clock.monotonicMs();
    },
  };
}
