import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import { RequestRefused } from './refuse.ts';

/**
 * How often one address may try to sign in, under whatever names. A bucket that fills again; what is forgotten when there
 * are too many addresses is the longest unused.
 */
export class SignInLimiter {
  readonly #clock: Clock;
  readonly #fullAtMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts an attempt. Ends the request with `E_BUSY` where there were too many. */
  take(address: string | undefined): void {
    const key = address ?? '';
    const nowMs = this.#clock.monotonicMs();
    const fullAtMs = Math.max(nowMs, this.#fullAtMs.get(key) ?? 0) + limits.signInEveryMs;
    if (fullAtMs - nowMs > limits.signInBurst * limits.signInEveryMs)
      throw new RequestRefused('E_BUSY', {
        headers: { 'retry-after': String(Math.ceil(limits.signInEveryMs / 1_000)) },
      });
    this.#fullAtMs.delete(key);
    this.#fullAtMs.set(key, fullAtMs);
    const oldest = this.#fullAtMs.keys().next().value;
    if (this.#fullAtMs.size > limits.signInAddresses && oldest !== undefined) this.#fullAtMs.delete(oldest);
  }
}
