import { EvaluationError } from './evaluation-error.ts';

/**
 * A Cedar long, a signed 64-bit integer. A plain number wherever that is exact, a bigint beyond; never both for one
 * value, so `===` is equality. `<` compares the two kinds exactly.
 */
export type Long = number | bigint;

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;

export function isLong(value: unknown): value is Long {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** The one representation of `value`, or an `EvaluationError` where 64 bits do not hold it. */
export function toLong(value: bigint, what: string): Long {
  if (value < MIN || value > MAX) throw new EvaluationError(`integer overflow: ${what}`);
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

// An inexact double result is never a safe integer, so the fast way out is exact.
export function addLongs(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toLong(BigInt(a) + BigInt(b), `${a} + ${b}`);
}

export function subtractLongs(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return toLong(BigInt(a) - BigInt(b), `${a} - ${b}`);
}

export function multiplyLongs(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product === 0 ? 0 : product; // 0 × -1 is -0, which prints differently
  }
  return toLong(BigInt(a) * BigInt(b), `${a} * ${b}`);
}

/** Integer division that rounds towards zero. `by` is a positive constant. */
export function divideLong(a: Long, by: number): Long {
  return toLong(BigInt(a) / BigInt(by), `${a} / ${by}`);
}
