import { describe, expect, it } from 'vitest';
import { added, measureInTurns, quantile, ratio, type Samples, summarize } from './sample.ts';

const samples = (name: string, ...roundMediansMs: number[]): Samples => ({
  name,
  valuesMs: roundMediansMs,
  roundMediansMs,
});

describe('quantile', () => {
  it.each([
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 3, 2], 0.5, 2],
    [Array.from({ length: 100 }, (_, i) => i + 1), 0.99, 99],
    [[7], 0.99, 7],
    [[1, 2], 0, 1],
  ])('of %j at %d is %d', (values, q, expected) => expect(quantile(values, q)).toBe(expected));
  it('of nothing is no number', () => expect(quantile([], 0.5)).toBeNaN());
});

it('compares subjects round by round, so that a slow moment of the machine counts for both', () => {
  const a = samples('a', 2, 20, 2);
  const b = samples('b', 1, 10, 1);
  expect(ratio(a, b)).toBe(2);
  expect(added(a, b)).toBe(1);
});

it('leaves no value out of a summary', () => {
  expect(summarize(samples('a', 1, 2, 300))).toMatchObject({ samples: 3, p50Ms: 2, p99Ms: 300, meanMs: 101 });
});

it('gives every subject the same calls, and begins each round with another', async () => {
  const order: string[] = [];
  const subject = (name: string) => ({ name, call: async () => order.push(name) });
  const all = await measureInTurns([subject('a'), subject('b')], {
    warmUpCalls: 1,
    callsPerRound: 2,
    minRounds: 3,
    durationMs: 0,
  });
  expect(order.join('')).toBe('ab' + 'aabb' + 'bbaa' + 'aabb');
  expect(all.map(({ valuesMs, roundMediansMs }) => [valuesMs.length, roundMediansMs.length])).toEqual([
    [6, 3],
    [6, 3],
  ]);
});
