import { readIdMs } from '../../../base/clock.ts';
import { findMoments } from './find-moments.ts';
import type { Prepare } from './prepare-once.ts';

/** An id is made just before its event: the two readings of the clock are hardly ever further apart. */
const AROUND_MS = 60_000;

/**
 * The number of the event with this id. There is no index for it: it is looked for among the events of the time that the id
 * tells, and only if it is not there, among all.
 */
export function findById(prepare: Prepare, id: string): number | undefined {
  const lastSeq = Number(prepare('SELECT coalesce(max(seq), 0) AS last FROM events').get()?.['last']);
  const select = prepare('SELECT seq FROM events WHERE id = ? AND seq >= ? AND seq <= ? LIMIT 1');
  const madeAtMs = readIdMs(id);
  const ranges = [{ first: 1, last: lastSeq }];
  if (madeAtMs !== undefined) {
    const around = { fromMs: madeAtMs - AROUND_MS, toMs: madeAtMs + AROUND_MS };
    ranges.unshift(findMoments(prepare, around, lastSeq));
  }
  for (const { first, last } of ranges) {
    const row = select.get(id, first, last);
    if (row !== undefined) return Number(row['seq']);
  }
  return undefined;
}
