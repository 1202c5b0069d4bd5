import type { Clock } from '../../../base/clock.ts';
import { sleepMs } from './sleep.ts';
import { isBusy } from './to-fault.ts';

/** Short and always the same, unlike SQLite's own: who has waited long must not be at a disadvantage. */
const TRY_AGAIN_MS = 1;

/** Tries until no other process holds the lock that is needed. Throws what the last try threw once the time is over. */
export function whileBusy<Result>(clock: Clock, timeoutMs: number, attempt: () => Result): Result {
  const startedMs = clock.monotonicMs();
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || clock.monotonicMs() - startedMs >= timeoutMs) throw error;
      sleepMs(TRY_AGAIN_MS);
    }
  }
}
