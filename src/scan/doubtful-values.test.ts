import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listDoubts } from './doubtful-values.ts';

const messages = (value: string) => listDoubts({ to: value }).map(({ message }) => message);

describe('what an approver could misread', () => {
  it.each([
    ['p\u0430ypal', 'mixes letters of Latin and Cyrillic in `p\u0430ypal`: \u0430 is U+0430'],
    ['Bob <b\u03bfb@acme.com>', 'mixes letters of Latin and Greek in `b\u03bfb@acme.com`: \u03bf is U+03BF'],
    ['\u0430\u0440\u0440\u04cf\u0435.com', expect.stringContaining('mixes letters of Latin and Cyrillic')],
    ['\u0440\u0430\u0443@\u0440\u0430\u0443.\u0440\u0444', expect.stringContaining('has letters beyond ASCII')],
    ['https://b\u00fccher.example/x', expect.stringContaining('\u00fc is U+00FC')],
    ['xn--pypal-4ve.com', 'names a host in an encoded form: `xn--pypal-4ve.com`'],
    ['bob@acme.com, eve@evil.test', 'holds 2 addresses: bob@acme.com, eve@evil.test'],
    ['bob@acme.com <eve@evil.test>', 'holds 2 addresses: bob@acme.com, eve@evil.test'],
    ['pay\u200bpal', 'holds 1 characters that do not show: U+200B'],
    ['a\u202eb', 'holds 1 characters that do not show: U+202E'],
  ])('%j is marked', (value, message) => {
    expect(messages(value)).toContainEqual(message);
  });

  it.each([
    'bob@acme.com',
    'Bob <bob@acme.com>',
    'Gr\u00fc\u00dfe aus K\u00f6ln, bis bald.',
    '\u041f\u0440\u0438\u0432\u0435\u0442, \u043a\u0430\u043a \u0434\u0435\u043b\u0430?',
    'Hello \u043c\u0438\u0440',
    'See https://acme.com/plan and 3.5 or v1.2.3.',
    'bob@acme.com and again bob@acme.com',
    'Thanks \u2764\ufe0f \u{1f469}\u200d\u{1f4bb}',
    '',
  ])('%j is not', (value) => {
    expect(messages(value)).toEqual([]);
  });

  it('says where, also in names and lists', () => {
    const doubts = listDoubts({ a: [{ 'p\u0430y/to': 'x' }, 'a\u200bb'] });
    expect(doubts.map(({ path }) => path)).toEqual(['/a/0/p\u0430y~1to (its name)', '/a/1']);
  });

  it('takes any text, and says no more than a person reads', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.nat(200), (text, times) => {
        const doubts = listDoubts({ list: Array.from({ length: times }, () => text) });
        expect(doubts.length).toBeLessThanOrEqual(51);
        for (const { message } of doubts) expect(message.length).toBeLessThan(1_000);
      }),
    );
  });
});
