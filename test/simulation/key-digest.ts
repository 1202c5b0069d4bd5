import { createHmac } from 'node:crypto';
import type { KeyDigest } from '../../src/ports/record-keys.ts';

/** Under a key that everybody knows. */
export const keyDigest: KeyDigest = (tenant, digest) =>
  `hmac-sha256:${createHmac('sha256', 'a key of tests').update(`${tenant} ${digest}`).digest('hex')}`;
