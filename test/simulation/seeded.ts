import type { Clock } from '../../src/base/clock.ts';

/** A small, fast generator (mulberry32): the same seed gives the same world. */
export class Seeded {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }
}

/** A clock that the seed drives: it ticks at every reading, and jumps now and then in either direction. */
export function seededClock(seeded: Seeded): Clock {
  let nowMs = 1_700_000_000_000;
  let monotonicMs = 0;
  return {
    nowMs() {
      nowMs += seeded.chance(0.01) ? seeded.below(120_000) - 60_000 : seeded.below(3);
      return nowMs;
    },
    monotonicMs() {
      monotonicMs += seeded.next();
      return monotonicMs;
    },
    randomBytes: (count) => Uint8Array.from({ length: count }, () => seeded.below(256)),
  };
}

/** Lets other work go first, a seeded number of times, so that interleavings differ by seed. */
export async function yieldSome(seeded: Seeded): Promise<void> {
  for (let i = seeded.below(4); i > 0; i--) await Promise.resolve();
}
