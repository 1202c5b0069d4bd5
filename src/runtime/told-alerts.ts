import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';

/** Which alerts people were told of lately, in this process. Bounded, the oldest forgotten first. */
export class ToldAlerts {
  readonly #clock: Clock;
  readonly #told = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether people were not told of this lately. Then they count as told now. */
  isNew(about: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const toldMs = this.#told.get(about);
    if (toldMs !== undefined && nowMs - toldMs < limits.alertAgainMs) return false;
    this.#told.delete(about);
    this.#told.set(about, nowMs);
    const [oldest] = this.#told.keys();
    if (this.#told.size > limits.alertsTold && oldest !== undefined) this.#told.delete(oldest);
    return true;
  }
}
