import { limits } from '../../base/limits.ts';

/** Thrown when checking one value takes more work than is allowed. Caught where the check began, as `E_LIMIT`. */
export class WorkExhausted extends Error {
  override readonly name = 'WorkExhausted';
}

/**
 * Bounds the work of one check. A server may describe a schema whose validation takes time exponential in the depth
 * of the value (alternatives that refer to themselves), so the validator counts as it goes.
 */
export class WorkBudget {
  #left = 0;

  refill(): void {
    this.#left = limits.validationSteps;
  }

  /** Takes `steps` of about ten nanoseconds each; throws `WorkExhausted` when they are spent. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new WorkExhausted('checking this value takes too much work');
  }
}
