import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listHiddenTexts } from './decode-forms.ts';

const encoders: Readonly<Record<string, (text: string) => string>> = {
  percent: encodeURIComponent,
  base64: (text) => btoa(text),
  'base64 for URLs': (text) => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
  'base64 in the lines of mail': (text) =>
    btoa(`${'x'.repeat(50)}${text} and more`).replace(/.{76}(?=.)/g, (line) => `${line}\r\n`),
  hex: (text) => [...text].map((letter) => letter.charCodeAt(0).toString(16).padStart(2, '0')).join(''),
  entities: (text) => [...text].map((letter) => `&#${letter.charCodeAt(0)};`).join(''),
  'hexadecimal entities': (text) => [...text].map((letter) => `&#x${letter.charCodeAt(0).toString(16)};`).join(''),
};
const secret = fc.stringMatching(/^[a-z]{4,10}@[a-z]{4,10}\.test\/[?]$/);

describe('listHiddenTexts', () => {
  it.each(Object.keys(encoders))('unfolds %s', (name) => {
    const encode = encoders[name] ?? String;
    fc.assert(
      fc.property(secret, (text) => {
        expect(listHiddenTexts(`see ${encode(text)} there`).some((form) => form.includes(text))).toBe(true);
      }),
    );
  });

  it('unfolds one encoding inside another', () => {
    const names = fc.constantFrom('percent', 'base64', 'hex', 'entities');
    fc.assert(
      fc.property(secret, names, names, (text, outer, inner) => {
        const folded = (encoders[outer] ?? String)((encoders[inner] ?? String)(text));
        expect(listHiddenTexts(folded).some((form) => form.includes(text))).toBe(true);
      }),
    );
  });

  it.each(['plain text', '50% off & more', '%zz', '&#x110000;', 'deadbeef'])('leaves %j alone', (text) => {
    expect(listHiddenTexts(text)).toEqual([]);
  });
});
