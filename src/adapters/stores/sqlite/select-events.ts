import type { EventQuery, RunQuery } from '../../../ports/store.ts';

export interface Selection {
  readonly sql: string;
  readonly values: (string | number)[];
}

/** Numbers of events, the first and the last of them included. */
export interface SeqRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The SQL for what a query asks for, and what to bind to it.
 *
 * @param among only events of these numbers are looked at; the index of a run or of a call tells which where the query
 * names one.
 */
export function selectEvents(query: EventQuery, among: SeqRange | readonly number[]): Selection {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const only = (condition: string, value: string | number | undefined) => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  only('call_id = ?', query.callId);
  // Of the two indexes that of the call is the narrower one: the `+` keeps the planner from the other.
  only(`${query.callId === undefined ? '' : '+'}run_id = ?`, query.runId);
  if ('first' in among) {
    only('seq >= ?', among.first);
    only('seq <= ?', among.last);
  } else only('seq IN (SELECT value FROM json_each(?))', JSON.stringify(among));
  only('tenant = ?', query.tenant);
  only('agent = ?', query.agent);
  only('tool = ?', query.tool);
  only('user = ?', query.user);
  only('kind IN (SELECT value FROM json_each(?))', query.kinds && JSON.stringify(query.kinds));
  only('at_ms >= ?', query.fromMs);
  only('at_ms < ?', query.toMs);
  values.push(query.limit);
  const order = query.newestFirst === true ? 'DESC' : 'ASC';
  return { sql: `SELECT * FROM events WHERE ${conditions.join(' AND ')} ORDER BY seq ${order} LIMIT ?`, values };
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
