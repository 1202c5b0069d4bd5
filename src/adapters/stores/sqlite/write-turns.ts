import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../base/clock.ts';
import { sleepMs } from './sleep.ts';
import { whileBusy } from './while-busy.ts';

/** How long one process writes on before it lets the others. */
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

export interface WriteTurnsOptions {
  readonly clock: Clock;
  /** How long to wait for others. */
  readonly timeoutMs: number;
  /** Whether anybody else has the file open. Asked at the end of a turn, not for each transaction. */
  readonly hasOthers: () => boolean;
}

/** Turns on a connection whose own busy time-out is 0: waiting is done here. */
export function createWriteTurns(db: DatabaseSync, { clock, timeoutMs, hasOthers }: WriteTurnsOptions): WriteTurns {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const selectVersion = db.prepare('PRAGMA data_version'); // differs once another connection has written
  let version: unknown;
  let turnStartedMs = 0;
  let endedMs = 0;

  function letOthers(): void {
    const nowMs = clock.monotonicMs();
    if (nowMs - endedMs >= PAUSE_MS) turnStartedMs = nowMs;
    if (nowMs - turnStartedMs < TURN_MS) return;
    if (hasOthers()) sleepMs(PAUSE_MS);
    turnStartedMs = clock.monotonicMs();
  }

  return {
    begin() {
      letOthers();
      whileBusy(clock, timeoutMs, () => begin.run());
      const now = selectVersion.get()?.['data_version'];
      if (now === version) return false;
      version = now;
      turnStartedMs = clock.monotonicMs();
      return true;
    },
    end() {
      endedMs = clock.monotonicMs();
    },
  };
}
