/** A person lets another answer in their place for a time. It cannot be passed on. */
export interface Delegation {
  readonly tenant: string;
  /** Whose duty it is. */
  readonly from: string;
  /** The deputy. */
  readonly to: string;
  readonly untilMs: number;
}

/** That a person has looked at the consequence of every tool, as the tools were. */
export interface TierReview {
  readonly tenant: string;
  /** Of the tools, their pins, effects and consequences. */
  readonly digest: string;
  readonly by: string;
  readonly atMs: number;
}
