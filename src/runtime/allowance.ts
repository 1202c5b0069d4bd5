import type { MeterTake } from '../model/meter.ts';
import type { Change } from '../ports/store.ts';

/** What a call has used of what its intent reserved. */
export interface Spent {
  /** Of a result that was handed over. */
  readonly bytes: number;
  /** Until the tool answered, or was given up. */
  readonly tookMs: number;
  /** When its outcome is recorded. */
  readonly atMs: number;
}

/** What an intent has reserved: no more is handed over, and no more time given. What is not used is given back. */
export interface Allowance {
  /** Absent: no budget of result bytes applies. */
  readonly resultBytes?: number;
  /** Absent: no budget of time applies. */
  readonly callMs?: number;
  /** Gives back all but what was used, in the transaction that records the outcome. */
  settle(spent: Spent): readonly Change[];
}

type Reserved = { readonly take: MeterTake; readonly amount: number };

/** @param taken what was taken of each, in order. */
export function allow(takes: readonly MeterTake[], taken: readonly number[], takenAtMs: number): Allowance {
  const reservedOf = (kind: string): readonly Reserved[] =>
    takes.flatMap((take, i) => (take.meter.startsWith(`${kind}/`) ? [{ take, amount: taken[i] ?? 0 }] : []));
  const bytes = reservedOf('resultBytes');
  const time = reservedOf('callTime');
  if (bytes.length === 0 && time.length === 0) return { settle: () => [] };
  const least = (reserved: readonly Reserved[]) => Math.min(...reserved.map(({ amount }) => amount));
  return {
    ...(bytes.length === 0 ? {} : { resultBytes: least(bytes) }),
    ...(time.length === 0 ? {} : { callMs: least(time) }),
    settle: (spent) => {
      const tookMs = Math.ceil(spent.tookMs); // what is counted is whole, and never less than it was
      return [
        {
          kind: 'budget.give',
          gives: [
            ...bytes.map((reserved) => giveBack(reserved, spent.bytes, takenAtMs)),
            ...time.map((reserved) => giveBack(reserved, tookMs, takenAtMs)),
          ],
        },
        ...countLate(time, tookMs, spent.atMs),
      ];
    },
  };
}

function giveBack({ take: { meter, windowMs }, amount }: Reserved, used: number, takenAtMs: number) {
  return {
    meter,
    amount: amount - Math.min(amount, used),
    ...(windowMs === undefined ? {} : { windowMs }),
    takenAtMs,
  };
}

/** A timer on a busy machine fires late: what a call took beyond its deadline counts too. */
function countLate(time: readonly Reserved[], tookMs: number, nowMs: number): readonly Change[] {
  const takes = time
    .filter(({ amount }) => tookMs > amount)
    .map(({ take: { max: _, ...take }, amount }) => ({ ...take, amount: tookMs - amount }));
  return takes.length === 0 ? [] : [{ kind: 'budget.take', takes, nowMs }];
}
