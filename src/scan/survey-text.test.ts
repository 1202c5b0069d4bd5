import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AnchorFinder } from './find-anchors.ts';
import { surveyText } from './survey-text.ts';

const unit = fc.constantFrom(
  'a',
  'B',
  '7',
  '42',
  ' ',
  '\n',
  '-',
  ':',
  'é',
  '\u0001',
  'abcd ',
  '4f ',
  '0x41 ',
  '/',
  '.',
);
const anyText = fc.string({ unit, maxLength: 120 });

it('overlooks nothing that the patterns behind it could match', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const { longRuns, numbers, hasHexPairs, hasWordRow, hasNonAscii, isPrintable } = surveyText(text);
      expect(longRuns.map(({ start, end }) => text.slice(start, end))).toEqual(
        text.match(/[A-Za-z0-9+/_-]{16,}/g) ?? [],
      );
      if (/(?<!\w)(?:[0-9a-f]{2} ){8}(?!\w)/.test(text)) expect(hasHexPairs).toBe(true);
      if (/(?<![\w+/-])(?:[a-z]{3,8} ){12}/.test(text)) expect(hasWordRow).toBe(true);
      for (const match of text.matchAll(/\d(?:[ .:-]?\d){5,}/g)) {
        expect(numbers.some(({ start, end }) => start <= match.index && end >= match.index + match[0].length)).toBe(
          true,
        );
      }
      expect(hasNonAscii).toBe(/[^\0-\x7f]/.test(text));
      expect(isPrintable).toBe(!/[^\t\n\r -~]/.test(text));
    }),
  );
});

it('keeps the digits of one number together, whatever divides them', () => {
  const group = fc.string({ unit: fc.constantFrom('1', '7', '4'), minLength: 1, maxLength: 4 });
  const mark = fc.constantFrom(' ', '-', '. ', ') ', '/');
  fc.assert(
    fc.property(
      fc.array(group, { minLength: 6, maxLength: 9 }),
      mark,
      fc.nat({ max: 200 }),
      (groups, between, room) => {
        const number = groups.join(between);
        const text = `${'x'.repeat(room)} ${number} ${'x'.repeat(room)}`;
        const at = room + 1;
        expect(surveyText(text).numbers).toEqual([
          { start: Math.max(0, at - 40), end: Math.min(text.length, at + number.length - 1 + 40) },
        ]);
      },
    ),
  );
});

it('finds every anchor where it stands, as a search for each would', () => {
  const anchors = ['abc', 'bcd', 'ab-', '-----', 'bca b', '\nab'];
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'B', '-', ' ', '\n'), maxLength: 60 }),
      fc.boolean(),
      (text, ignoreCase) => {
        const found = new AnchorFinder(anchors, ignoreCase).find(text);
        const looked = ignoreCase ? text.toLowerCase() : text;
        for (const [index, anchor] of anchors.entries()) {
          const places: number[] = [];
          for (let at = looked.indexOf(anchor); at >= 0; at = looked.indexOf(anchor, at + 1)) places.push(at);
          expect(found.get(index) ?? []).toEqual(places);
        }
      },
    ),
  );
});
