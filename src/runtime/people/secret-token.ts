import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';

/** What stands before the secret, so that people and scanners know it when they see it. */
export const SESSION_PREFIX = 'chs_';
export const KEY_PREFIX = 'chk_';

const SECRET_BYTES = 32;

/** A new secret of 256 random bits. What is kept of it is `digestToken`: nobody guesses so many bits. */
export function newToken(clock: Clock, prefix: string): string {
  return prefix + Buffer.from(clock.randomBytes(SECRET_BYTES)).toString('base64url');
}

/** SHA-256, hex. Found by the digest and never compared with anything, it tells nothing by how long that takes. */
export function digestToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** What a page has to send beside a cookie: made of the token, which the page cannot read. */
export function csrfOf(token: string): string {
  return createHash('sha256').update(`csrf:${token}`).digest('base64url');
}
