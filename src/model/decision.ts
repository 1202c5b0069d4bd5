import type { Digest } from '../base/digest.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { Place } from './place.ts';

/** Why: a code, one sentence for people, and the rule that determined it. */
export interface Reason {
  readonly code: ErrorCode | 'PERMITTED';
  readonly message: string;
  /** The determining policy. */
  readonly policy?: string;
  readonly place?: Place;
  /** JSON pointer of the argument it is about. */
  readonly path?: string;
}

/** What must happen if the call goes ahead. Obligations only add duties. */
export type Obligation =
  | { readonly kind: 'fields'; readonly fields: readonly string[]; readonly place?: Place }
  | { readonly kind: 'timeout'; readonly timeoutMs: number };

/** The answer of policy to one call, and everything that determined it. */
export interface Decision {
  readonly verdict: 'permit' | 'ask' | 'deny';
  readonly reasons: readonly Reason[];
  readonly obligations: readonly Obligation[];
  /** The smallest change found that would have permitted the call. Absent on a permit. */
  readonly nearestChange?: string;
  /** The bundle that decided. */
  readonly bundle: Digest;
  /** Mode `observe` lets a denied or asked call go on; this says what would have happened to it. */
  readonly observed?: 'ask' | 'deny';
}
