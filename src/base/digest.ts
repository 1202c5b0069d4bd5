import { hash } from 'node:crypto';
import { canonicalJson, type JsonValue } from './json.ts';

/** `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;

/**
 * `hmac-sha256:` and 64 lower-case hex digits: stands for a digest of what somebody said. What is short can be guessed, and a
 * plain digest tells whoever reads it whether the guess is right; this one, only whoever has the key.
 */
export type KeyedDigest = `hmac-sha256:${string}`;

/** SHA-256 of a text's UTF-8 bytes, or of bytes. */
export function digestBytes(data: string | Uint8Array): Digest {
  return `sha256:${hash('sha256', data, 'hex')}`;
}

/** SHA-256 of a value's canonical JSON: equal exactly when the values are the same JSON. */
export function digestJson(value: JsonValue): Digest {
  return digestBytes(canonicalJson(value));
}
