/**
 * A policy could not be evaluated for a request: a type error, a missing attribute, an overflow. Not a fault of the
 * product; whoever decides turns it into a denial that names the policy.
 */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}

/** The error of an operator that was given a value of the wrong type. */
export function typeError(expected: string, found: string): EvaluationError {
  return new EvaluationError(`type error: expected ${expected}, found ${found}`);
}
