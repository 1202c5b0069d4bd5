import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Fault } from '../../../base/fault.ts';
import { sameBytes } from '../../../ledger/hash.ts';
import { listPlaces, readPlaces } from './places.ts';
import { createReadPostings, type Posting } from './post-segment.ts';
import { lastPosted, SEGMENT_EVENTS } from './segment-events.ts';

/**
 * Makes the postings of every full segment again and holds them against those that are there, then counts: none is missing,
 * none is another one, and there are no others.
 *
 * @throws Fault E_STORE_CORRUPT that names the first event that is not found, or is found as what it is not.
 */
export async function checkPostings(db: DatabaseSync, lastSeq: number): Promise<void> {
  const readPostings = createReadPostings(db);
  const select = db.prepare(
    'SELECT places FROM postings WHERE tenant = ? AND field = ? AND value = ? AND first_seq = ?',
  );
  const end = lastPosted(lastSeq);
  let expected = 0;
  for (let firstSeq = 1; firstSeq <= end; firstSeq += SEGMENT_EVENTS) {
    for (const posting of readPostings(firstSeq)) {
      const places = select.get(posting.tenant, posting.field, posting.value, firstSeq)?.['places'];
      if (!(places instanceof Uint8Array) || !sameBytes(places, posting.places))
        throw new Fault('E_STORE_CORRUPT', describe(posting, places, firstSeq));
      expected++;
    }
    await nextTurn();
  }
  const found = Number(db.prepare('SELECT count(*) AS n FROM postings WHERE first_seq <= ?').get(end)?.['n']);
  if (found !== expected)
    throw new Fault('E_STORE_CORRUPT', `events are found by ${found - expected} values that none of them has`);
}

function describe({ field, places: right }: Posting, places: unknown, firstSeq: number): string {
  const there = new Set(list(places));
  const expected = list(right);
  const hidden = expected.find((offset) => !there.has(offset));
  if (hidden !== undefined) return `event ${firstSeq + hidden} is not found by its ${field}`;
  const wrong = [...there].find((offset) => !expected.includes(offset));
  if (wrong !== undefined) return `event ${firstSeq + wrong} is found by a ${field} that it does not have`;
  return `the events ${firstSeq} and later are not found as they are written by their ${field}`;
}

function list(places: unknown): readonly number[] {
  return places instanceof Uint8Array ? listPlaces(readPlaces(places), 0, SEGMENT_EVENTS - 1) : [];
}
