import { isWithin, parseScope } from '../../../model/isolation.ts';
import type { Change } from '../../../ports/store.ts';
import type { MemoryState } from './memory-state.ts';
import { put, type Undo } from './put.ts';

type Cancel = Extract<Change, { readonly kind: 'approval.cancel' }>;

/** Denies what was asked within a scope that was stopped. */
export function cancelApprovals(state: MemoryState, change: Cancel, undo: Undo): undefined {
  const scope = parseScope(change.scope);
  for (const approval of [...state.approvals.values()]) {
    if (scope === undefined || (approval.state !== 'pending' && approval.state !== 'approved')) continue;
    if (!isWithin(approval, scope)) continue;
    const answer = { answeredBy: change.by, answeredAtMs: change.nowMs };
    put(state.approvals, approval.id, { ...approval, ...answer, state: 'denied' }, undo);
  }
}
