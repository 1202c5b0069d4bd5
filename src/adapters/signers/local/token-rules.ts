import { z } from 'zod';
import { Fault } from '../../../base/fault.ts';
import { findJsonProblem, type JsonObject } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';

export const TOKEN_ALGORITHM = 'EdDSA';
/** Explicit typing (RFC 8725 §3.11): nothing signed for another purpose passes as one of our tokens. */
export const TOKEN_TYPE = 'chaperone+jwt';
const CLAIMS_DEPTH = 8;
const SIGNATURE_BYTES = 64;

/** Claims that the signer writes. A caller that sets one is mistaken. */
export const reservedClaims = ['iss', 'aud', 'exp', 'nbf', 'iat', 'jti'] as const;

// Strict: `crit`, `jwk`, `jku`, `x5c`, `b64` and whatever else could steer verification is refused by being there.
const headerSchema = z.strictObject({
  alg: z.literal(TOKEN_ALGORITHM),
  typ: z.literal(TOKEN_TYPE),
  kid: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

const seconds = z.int().nonnegative();
const registeredSchema = z.looseObject({
  iss: z.string(),
  aud: z.string(),
  exp: seconds,
  nbf: seconds,
  iat: seconds,
  jti: z.string().min(16).max(64),
});
export type TokenBody = JsonObject & z.infer<typeof registeredSchema>;

/** A refusal of a token. `message` is for operators and quotes nothing of the token. */
export function tokenInvalid(message: string, cause?: unknown): Fault {
  return new Fault('E_TOKEN_INVALID', message, cause === undefined ? {} : { cause });
}

/** The key id of a token that has the shape of ours. Nothing is verified yet. */
export function readKeyId(token: string): string {
  if (token.length > limits.tokenChars) throw tokenInvalid(`the token is over ${limits.tokenChars} characters`);
  const parts = token.split('.');
  const [header, body, signature] = parts;
  if (parts.length !== 3 || !header || !body || signature === undefined)
    throw tokenInvalid('the token has no three parts');
  if (decodeStrictly(signature)?.length !== SIGNATURE_BYTES)
    throw tokenInvalid('the signature is not 64 bytes of base64url');
  const parsed = headerSchema.safeParse(parseSegment(header, 'header'));
  if (!parsed.success) {
    const members = [...new Set(parsed.error.issues.map((issue) => issue.path[0] ?? 'a member that is not ours'))];
    throw tokenInvalid(`the token’s header is not ours: ${members.map(String).join(', ')}`);
  }
  return parsed.data.kid;
}

/** The body of a token whose signature holds. */
export function readBody(payload: string): TokenBody {
  const value = parseSegment(payload, 'body');
  const problem = findJsonProblem(value, CLAIMS_DEPTH);
  if (problem) throw tokenInvalid(`the token’s claims are not JSON we accept: ${problem.message}`);
  const parsed = registeredSchema.safeParse(value);
  if (!parsed.success) {
    const missing = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw tokenInvalid(`the token’s registered claims are missing or malformed: ${missing}`);
  }
  return parsed.data as TokenBody; // `findJsonProblem` has shown that every member is JSON
}

export interface Expected {
  readonly issuer: string;
  readonly audience: string;
  readonly nowMs: number;
  readonly signedUntilMs: number;
  readonly verifiesUntilMs: number;
}

/** Throws a `Fault` E_TOKEN_INVALID unless the claims fit what is expected now. Expiry has no tolerance. */
export function requireValid(body: TokenBody, expected: Expected): void {
  const { nowMs } = expected;
  if (body.iss !== expected.issuer) throw tokenInvalid(`the token was not issued by ${expected.issuer}`);
  if (body.aud !== expected.audience) throw tokenInvalid(`the token is not for ${expected.audience}`);
  if (nowMs >= body.exp * 1_000) throw tokenInvalid(`the token expired at ${printSeconds(body.exp)}`);
  if (body.nbf * 1_000 > nowMs + limits.tokenSkewMs)
    throw tokenInvalid(`the token is not valid before ${printSeconds(body.nbf)}`);
  if (body.iat * 1_000 > nowMs + limits.tokenSkewMs)
    throw tokenInvalid(`the token was issued in the future, at ${printSeconds(body.iat)}`);
  if ((body.exp - body.iat) * 1_000 > limits.tokenLifeMs + 1_000)
    throw tokenInvalid('the token lives longer than a token may');
  if (body.iat * 1_000 > expected.signedUntilMs) throw tokenInvalid('the token was signed after its key was retired');
  if (nowMs > expected.verifiesUntilMs)
    throw tokenInvalid('the token’s key was retired and every token it signed has expired');
}

function printSeconds(value: number): string {
  const time = new Date(value * 1_000);
  return Number.isNaN(time.getTime()) ? `second ${value}` : time.toISOString();
}

function parseSegment(segment: string, what: 'header' | 'body'): unknown {
  const bytes = decodeStrictly(segment);
  if (!bytes) throw tokenInvalid(`the token’s ${what} is not base64url`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw tokenInvalid(`the token’s ${what} is not JSON`);
  }
}

/**
 * Bytes of canonical base64url. A decoder that ignores padding bits or stray characters would let several texts stand
 * for one token, which defeats anything that keys on the text.
 */
function decodeStrictly(segment: string): Buffer | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  return bytes.toString('base64url') === segment ? bytes : undefined;
}
