import type { ApprovalAnswer } from '../../model/approval.ts';

/** Whether somebody behind this answer (the person, the one whose duty it is, whoever may be the same) stands behind one before. */
export function hasAnswered(before: readonly ApprovalAnswer[], answer: ApprovalAnswer): boolean {
  const behind = namesBehind(answer);
  return before.some((other) => namesBehind(other).some((name) => behind.includes(name)));
}

function namesBehind({ by, onDutyOf = by, alike = [] }: ApprovalAnswer): readonly string[] {
  return [by, onDutyOf, ...alike];
}
