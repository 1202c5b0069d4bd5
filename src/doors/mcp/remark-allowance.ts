import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';

const REFILL_MS = 60_000;

/** How much a server may say beside its results: a burst of `limits.remarks`, refilled over a minute. */
export class RemarkAllowance {
  readonly #clock: Clock;
  #left: number = limits.remarks;
  #atMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.monotonicMs();
  }

  /** Whether one more may pass. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#left = Math.min(limits.remarks, this.#left + ((nowMs - this.#atMs) / REFILL_MS) * limits.remarks);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
