import type { MeterTake } from '../model/meter.ts';
import type { Change } from '../ports/store.ts';

/** What an intent has reserved of result bytes: no result of more is handed over, and what is not used is given back. */
export interface Allowance {
  /** Absent: no budget of result bytes applies. */
  readonly resultBytes?: number;
  /** Gives back all but what was handed over, in the transaction that records the outcome. */
  settle(handedOverBytes: number): readonly Change[];
}

/** @param taken what was taken of each, in order. */
export function allow(takes: readonly MeterTake[], taken: readonly number[], takenAtMs: number): Allowance {
  const reserved = takes
    .map((take, i) => ({ take, amount: taken[i] ?? 0 }))
    .filter(({ take }) => take.meter.startsWith('resultBytes/'));
  if (reserved.length === 0) return { settle: () => [] };
  return {
    resultBytes: Math.min(...reserved.map(({ amount }) => amount)),
    settle: (handedOverBytes) => [
      {
        kind: 'budget.give',
        gives: reserved.map(({ take: { meter, windowMs }, amount }) => ({
          meter,
          amount: amount - Math.min(amount, handedOverBytes),
          ...(windowMs === undefined ? {} : { windowMs }),
          takenAtMs,
        })),
      },
    ],
  };
}
