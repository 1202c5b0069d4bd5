import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coversLabel, joinLabels, type Label, leastLabel } from '../../src/model/label.ts';

const SECRECY = ['public', 'internal', 'secret'] as const;
const labels: fc.Arbitrary<Label> = fc.record(
  {
    integrity: fc.constantFrom('trusted' as const, 'untrusted' as const),
    secrecy: fc.constantFrom(...SECRECY),
    origins: fc.uniqueArray(fc.constantFrom('a/read', 'b/read', 'source:mail'), { maxLength: 3 }),
    flagged: fc.constant(true),
  },
  { requiredKeys: ['integrity', 'secrecy', 'origins'] },
);

describe('law 3: joining labels', () => {
  it('never raises trust, releases a secret, forgets an origin or takes back a flag', () => {
    fc.assert(
      fc.property(fc.array(labels, { maxLength: 6 }), (parts) => {
        const joined = parts.reduce(joinLabels, leastLabel);
        const untrusted = parts.some(({ integrity }) => integrity === 'untrusted');
        expect(joined.integrity).toBe(untrusted ? 'untrusted' : 'trusted');
        for (const part of parts) {
          expect(SECRECY.indexOf(joined.secrecy)).toBeGreaterThanOrEqual(SECRECY.indexOf(part.secrecy));
          expect(joined.origins).toEqual(expect.arrayContaining([...part.origins]));
          expect(joined.flagged ?? false).toBe(parts.some(({ flagged }) => flagged === true));
          expect(coversLabel(joined, part)).toBe(true);
        }
      }),
    );
  });

  it('comes to the same in any order, and however often', () => {
    fc.assert(
      fc.property(labels, labels, labels, (a, b, c) => {
        const one = joinLabels(joinLabels(a, b), c);
        expect(joinLabels(c, joinLabels(b, a))).toEqual(one);
        expect(joinLabels(one, a)).toEqual(one);
      }),
    );
  });
});
