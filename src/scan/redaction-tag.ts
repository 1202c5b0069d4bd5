import { digestBytes } from '../base/digest.ts';

const BLOCK_BYTES = 64;
/** 48 bits: enough to tell the secrets of one tenant apart, too few to search for one in a list of guesses with many hits. */
const TAG_DIGITS = 12;

/**
 * Makes what names a secret in its place without telling it: `#` and 12 hex digits of HMAC-SHA256 under a key. The same
 * secret has the same tag under the same key, and another one under another, so each tenant has a key of its own: what
 * is easily guessed is guessed by whoever holds the key. Throws a RangeError for a key shorter than 16 bytes.
 */
export function makeRedactionTag(key: Uint8Array): (secret: string) => string {
  if (key.length < 16) throw new RangeError(`a redaction key takes at least 16 bytes, got ${key.length}`);
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? hexToBytes(digestBytes(key).slice(7)) : key);
  const inner = block.map((byte) => byte ^ 0x36);
  const outer = block.map((byte) => byte ^ 0x5c);
  const encoder = new TextEncoder();
  return (secret) => {
    const first = hexToBytes(digestBytes(join(inner, encoder.encode(secret))).slice(7));
    return `#${digestBytes(join(outer, first)).slice(7, 7 + TAG_DIGITS)}`;
  };
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function hexToBytes(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
