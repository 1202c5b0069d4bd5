import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalUrl, keyOfValue, readAtom, readAtoms } from './atoms.ts';

const kinds = (text: string) => readAtoms(text).map(({ kind, canonical }) => `${kind} ${canonical}`);

describe('readAtoms', () => {
  it.each<[string, string[]]>([
    ['Mail Lena@Acme.Test, please.', ['email lena@acme.test']],
    ["her address is 'lena@acme.test'.", ['email lena@acme.test']],
    ['mailto:lena@acme.test', ['email lena@acme.test']],
    ['ｌｅｎａ@acme.test', ['email lena@acme.test']],
    ['le\u200bna@acme.test', ['email lena@acme.test']],
    ['see www.Acme.com/News.', ['url https://acme.com/News']],
    ['see http://acme.com:80/', ['url https://acme.com']],
    ['acme.com', ['url https://acme.com']],
    ['pay DE02 1203 0000 0000 2020 51 now', ['account DE02120300000000202051']],
    ['call +49 30 123456', ['phone +4930123456']],
    ['1,234.50 euros', ['number 1234.5']],
    ['10.00', ['number 10']],
    ['on May 26th', ['date ????-05-26']],
    ['26 May 2024', ['date 2024-05-26']],
    ['2024-05-26 10:00', ['date 2024-05-26']],
    ["open 'team-plan.docx'", ['file team-plan.docx']],
    ['nothing here', []],
  ])('%s', (text, expected) => {
    expect(kinds(text)).toEqual(expected);
  });

  it('keeps look-alike letters apart', () => {
    expect(keyOfValue('lena@аcme.test')).not.toBe(keyOfValue('lena@acme.test'));
  });

  it('never takes two values for one that only contains the other', () => {
    expect(keyOfValue('lena@acme.test.evil.test')).not.toBe(keyOfValue('lena@acme.test'));
    expect(keyOfValue('https://acme.com.evil.com')).not.toBe(keyOfValue('https://acme.com'));
    expect(keyOfValue('https://acme.com@evil.com')).not.toBe(keyOfValue('https://acme.com'));
  });

  it('takes a bounded time on hostile texts', () => {
    for (const unit of ['a', 'a@', 'a.', 'a/', '1 ', 'a_', 'http://', '-', '%41', '&#65;', '<tr']) {
      expect(readAtoms(unit.repeat(20_000)).length).toBeGreaterThanOrEqual(0);
    }
  }, 10_000);

  it('finds what it is given, wherever it stands', () => {
    const address = fc.stringMatching(/^[a-z][a-z0-9]{0,8}@[a-z][a-z0-9]{0,8}\.test$/);
    fc.assert(
      fc.property(
        address,
        fc.constantFrom('', 'to ', '<', '"', '(', 'x, '),
        fc.constantFrom('', '.', '>', '"', ')', ', y'),
        (email, before, after) => {
          expect(readAtoms(`${before}${email}${after}`).map((atom) => atom.key)).toContain(`email:${email}`);
        },
      ),
    );
  });
});

describe('readAtom', () => {
  it.each([
    [' lena@acme.test ', 'email:lena@acme.test'],
    ['lena@acme.test x', undefined],
    ['Lena', undefined],
  ])('%j is %s', (text, key) => {
    expect(readAtom(text)?.key).toBe(key);
  });
});

describe('canonicalUrl', () => {
  it.each([
    ['https://user:pw@acme.com/', 'https://user:pw@acme.com'],
    ['HTTPS://ACME.com/A', 'https://acme.com/A'],
    ['https://аcme.com', 'https://xn--cme-5cd.com'],
    ['http://[', undefined],
  ])('%s', (text, canonical) => {
    expect(canonicalUrl(text)).toBe(canonical);
  });
});
