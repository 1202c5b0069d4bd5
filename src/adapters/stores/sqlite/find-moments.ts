import type { EventQuery } from '../../../ports/store.ts';
import type { Prepare } from './prepare-once.ts';
import type { SeqRange } from './select-events.ts';

/** The numbers between which all events of a query's time lie, and others with them; all of them where it asks for no time. */
export function findMoments(prepare: Prepare, query: Pick<EventQuery, 'fromMs' | 'toMs'>, lastSeq: number): SeqRange {
  const { fromMs = Number.MIN_SAFE_INTEGER, toMs = Number.MAX_SAFE_INTEGER } = query;
  if (query.fromMs === undefined && query.toMs === undefined) return { first: 1, last: lastSeq };
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
  return { first, last: isNew === undefined ? Number(found?.['last'] ?? covered) : lastSeq };
}
