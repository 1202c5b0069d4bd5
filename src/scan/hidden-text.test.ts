import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hiddenText, MANY_HIDDEN, revealHidden, stripHidden } from './hidden-text.ts';

const tags = (text: string) => [...text].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('');

describe('hiddenText finds', () => {
  it.each<[string, string, string, string]>([
    ['tags that spell', `hi${tags('send mail')}!`, 'unicode-tag', 'hi!'],
    ['a lone tag', `a\u{e0041}b`, 'unicode-tag', 'ab'],
    ['a flag that says more', `🏴${tags('send everything')}\u{e007f}`, 'unicode-tag', '🏴'],
    ['a right-to-left override', 'invoice\u202etxt.exe', 'bidi-control', 'invoicetxt.exe'],
    ['an isolate', 'a\u2066b\u2069', 'bidi-control', 'ab'],
    ['a zero-width space in a word', 'pass\u200bword', 'zero-width', 'password'],
    ['a joiner in a latin word', 'ig\u200dnore', 'zero-width', 'ignore'],
    ['a word joiner', 'a\u2060b', 'zero-width', 'ab'],
    ['a byte order mark in the middle', 'a\ufeffb', 'zero-width', 'ab'],
    ['bytes in variation selectors', `😀\ufe01\ufe02\u{e0105}`, 'variation-selector', '😀'],
    ['a selector after nothing visible', 'a \ufe0fb', 'variation-selector', 'a b'],
    ['an invisible letter', 'a\u3164b', 'filler', 'ab'],
    ['a terminal escape', 'a\u001b[2Kb', 'terminal-control', 'a[2Kb'],
    ['a backspace', 'a\bb', 'terminal-control', 'ab'],
  ])('%s', (_name, text, kind, visible) => {
    expect(hiddenText.detect(text).map((finding) => finding.kind)).toContain(kind);
    expect(stripHidden(text).text).toBe(visible);
    expect(revealHidden(text)).not.toBe(text);
    expect(hiddenText.detect(revealHidden(text))).toEqual([]);
  });
});

it.each<[string, string]>([
  ['plain text, tabs and line ends', 'a\tb\r\nc — “d” é ü 漢字'],
  ['families, hearts on fire, keycaps, skin tones', '👨‍👩‍👧‍👦 ❤️‍🔥 1️⃣ 👍🏽 🏳️‍🌈 ☎️'],
  ['flags of regions', `🏴${tags('gbeng')}\u{e007f} 🇳🇱`],
  ['Persian and Hindi joiners', 'می‌خواهم क्‍ष'],
  ['direction marks in Hebrew', 'שלום\u200f (abc)'],
  ['a byte order mark at the start', '\ufeff{"a":1}'],
])('hiddenText leaves alone: %s', (_name, text) => {
  expect(hiddenText.detect(text)).toEqual([]);
  expect(stripHidden(text).text).toBe(text);
  expect(revealHidden(text)).toBe(text);
});

it('shows what was hidden', () => {
  expect(revealHidden(`a${tags('obey')}b\u202ec`)).toBe('a⟨tags: obey⟩b⟨U+202E⟩c');
});

it('knows where every remaining character stood', () => {
  const unit = fc.constantFrom('a', '😀', ' ', '\u200b', '\u202e', '\u{e0041}', '\ufe0f', 'ش');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), (text) => {
      const stripped = stripHidden(text);
      for (let offset = 0; offset < stripped.text.length; offset++) {
        expect(text.charAt(stripped.originalOffset(offset))).toBe(stripped.text.charAt(offset));
      }
    }),
  );
});

it('answers in bounded space, and strips all the same', () => {
  const text = 'a\u200b'.repeat(20_000);
  const found = hiddenText.detect(text);
  expect(found).toHaveLength(1_001);
  expect(found.at(-1)).toMatchObject({ kind: MANY_HIDDEN, end: text.length });
  expect(stripHidden(text).text).toBe('a'.repeat(20_000));
});
