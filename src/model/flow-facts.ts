import type { Reason } from './decision.ts';

/**
 * What flow knows of one call, for policy to decide with. It only narrows: a verdict of `permit` means that flow has no
 * objection, and policy may still ask or deny.
 */
export interface FlowFacts {
  readonly verdict: 'permit' | 'ask' | 'deny';
  /** Whether an objection concerns a sink that a person wrote. Mode `observe` never loosens that. */
  readonly declared: boolean;
  /** The prompt is attested, it asks for this write, and every protected value is trusted. */
  readonly proved: boolean;
  /** What the prompt says of this write; `read` where it is none, `unknown` where no prompt was attested. */
  readonly authority: 'read' | 'granted' | 'unasked' | 'refused' | 'unknown';
  /** Whether something may leave the organisation by this call. */
  readonly outward: boolean;
  /** The objections. Empty on a permit. */
  readonly reasons: readonly Reason[];
}

/** A call that nobody assessed: no objection, nothing proved, and it may send anything anywhere. */
export const unassessedFlow: FlowFacts = {
  verdict: 'permit',
  declared: false,
  proved: false,
  authority: 'unknown',
  outward: true,
  reasons: [],
};
