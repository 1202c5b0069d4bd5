import type { ApprovalAnswer } from '../../model/approval.ts';

/** Whether somebody behind this answer, the person or the one whose duty it is, stands behind one of those before. */
export function hasAnswered(before: readonly ApprovalAnswer[], { by, onDutyOf = by }: ApprovalAnswer): boolean {
  return before.some((other) => [other.by, other.onDutyOf ?? other.by].some((one) => one === by || one === onDutyOf));
}
