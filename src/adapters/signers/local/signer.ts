import { CompactSign, compactVerify } from 'jose';
import { assert } from '../../../base/assert.ts';
import { type Clock, newId } from '../../../base/clock.ts';
import { digestBytes } from '../../../base/digest.ts';
import { Fault } from '../../../base/fault.ts';
import type { JsonObject, JsonValue } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';
import type { Signer } from '../../../ports/signer.ts';
import { openKeyRing, type VerifyingKey } from './key-ring.ts';
import {
  readBody,
  readKeyId,
  requireValid,
  reservedClaims,
  TOKEN_ALGORITHM,
  TOKEN_TYPE,
  tokenInvalid,
} from './token-rules.ts';
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts';

export interface LocalSignerOptions {
  /** Where the keys lie; made with mode 0700 on first use. */
  readonly folder: string;
  /** Written as `iss`, and the only one accepted. */
  readonly issuer: string;
  readonly clock: Clock;
  /** Asked on every verification, remembered tokens included. If it throws, the token is refused. */
  readonly isRevoked?: (claims: JsonObject) => boolean;
}

export interface LocalSigner extends Signer {
  /** Makes a new signing key. Tokens of the old one hold until they expire. Returns the new key's id. */
  rotate(): Promise<string>;
}

/**
 * A signer whose Ed25519 keys lie in a folder of this machine. `sign` throws a `Fault` E_REQUEST_INVALID for an expiry
 * that is past or more than `limits.tokenLifeMs` ahead. Opening throws a `Fault` E_CONFIG that says what to run.
 */
export async function openLocalSigner(options: LocalSignerOptions): Promise<LocalSigner> {
  const { clock, issuer } = options;
  const ring = await openKeyRing(options.folder, clock);
  const verified = createVerifiedTokens(limits.verifiedTokens);

  async function findKey(kid: string): Promise<VerifyingKey> {
    let key: VerifyingKey | undefined;
    try {
      key = await ring.findKey(kid);
    } catch (error) {
      throw tokenInvalid('the token’s key is not known here, and the key folder cannot be read', error);
    }
    if (!key) throw tokenInvalid('the token was signed with a key this gateway does not have, or no longer has');
    return key;
  }

  async function verifySignature(
    token: string,
  ): Promise<{ readonly token: VerifiedToken; readonly key: VerifyingKey }> {
    const kid = readKeyId(token);
    const key = await findKey(kid);
    try {
      await compactVerify(token, key.publicKey, { algorithms: [TOKEN_ALGORITHM] });
    } catch (error) {
      throw tokenInvalid('the token’s signature does not hold', error);
    }
    const body = readBody(token.slice(token.indexOf('.') + 1, token.lastIndexOf('.')));
    return { token: { kid, body: freeze(body) }, key };
  }

  return {
    async sign(claims, audience, expiresAtMs) {
      for (const name of reservedClaims) assert(!(name in claims), `the claim ${name} is the signer’s to write`);
      const nowMs = clock.nowMs();
      const iat = Math.floor(nowMs / 1_000);
      const exp = Math.floor(expiresAtMs / 1_000);
      if (!(exp * 1_000 > nowMs)) throw new Fault('E_REQUEST_INVALID', 'a token cannot expire before it is issued');
      if (!(expiresAtMs - nowMs <= limits.tokenLifeMs)) {
        throw new Fault('E_REQUEST_INVALID', `a token cannot live longer than ${limits.tokenLifeMs} ms`);
      }
      const key = await ring.signingKey();
      const body = { ...claims, iss: issuer, aud: audience, exp, nbf: iat, iat, jti: newId(clock, 'tok') };
      const token = await new CompactSign(new TextEncoder().encode(JSON.stringify(body)))
        .setProtectedHeader({ alg: TOKEN_ALGORITHM, typ: TOKEN_TYPE, kid: key.kid })
        .sign(key.privateKey);
      if (token.length > limits.tokenChars) throw new Fault('E_LIMIT', 'the claims are too large for a token');
      return token;
    },

    async verify(token, audience) {
      const digest = digestBytes(token);
      const remembered = verified.get(digest);
      let found: { readonly token: VerifiedToken; readonly key: VerifyingKey };
      if (remembered) {
        found = { token: remembered, key: await findKey(remembered.kid) };
      } else {
        found = await verifySignature(token);
      }
      const { body } = found.token;
      const { signedUntilMs, verifiesUntilMs } = found.key;
      requireValid(body, { issuer, audience, nowMs: clock.nowMs(), signedUntilMs, verifiesUntilMs });
      if (isRevoked(body)) {
        verified.delete(digest);
        throw tokenInvalid('the token was revoked');
      }
      if (!remembered) verified.set(digest, found.token);
      return body;
    },

    rotate: () => ring.rotate(),
  };

  function isRevoked(claims: JsonObject): boolean {
    try {
      return options.isRevoked?.(claims) ?? false;
    } catch (error) {
      throw tokenInvalid('whether the token was revoked cannot be told', error);
    }
  }
}

/** Remembered claims are handed to many callers: none may change them for another. */
function freeze<T extends JsonValue>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) freeze(member);
  return Object.freeze(value);
}
