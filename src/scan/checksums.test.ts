import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase58Check, passesBech32, passesIban, passesLuhn, passesVerhoeff } from './checksums.ts';

const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 2, maxLength: 20 });

describe('a check digit fits in one way only, and no single wrong digit passes', () => {
  it.each([
    ['Luhn', passesLuhn],
    ['Verhoeff', passesVerhoeff],
  ])('%s', (_name, passes) => {
    fc.assert(
      fc.property(digits, fc.nat(), fc.integer({ min: 1, max: 9 }), (body, place, shift) => {
        const fitting = [...'0123456789'].filter((digit) => passes(body + digit));
        expect(fitting).toHaveLength(1);
        const whole = body + fitting[0];
        const at = place % whole.length;
        const wrong = String((Number(whole.charAt(at)) + shift) % 10);
        expect(passes(whole.slice(0, at) + wrong + whole.slice(at + 1))).toBe(false);
      }),
    );
  });
});

it.each([
  ['GB82WEST12345698765432', true],
  ['DE89370400440532013000', true],
  ['FR1420041010050500013M02606', true],
  ['DE88370400440532013000', false],
  ['DE8937040044053201300!', false],
])('IBAN %s: %s', (iban, passes) => {
  expect(passesIban(iban)).toBe(passes);
});

it('reads back what Base58Check wrote, and nothing that was changed', () => {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  const sha = (data: Uint8Array) => createHash('sha256').update(data).digest();
  const encode = (body: Uint8Array) => {
    const bytes = Buffer.concat([body, sha(sha(body)).subarray(0, 4)]);
    let number = BigInt(`0x${bytes.toString('hex')}`);
    let text = '';
    for (; number > 0n; number /= 58n) text = alphabet.charAt(Number(number % 58n)) + text;
    const zeros = bytes.findIndex((byte) => byte !== 0);
    return '1'.repeat(Math.max(0, zeros)) + text;
  };
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(), (body, place) => {
      const text = encode(body);
      expect(decodeBase58Check(text)).toEqual(body);
      const at = place % text.length;
      const other = alphabet.charAt((alphabet.indexOf(text.charAt(at)) + 1) % 58);
      expect(decodeBase58Check(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined();
    }),
  );
});

it.each([
  ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', true],
  ['BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4', true],
  ['bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0', true],
  ['bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5', false],
])('Bech32 %s: %s', (address, passes) => {
  expect(passesBech32(address)).toBe(passes);
});
