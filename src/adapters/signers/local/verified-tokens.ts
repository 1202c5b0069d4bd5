import type { TokenBody } from './token-rules.ts';

/** A token whose signature was found good, with what has to be looked at again each time it is presented. */
export interface VerifiedToken {
  readonly kid: string;
  readonly body: TokenBody;
}

export interface VerifiedTokens {
  get(key: string): VerifiedToken | undefined;
  set(key: string, token: VerifiedToken): void;
  delete(key: string): void;
}

/**
 * Remembers at most `capacity` verified tokens, the least recently used thrown out. Keys are digests, so that no token
 * lies in memory as text. Only the signature check is saved: expiry, audience and revocation are checked every time.
 */
export function createVerifiedTokens(capacity: number): VerifiedTokens {
  const tokens = new Map<string, VerifiedToken>(); // in order of use
  return {
    get(key) {
      const token = tokens.get(key);
      if (token) {
        tokens.delete(key);
        tokens.set(key, token);
      }
      return token;
    },
    set(key, token) {
      tokens.delete(key);
      tokens.set(key, token);
      if (tokens.size <= capacity) return;
      const oldest = tokens.keys().next();
      if (!oldest.done) tokens.delete(oldest.value);
    },
    delete: (key) => void tokens.delete(key),
  };
}
