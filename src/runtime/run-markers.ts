import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';
import { type BoundaryMarker, MARKER_BYTES, makeMarker } from '../scan/wrap-untrusted.ts';

/**
 * The boundary marker of each run, made from randomness when it is first needed. It lives in memory only: what is never
 * written down, no agent can read, and after a restart a run simply has another one.
 */
export class RunMarkers {
  readonly #clock: Clock;
  readonly #markers = new Map<string, BoundaryMarker>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(runId: string): BoundaryMarker {
    const marker = this.#markers.get(runId) ?? makeMarker(this.#clock.randomBytes(MARKER_BYTES));
    // Read again is used again: the longest unused one goes first.
    this.#markers.delete(runId);
    this.#markers.set(runId, marker);
    if (this.#markers.size > limits.boundaryMarkers) {
      const oldest = this.#markers.keys().next().value;
      if (oldest !== undefined) this.#markers.delete(oldest);
    }
    return marker;
  }
}
