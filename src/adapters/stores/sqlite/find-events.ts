import type { StatementSync } from 'node:sqlite';
import { Fault } from '../../../base/fault.ts';
import type { EventQuery } from '../../../ports/store.ts';
import { findMoments } from './find-moments.ts';
import { findSegments, type Term } from './find-segments.ts';
import { listPlaces } from './places.ts';
import type { PostedField } from './post-segment.ts';
import type { Prepare } from './prepare-once.ts';
import { lastPosted, segmentOf } from './segment-events.ts';
import { type SeqRange, selectEvents } from './select-events.ts';

type Row = ReturnType<StatementSync['all']>[number];

/**
 * The events that a query asks for, as rows, among those that are there now. Of a run or a call they are found by an index,
 * otherwise by `postings`; those that are in no full segment yet are looked at one by one.
 *
 * @throws Fault E_STORE_CORRUPT where an event is not what it was posted as.
 */
export function* findEvents(prepare: Prepare, query: EventQuery): Generator<Row> {
  const lastSeq = Number(prepare('SELECT coalesce(max(seq), 0) AS last FROM events').get()?.['last']);
  const range = rangeOf(query, findMoments(prepare, query, lastSeq));
  const isOwn = query.callId !== undefined || query.runId !== undefined;
  const posted = isOwn ? 0 : lastPosted(lastSeq);
  const older = findPosted(prepare, query, { first: range.first, last: Math.min(range.last, posted) });
  const newer = findIn(prepare, query, { first: Math.max(range.first, posted + 1), last: range.last });
  let left = query.limit;
  for (const rows of query.newestFirst === true ? [newer, older] : [older, newer]) {
    for (const row of rows) {
      yield row;
      if (--left === 0) return;
    }
  }
}

function rangeOf({ afterSeq = 0, beforeSeq = Number.POSITIVE_INFINITY }: EventQuery, range: SeqRange): SeqRange {
  return {
    first: Math.max(range.first, Math.floor(afterSeq) + 1),
    last: Math.min(range.last, Math.ceil(beforeSeq) - 1),
  };
}

function* findIn(prepare: Prepare, query: EventQuery, range: SeqRange): Generator<Row> {
  if (range.first > range.last) return;
  const { sql, values } = selectEvents(query, range);
  yield* prepare(sql).iterate(...values);
}

/** The first of them in each segment, as many as the query asks for at most. */
function* findPosted(prepare: Prepare, query: EventQuery, { first, last }: SeqRange): Generator<Row> {
  if (first > last) return;
  const { tenant, newestFirst = false, limit } = query;
  const isTimed = query.fromMs !== undefined || query.toMs !== undefined;
  const search = { tenant, terms: termsOf(query), from: segmentOf(first), to: segmentOf(last), newestFirst };
  for (const { firstSeq, places } of findSegments(prepare, search)) {
    const seqs = listPlaces(places, first - firstSeq, last - firstSeq).map((offset) => firstSeq + offset);
    if (seqs.length === 0) continue;
    // Which of them are of the time that is asked for, only they themselves can say.
    const wanted = isTimed ? seqs : newestFirst ? seqs.slice(-limit) : seqs.slice(0, limit);
    const { sql, values } = selectEvents(query, wanted);
    let found = 0;
    for (const row of prepare(sql).iterate(...values)) {
      found++;
      yield row;
    }
    if (!isTimed && found < wanted.length)
      throw new Fault('E_STORE_CORRUPT', `of the events ${firstSeq} and later, some are not what they were posted as`);
  }
}

/** Each narrows what is found: what a query does not ask for is no term. */
function termsOf({ user, tool, agent, kinds }: EventQuery): readonly Term[] {
  const one = (field: PostedField, value: string | undefined): Term[] =>
    value === undefined ? [] : [{ field, values: [value] }];
  const terms = [...one('user', user), ...one('tool', tool), ...one('agent', agent)];
  if (kinds !== undefined) terms.push({ field: 'kind', values: [...new Set(kinds)] });
  return terms.length > 0 ? terms : [{ field: 'tenant', values: [''] }];
}
