import type { StoredEvent } from '../model/event.ts';

/** What became of a batch of events. A message is in our words: it goes into the record and to whoever runs the gateway. */
export type Delivery =
  | { readonly kind: 'accepted' }
  /** Nobody is there, or they are overloaded: the same batch later, not before `afterMs` where they said so. */
  | { readonly kind: 'unavailable'; readonly message: string; readonly afterMs?: number }
  /** They broke on it. Perhaps it is one of the events. */
  | { readonly kind: 'failed'; readonly message: string }
  /** They will not have it, now or later. */
  | { readonly kind: 'refused'; readonly message: string };

/** A system that is told what is recorded. */
export interface EventSink {
  /** How many events it takes at once, at most. */
  readonly batch: number;
  /**
   * Hands over events, oldest first. `accepted` only where the receiver has said so, or where its protocol has no such
   * word, the system has taken all bytes. Never rejects. What a receiver was told before may be told again.
   */
  deliver(events: readonly StoredEvent[], signal: AbortSignal): Promise<Delivery>;
  close(): Promise<void>;
}
