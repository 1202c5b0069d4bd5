import type { BreakerMark } from '../model/breaker.ts';

/** The changes of circuit breakers. Part of the store's `Change`. Scopes are written as `printBreaker` writes them. */
export type BreakerChange =
  /** Each of them is closed. [E_BREAKER_OPEN] */
  | { readonly kind: 'breaker.require'; readonly scopes: readonly string[] }
  /** Keeps `to` of a breaker in place of `from`; of one that is closed again nothing. [E_BUSY if it is not at `from`] */
  | {
      readonly kind: 'breaker.turn';
      readonly scope: string;
      readonly from?: BreakerMark | undefined;
      readonly to?: BreakerMark | undefined;
    }
  /** Forgets the breakers that have not changed since. */
  | { readonly kind: 'breaker.forget'; readonly beforeMs: number };

export interface StoredBreaker extends BreakerMark {
  readonly scope: string;
}

export interface BreakerReads {
  /** Of these, those of which something is kept; of all without any names, the one that changed last first. */
  readBreakers(limit: number, scopes?: readonly string[]): Promise<readonly StoredBreaker[]>;
}
