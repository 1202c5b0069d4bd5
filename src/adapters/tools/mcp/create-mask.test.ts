import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../base/secret.ts';
import { createMask } from './create-mask.ts';

const reference = '[secret env:K]';
const maskOf = (...values: readonly string[]) => {
  const mask = createMask(values.map((value) => new Secret('env:K', value)));
  if (mask === undefined) throw new Error('there is something to mask');
  return mask;
};

const percent = (text: string) => encodeURIComponent(text);
const hexEscape = (text: string, write: (hex: string) => string) =>
  text.replace(/[^A-Za-z0-9]/g, (char) => `\\u${write(char.charCodeAt(0).toString(16).padStart(4, '0'))}`);
const jsonTimes = (text: string, times: number): string =>
  times === 0 ? text : JSON.stringify(jsonTimes(text, times - 1)).slice(1, -1);

/** What programs make of a text when they repeat it. */
const WAYS: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'JSON once': (text) => jsonTimes(text, 1),
  'JSON twice': (text) => jsonTimes(text, 2),
  'JSON three deep': (text) => jsonTimes(text, 3),
  'JSON with \\/': (text) => jsonTimes(text, 1).replaceAll('/', '\\/'),
  'JSON with \\/, twice': (text) => JSON.stringify(jsonTimes(text, 1).replaceAll('/', '\\/')).slice(1, -1),
  '\\u00xx': (text) => hexEscape(text, (hex) => hex),
  '\\u00XX': (text) => hexEscape(text, (hex) => hex.toUpperCase()),
  '\\u00XX, three deep': (text) =>
    jsonTimes(
      hexEscape(text, (hex) => hex.toUpperCase()),
      2,
    ),
  percent: percent,
  'percent in lower case': (text) => percent(text).replace(/%../g, (code) => code.toLowerCase()),
  'percent with a safe /': (text) => percent(text).replaceAll('%2F', '/'),
  'percent twice': (text) => percent(percent(text)),
  'form fields': (text) => new URLSearchParams({ k: text }).toString().slice(2),
  'HTML, decimal': (text) => text.replace(/[&<>"'/=+`]/g, (char) => `&#${char.charCodeAt(0)};`),
  'HTML, padded': (text) => text.replace(/[&<>"'/=+`]/g, (char) => `&#0${char.charCodeAt(0)};`),
  'HTML, hexadecimal': (text) =>
    text.replace(/[&<>"'/=+`]/g, (char) => `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`),
  'HTML, by name': (text) =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
  'a quoted text': (text) => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'"),
  hexadecimal: (text) => Buffer.from(text).toString('hex'),
  'hexadecimal in capitals': (text) => Buffer.from(text).toString('hex').toUpperCase(),
};

const SECRETS = [
  ['plain', 'plum-otter-header-8c2d'],
  ['with special characters', 'k7/Zq+9wPé=="x"'],
  ['of special characters and short words', '#a!b@c$d&e"f<\'/'],
  ['with backslashes and spaces', 'kX9"q/+Z\\w plum\\\\otter'],
  ['beyond the basic plane', 'schlüssel-🔑-wörter-42'],
  ['in base64', randomBytes(48).toString('base64')],
] as const;

describe('a secret', () => {
  for (const [kind, secret] of SECRETS) {
    const mask = maskOf(secret);
    it.each(Object.entries(WAYS))(`${kind}, is not said as %s`, (_, write) => {
      const said = write(secret);
      expect(mask(`before ${said} after`)).toBe(`before ${reference} after`);
      expect(mask(said)).toBe(reference);
    });

    it.each([
      [76, '\r\n'],
      [76, '\n'],
      [64, '\n'],
      [64, '\n '],
      [76, '\\r\\n'],
      [64, '\\n'],
    ])(`${kind}, is not said in base64 by lines of %i with %j between`, (columns, between) => {
      for (let before = 0; before <= columns; before++) {
        const encoded = Buffer.from('-'.repeat(before) + secret).toString('base64');
        const lines = encoded.replace(new RegExp(`.{${columns}}(?=.)`, 'g'), `$&${between}`);
        const masked = mask(lines);
        expect(masked, `${before}: ${lines}`).toContain(reference);
        const left = masked.replaceAll(reference, '').replaceAll(between, '');
        expect(left.length, `${before}: ${masked}`).toBeLessThan(
          encoded.length - (Buffer.byteLength(secret) * 4) / 3 + 8,
        );
      }
    });

    it.each(['', 'u', 'us', 'user:', '{"password":"'])(`${kind}, is not said in base64 after %o`, (before) => {
      for (const encoding of ['base64', 'base64url'] as const) {
        const said = Buffer.from(`${before}${secret}, and more`).toString(encoding);
        const masked = mask(said);
        expect(masked).toContain(reference);
        // What is left at either side is shared with what stands next to it.
        const rest = masked.split(reference).map((part) => Buffer.from(part, encoding).toString('latin1'));
        expect(rest.join('')).not.toContain(secret.slice(1, -1));
        expect(masked.length).toBeLessThanOrEqual(
          said.length - Math.floor((secret.length * 4) / 3) + reference.length + 2,
        );
      }
    });
  }

  it.each([60, 64, 76])('is not said in base64 that is broken into lines of %i', (columns) => {
    for (const secret of ['plum-otter', 'kH7dPq2mXw9RtYzQ4vBn-correct-horse', randomBytes(300).toString('base64url')]) {
      const mask = maskOf(secret);
      for (let ahead = 0; ahead < columns; ahead++) {
        const said = Buffer.from(`${'x'.repeat(ahead)}user:${secret}, and more of it`).toString('base64');
        for (const end of ['\n', '\r\n', '\r\n  ']) {
          const masked = mask(said.replace(new RegExp(`.{${columns}}(?=.)`, 'g'), (line) => line + end));
          const rest = masked.split(reference).map((part) => Buffer.from(part, 'base64').toString('latin1'));
          expect(rest.length).toBeGreaterThan(1);
          expect(rest.join('')).not.toContain(secret.slice(1, 9));
          expect(JSON.parse(mask(JSON.stringify({ said: masked })))).toEqual({ said: masked });
          expect(
            mask(JSON.stringify(said.replace(new RegExp(`.{${columns}}(?=.)`, 'g'), (line) => line + end))),
          ).toContain(reference);
        }
      }
    }
  });

  it('is not said by its parts: line by line, a header without its scheme, what is in `Basic`', () => {
    expect(maskOf('first-line-1\nsecond-line-2')('second-line-2: first-line-1')).toBe(`${reference}: ${reference}`);
    expect(maskOf('Bearer plum-otter-8c2d')('got plum-otter-8c2d')).toBe(`got ${reference}`);
    const basic = maskOf(`Basic ${Buffer.from('user:plum-otter').toString('base64')}`);
    expect(basic('user:plum-otter and plum-otter')).toBe(`${reference} and ${reference}`);
    expect(maskOf('plum-otter')(`Basic ${Buffer.from('user:plum-otter').toString('base64')}`)).toMatch(
      /^Basic .{7}\[secret/,
    );
  });

  it('is not said where it stands at the very beginning, end, twice in a row, or within another', () => {
    const mask = maskOf('plum-otter', 'plum-otter-and-more');
    expect(mask('plum-otterplum-otter')).toBe(reference);
    expect(mask('xplum-otter-and-more')).toBe(`x${reference}`);
    expect(mask('plum-otter-and-mor')).toBe(`${reference}-and-mor`);
  });

  it('may be as long as a file', () => {
    const long = randomBytes(48_000).toString('base64');
    expect(maskOf(long)(`a ${jsonTimes(long, 1).replaceAll('/', '\\/')} b`)).toBe(`a ${reference} b`);
    const noise = randomBytes(2_000).toString('latin1');
    expect(maskOf(noise)(`a ${jsonTimes(noise, 1)} b`)).not.toContain(jsonTimes(noise.slice(500, 510), 1));
  });
});

describe('what is no secret', () => {
  it('stays as it is', () => {
    const mask = maskOf('plum-otter', '#a!b@c$d&e"f', 'abcdef');
    for (const text of [
      '',
      'abc',
      'abcde',
      'plum otter',
      'PLUM-OTTER',
      '\\\\\\\\',
      '%%%%25',
      '&&&amp;',
      'a'.repeat(1_000),
    ])
      expect(mask(text)).toBe(text);
    expect(createMask([])).toBeUndefined();
    expect(createMask([new Secret('env:K', 'short')])).toBeUndefined();
  });

  it('is found by nothing but the secret, and the secret is always found', () => {
    const secret = 'k7/Zq+9wP=="x"-plum';
    const mask = maskOf(secret, 'other-secret-17');
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.string({ maxLength: 60 }), (before, after) => {
        expect(mask(before)).toBe(before);
        expect(mask(`${before}${secret}${after}`)).not.toContain(secret.slice(1, -1));
      }),
    );
  });
});

describe('the time it takes', () => {
  it('does not grow with the square of a hostile text', () => {
    const secret = 'k7/Zq+9wP=="x"-plum-otter';
    const mask = maskOf(secret, `${'\\'.repeat(40)}abc${'/'.repeat(40)}`);
    for (const part of [secret.slice(0, -1), '\\', '%25', '&amp;', 'plum-otte', '%5c', '&#0000', '\\\\/abc']) {
      const text = part.repeat(200_000 / part.length);
      const started = process.hrtime.bigint();
      mask(text);
      expect(Number(process.hrtime.bigint() - started) / 1e6, part).toBeLessThan(1_000);
    }
  });
});
