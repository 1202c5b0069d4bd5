import type { DatabaseSync } from 'node:sqlite';
import { type IsolationScope, parseScope } from '../../../model/isolation.ts';
import type { Change } from '../../../ports/store.ts';

type Cancel = Extract<Change, { readonly kind: 'approval.cancel' }>;

/** Denies what was asked within a scope that was stopped. Seldom, so no statement is kept for it. */
export function cancelApprovals(db: DatabaseSync, change: Cancel): undefined {
  const scope = parseScope(change.scope);
  if (scope === undefined) return;
  const { sql, values } = selectWithin(scope);
  db.prepare(
    `UPDATE approvals SET state = 'denied', answered_by = ?, answered_at_ms = ?
     WHERE state IN ('pending', 'approved') AND ${sql}`,
  ).run(change.by, change.nowMs, ...values);
}

/** The condition that an approval lies within a scope. */
function selectWithin(scope: IsolationScope): { readonly sql: string; readonly values: readonly string[] } {
  switch (scope.kind) {
    case 'all':
      return { sql: 'true', values: [] };
    case 'tenant':
      return { sql: 'tenant = ?', values: [scope.tenant] };
    case 'agent':
      return { sql: 'tenant = ? AND agent = ?', values: [scope.tenant, scope.agent] };
    case 'run':
      return { sql: 'run_id = ?', values: [scope.run] };
    case 'server':
      return {
        sql: 'tenant = ? AND substr(tool, 1, length(?)) = ?',
        values: [scope.tenant, `${scope.server}/`, `${scope.server}/`],
      };
    case 'tool':
      return { sql: 'tenant = ? AND tool = ?', values: [scope.tenant, scope.tool] };
  }
}
