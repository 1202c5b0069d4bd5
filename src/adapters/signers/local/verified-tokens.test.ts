import { describe, expect, it } from 'vitest';
import type { TokenBody } from './token-rules.ts';
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts';

const token = (jti: string): VerifiedToken => {
  const body: TokenBody = { iss: 'i', aud: 'a', exp: 2, nbf: 1, iat: 1, jti };
  return { kid: 'k', body };
};

describe('the memory of verified tokens', () => {
  it('keeps so many and throws out the one used longest ago', () => {
    const tokens = createVerifiedTokens(2);
    tokens.set('a', token('a'));
    tokens.set('b', token('b'));
    expect(tokens.get('a')).toEqual(token('a'));
    tokens.set('c', token('c'));
    expect([tokens.get('a'), tokens.get('b'), tokens.get('c')]).toEqual([token('a'), undefined, token('c')]);
  });

  it('holds a token once however often it is set, and forgets it when told', () => {
    const tokens = createVerifiedTokens(2);
    for (let i = 0; i < 5; i++) tokens.set('a', token('a'));
    tokens.set('b', token('b'));
    expect(tokens.get('a')).toBeDefined();
    tokens.delete('a');
    expect(tokens.get('a')).toBeUndefined();
  });
});
