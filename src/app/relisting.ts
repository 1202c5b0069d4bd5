import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';

/**
 * Lists tools again when servers say that they changed: at once for the first `limits.relists` times, and from then on
 * once in `limits.relistMs`, however often they say so. Everything that was said by then is answered by that one listing.
 */
export class Relisting {
  readonly #clock: Clock;
  readonly #relist: () => void;
  #left: number = limits.relists;
  #atMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, relist: () => void) {
    this.#clock = clock;
    this.#relist = relist;
    this.#atMs = clock.monotonicMs();
  }

  ask(): void {
    if (this.#timer !== undefined) return;
    this.#refill();
    const waitMs = Math.max(0, (1 - this.#left) * limits.relistMs);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#refill();
      this.#left -= 1;
      this.#relist();
    }, waitMs).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #refill(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#left = Math.min(limits.relists, this.#left + (nowMs - this.#atMs) / limits.relistMs);
    this.#atMs = nowMs;
  }
}
