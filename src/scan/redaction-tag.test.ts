import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { redactText } from './redact.ts';
import { makeRedactionTag } from './redaction-tag.ts';

const key = (byte: number, length = 32) => new Uint8Array(length).fill(byte);
const token = `ghp_${'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6'}`;

it('is HMAC-SHA256, cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 100 }), fc.string({ unit: 'binary' }), (bytes, secret) => {
      const full = createHmac('sha256', bytes).update(secret, 'utf8').digest('hex');
      expect(makeRedactionTag(bytes)(secret)).toBe(`#${full.slice(0, 12)}`);
    }),
  );
});

it('tells the same secret from another, hidden characters in it or not, and not across keys', () => {
  const tag = makeRedactionTag(key(1));
  const { text } = redactText(
    `${token} ${token.slice(0, 9)}\u200b${token.slice(9)} ${token.replace('aB', 'cD')}`,
    '',
    tag,
  );
  const tags = [...text.matchAll(/#[0-9a-f]{12}/g)].map(([one]) => one);
  expect(tags).toHaveLength(3);
  expect(tags[0]).toBe(tags[1]);
  expect(tags[2]).not.toBe(tags[0]);
  expect(makeRedactionTag(key(2))(token)).not.toBe(tag(token));
  expect(text).toContain('[redacted secret:github-token 40 #');
  expect(redactText(text, '', tag).text).toBe(text);
});

it('takes no short key', () => {
  expect(() => makeRedactionTag(key(1, 15))).toThrow('at least 16 bytes');
});
