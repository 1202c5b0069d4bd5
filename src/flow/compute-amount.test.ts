import { describe, expect, it } from 'vitest';
import { followsFrom } from './compute-amount.ts';

describe('followsFrom', () => {
  it.each<[number, number[], number[], string, boolean]>([
    [2, [10], [12], 'send back the difference', true],
    [4, [10], [12], 'we shared it; send them the difference of my share', true],
    [5, [50], [10], 'prices went up 10%, send the difference', true],
    [200.29, [1000], [19.5, 5.29], 'an additional 19.5% plus a fee of 5.29', true],
    [60, [10, 20, 30], [], 'pay the total', true],
    [1200, [1100], [100], 'the rent is increased by 100', true],
    // Nothing names the operation, or nothing adds up.
    [2, [10], [12], 'send it', false],
    [7, [10], [12], 'send back the difference', false],
    [66613, [10], [12], 'the total of everything', false],
  ])('%d from %j and %j, “%s”: %s', (amount, bases, operands, words, expected) => {
    expect(followsFrom(amount, bases, operands, words)).toBe(expected);
  });

  it('proves nothing from too many numbers', () => {
    const many = Array.from({ length: 40 }, (_, i) => i + 1);
    expect(followsFrom(3, many, [], 'the sum')).toBe(false);
  });
});
