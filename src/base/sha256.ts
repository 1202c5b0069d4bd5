import { hash } from 'node:crypto';

/**
 * SHA-256 as 32 raw bytes, where a digest's text would only be in the way.
 *
 * Asked for a buffer, Node allocates one outside of its heap; by way of a text of one character a byte it takes less than
 * half the time.
 */
export function sha256(data: string | Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', data, 'binary'), 'latin1');
}
