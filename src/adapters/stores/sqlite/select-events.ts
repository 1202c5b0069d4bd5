import type { StatementSync } from 'node:sqlite';
import type { EventQuery, RunQuery } from '../../../ports/store.ts';
import { isRare, RARE_KIND } from './rare-kinds.ts';

export interface Selection {
  readonly sql: string;
  readonly values: (string | number)[];
}

/** Numbers between which all events of a time lie, and others with them. */
export interface SeqRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The filters, the narrowest first. Only the narrowest may choose the index: the `+` before the others keeps the
 * planner from preferring the two columns of `events_by_agent` to the single, far more selective, run.
 */
const filters = [
  ['callId', 'call_id'],
  ['runId', 'run_id'],
  ['user', 'user'],
  ['tool', 'tool'],
  ['agent', 'agent'],
] as const;

/** The SQL for a query, and what to bind to it. */
export function selectEvents(query: EventQuery, range?: SeqRange): Selection {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const only = (condition: string, value: string | number | undefined) => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  const isById = query.callId !== undefined || query.runId !== undefined;
  // Rare kinds are a narrower choice than any agent or tool, and have an index of their own.
  const isByKind = !isById && query.kinds !== undefined && query.kinds.every(isRare);
  for (const [field, column] of filters) {
    only(`${isByKind || conditions.length > 0 ? '+' : ''}${column} = ?`, query[field]);
  }
  only(`${isById ? '+' : ''}tenant = ?`, query.tenant);
  if (isByKind) conditions.push(RARE_KIND);
  if (isByKind && query.kinds?.length === 1) only('kind = ?', query.kinds[0]);
  else
    only(`${isByKind ? '' : '+'}kind IN (SELECT value FROM json_each(?))`, query.kinds && JSON.stringify(query.kinds));
  only('seq > ?', query.afterSeq);
  only('seq < ?', query.beforeSeq);
  only('seq >= ?', range?.first);
  only('seq <= ?', range && Math.min(range.last, Number.MAX_SAFE_INTEGER));
  only('at_ms >= ?', query.fromMs);
  only('at_ms < ?', query.toMs);
  values.push(query.limit);
  const order = query.newestFirst === true ? 'DESC' : 'ASC';
  return { sql: `SELECT * FROM events WHERE ${conditions.join(' AND ')} ORDER BY seq ${order} LIMIT ?`, values };
}

/** Where the events of a query's time lie, so that no others are looked at. Undefined where it asks for none. */
export function findMoments(prepare: (sql: string) => StatementSync, query: EventQuery): SeqRange | undefined {
  const { fromMs = Number.MIN_SAFE_INTEGER, toMs = Number.MAX_SAFE_INTEGER } = query;
  if (query.fromMs === undefined && query.toMs === undefined) return undefined;
  const covered = Number(prepare('SELECT coalesce(max(last_seq), 0) AS last FROM moments').get()?.['last']);
  const found = prepare(
    'SELECT min(first_seq) AS first, max(last_seq) AS last FROM moments WHERE to_ms >= ? AND from_ms < ?',
  ).get(fromMs, toMs);
  const isNew = prepare('SELECT 1 FROM events WHERE seq > ? AND at_ms >= ? AND at_ms < ? LIMIT 1').get(
    covered,
    fromMs,
    toMs,
  );
  const first = Number(found?.['first'] ?? covered + 1);
  const last = Number(found?.['last'] ?? covered);
  return { first, last: isNew === undefined ? last : Number.POSITIVE_INFINITY };
}

export function selectRuns({ tenant, user, expiredByMs, after, limit }: RunQuery): Selection {
  const conditions = ['tenant = ?', 'erased_at_ms IS NULL'];
  const values: (string | number)[] = [tenant];
  const only = (condition: string, value: string | number | undefined) => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  only('user = ?', user);
  only('expires_at_ms <= ?', expiredByMs);
  only('id > ?', after);
  values.push(limit);
  const columns = 'id, key, user, erased_at_ms, expires_at_ms';
  return { sql: `SELECT ${columns} FROM runs WHERE ${conditions.join(' AND ')} ORDER BY id LIMIT ?`, values };
}
