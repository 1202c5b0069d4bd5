import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, suggest } from './suggest.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['agents', 'agnets', 1], // neighbours swapped
    ['kitten', 'sitting', 3],
    ['ca', 'abc', 3], // no edit inside a swap
    ['tools', 'tool', 1],
  ])('from `%s` to `%s` is %i', (from, to, distance) => {
    expect(editDistance(from, to, 9)).toBe(distance);
    expect(editDistance(to, from, 9)).toBe(distance);
    expect(editDistance(from, to, 0)).toBe(Math.min(distance, 1));
  });

  it('is nought exactly for equal texts and never more than the longer one', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = editDistance(a, b, 99);
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(editDistance(b, a, 99)).toBe(distance);
      }),
    );
  });
});

describe('suggest', () => {
  const keys = ['servers', 'tools', 'agents', 'policies', 'mode'];
  it.each([
    ['server', 'servers'],
    ['Tools', 'tools'],
    ['polices', 'policies'],
    ['mdoe', 'mode'],
    ['x', undefined],
    ['billing', undefined],
    ['tools', undefined], // it is there already
    ['a'.repeat(100_000), undefined],
  ])('for `%s` is %s', (written, meant) => {
    expect(suggest(written, keys)).toBe(meant);
  });
});
