import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hiddenText } from './hidden-text.ts';
import { injectedText } from './injected-text.ts';
import { isPlainWord, isShortToken } from './plain-word.ts';
import { secretShapes } from './secret-shapes.ts';
import { secrets } from './secrets.ts';
import { shellShapes } from './shell-shapes.ts';
import { findSplitSecrets } from './split-secrets.ts';
import { unfold } from './unfold.ts';
import { findUrls } from './url-shapes.ts';

const DETECTORS = [secrets, secretShapes, hiddenText, injectedText, shellShapes];
const piece = fc.constantFrom(
  'AKIA',
  'ghp_',
  'sk-',
  'ignore',
  'pass',
  'token',
  '=',
  ':',
  '-',
  '@',
  '.',
  'a',
  'Z',
  '9',
  '4111',
  ' ',
  '\u200b',
);
const text = fc.oneof(
  fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')),
  fc.string({ maxLength: 24 }),
  fc.stringMatching(/^[\w@.+-]{0,24}$/),
);

describe('what need not be looked at', () => {
  it('a plain word has nothing in it that any detector finds', () => {
    let words = 0;
    fc.assert(
      fc.property(text, (one) => {
        if (!isPlainWord(one)) return;
        words++;
        for (const detector of DETECTORS) expect(detector.detect(one)).toEqual([]);
        expect(unfold(one).texts).toHaveLength(1);
      }),
      { numRuns: 3_000 },
    );
    expect(words).toBeGreaterThan(200);
  });

  it('a short token hides no other text, no sentence and no address', () => {
    let tokens = 0;
    fc.assert(
      fc.property(text, (one) => {
        if (!isShortToken(one)) return;
        tokens++;
        expect(unfold(one).texts).toHaveLength(1);
        expect(findUrls(one)).toEqual([]);
        expect(injectedText.detect(one)).toEqual([]);
        expect(hiddenText.detect(one)).toEqual([]);
        expect(findSplitSecrets(one, secretShapes)).toEqual([]);
      }),
      { numRuns: 5_000 },
    );
    expect(tokens).toBeGreaterThan(300);
  });

  it.each(['ann@example.com', 'm-1', 'room_4', '2026-11-21'])('%s is a short token', (one) => {
    expect(isShortToken(one)).toBe(true);
  });
  it.each(['two words', 'a/b', 'AKIAIOSFODNN7EXAMPLE', 'x'.repeat(23), 'a%41', 'é', '-----BEGIN '])(
    '%s is none',
    (one) => {
      expect(isShortToken(one)).toBe(false);
    },
  );
});
