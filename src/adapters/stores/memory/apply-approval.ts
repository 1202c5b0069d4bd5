import type { Approval } from '../../../model/approval.ts';
import type { Change } from '../../../ports/store.ts';
import { hasAnswered } from '../answers.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import type { MemoryState } from './memory-state.ts';
import { jsonCopy, put, type Undo } from './put.ts';

type ChangeOf<Kind extends Change['kind']> = Extract<Change, { readonly kind: Kind }>;

export function openApproval(
  state: MemoryState,
  change: ChangeOf<'approval.open'>,
  undo: Undo,
): undefined | StoreRefusal {
  const { approval, maxPendingPerRun, maxAsked } = change;
  if (state.approvals.has(approval.id)) return refusals.approvalExists(approval.id);
  let pending = 0;
  let asked = 0;
  for (const other of state.approvals.values()) {
    if (other.runId !== approval.runId) continue;
    if (other.state === 'pending' && other.expiresAtMs > approval.askedAtMs) pending++;
    if (maxAsked !== undefined && other.askedAtMs > maxAsked.sinceMs) asked++;
  }
  if (pending >= maxPendingPerRun) return refusals.approvalsPending(approval.runId, maxPendingPerRun);
  if (maxAsked !== undefined && asked >= maxAsked.count) return refusals.approvalsAsked(approval.runId, maxAsked.count);
  return put(state.approvals, approval.id, jsonCopy(approval), undo);
}

export function answerApproval(
  state: MemoryState,
  change: ChangeOf<'approval.answer'>,
  undo: Undo,
): undefined | StoreRefusal {
  const { answer } = change;
  const approval = state.approvals.get(change.approvalId);
  if (approval?.tenant !== change.tenant || approval.state !== 'pending') {
    return refusals.approvalNotPending(change.approvalId);
  }
  if (answer.atMs >= approval.expiresAtMs) return refusals.approvalExpired(approval.id);
  const before = approval.answers ?? [];
  if (answer.approve && hasAnswered(before, answer)) return refusals.approvalSamePerson(approval.id, answer.by);
  const answers = [...before, jsonCopy(answer)];
  const approved = answers.length >= change.persons ? 'approved' : 'pending';
  const answered: Approval = {
    ...approval,
    answers,
    answeredBy: answer.by,
    answeredAtMs: answer.atMs,
    state: answer.approve ? approved : 'denied',
  };
  return put(state.approvals, approval.id, answered, undo);
}

export function expireApprovals(
  state: MemoryState,
  change: ChangeOf<'approval.expire'>,
  undo: Undo,
): undefined | StoreRefusal {
  const one = change.approvalId === undefined ? undefined : state.approvals.get(change.approvalId);
  const found = change.approvalId === undefined ? [...state.approvals.values()] : one === undefined ? [] : [one];
  const overdue = found.filter((approval) => approval.tenant === change.tenant && isOverdue(approval, change.nowMs));
  if (change.approvalId !== undefined && overdue.length === 0) return refusals.approvalNotOverdue(change.approvalId);
  for (const approval of overdue) put(state.approvals, approval.id, { ...approval, state: 'expired' }, undo);
  return undefined;
}

/** Whether its time has passed, and nobody has denied or spent it or marked it so. */
export function isOverdue({ state, expiresAtMs }: Approval, nowMs: number): boolean {
  return (state === 'pending' || state === 'approved') && nowMs >= expiresAtMs;
}

export function consumeApproval(
  state: MemoryState,
  change: ChangeOf<'approval.consume'>,
  undo: Undo,
): undefined | StoreRefusal {
  const approval = state.approvals.get(change.approvalId);
  if (
    approval?.tenant !== change.tenant ||
    approval.agent !== change.agent ||
    approval.runId !== change.runId ||
    approval.nonce !== change.nonce ||
    approval.state !== 'approved'
  ) {
    return refusals.approvalUsed(change.approvalId);
  }
  if (change.nowMs >= approval.expiresAtMs) return refusals.approvalExpired(approval.id);
  if (approval.callDigest !== change.callDigest) return refusals.approvalArgumentsChanged(approval.id);
  return put(state.approvals, approval.id, { ...approval, state: 'consumed' }, undo);
}
