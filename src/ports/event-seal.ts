import type { Clock } from '../base/clock.ts';
import type { Sealed } from '../model/sealed.ts';

/** What a store is to seal before it writes an event: sealing then does not hold up the thread that calls are decided in. */
export interface EventSeal {
  /** The body, as it was when it was handed over: canonical JSON. */
  readonly told: string;
  readonly key: SealingKey;
}

/** What seals the texts of one run. */
export interface SealingKey {
  /** @param name what the text is of: an event's id. It is used for one text only. */
  seal(name: string, text: string, clock: Clock): Sealed;
  /** The bytes it is made of, for a thread of this process. Whoever is given them overwrites them when they are used. */
  copyBytes(): Uint8Array;
}
