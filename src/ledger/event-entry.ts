import type { Digest } from '../base/digest.ts';
import { Fault } from '../base/fault.ts';
import type { StoredEvent } from '../model/event.ts';
import { HASH_BYTES } from './hash.ts';

/**
 * What the log keeps of an event: the 32 bytes of its digest, and nothing of what it says. The event can be erased, and
 * the log still verifies; whoever has the event can show that it is the one.
 */
export function entryOfDigest(digest: Digest): Uint8Array {
  const hex = digest.slice('sha256:'.length);
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Fault('E_STORE_CORRUPT', 'an event’s digest is not a SHA-256');
  return Uint8Array.from({ length: HASH_BYTES }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Events count from 1 in the record and from 0 in the log. */
export function indexOfEvent(event: Pick<StoredEvent, 'seq'>): number {
  return event.seq - 1;
}
