import type { StatementSync } from 'node:sqlite';
import { assert } from '../../../base/assert.ts';
import { addPlaces, allPlaces, keepPlaces, noPlaces, type Places, readPlaces } from './places.ts';
import type { PostedField } from './post-segment.ts';
import type { Prepare } from './prepare-once.ts';
import { SEGMENT_EVENTS } from './segment-events.ts';

/** What is looked for: events that have one of these values in a field. */
export interface Term {
  readonly field: PostedField;
  readonly values: readonly string[];
}

/** A segment in which events may have what all terms ask for, and where. */
export interface FoundSegment {
  readonly firstSeq: number;
  readonly places: Places;
}

export interface SegmentSearch {
  readonly tenant: string;
  /** One at least. */
  readonly terms: readonly Term[];
  /** The first events of the first and the last segment to look at. */
  readonly from: number;
  readonly to: number;
  readonly newestFirst: boolean;
}

/**
 * The segments that have events of every term, one after the other. What none of them has in common is skipped without
 * being read: each term leaps to where the one before it has something.
 */
export function* findSegments(
  prepare: Prepare,
  { tenant, terms, from, to, newestFirst }: SegmentSearch,
): Generator<FoundSegment> {
  const select = prepare(
    `SELECT first_seq, places FROM postings WHERE tenant = ? AND field = ? AND value = ? AND first_seq ${
      newestFirst ? '<= ? ORDER BY first_seq DESC' : '>= ? ORDER BY first_seq'
    } LIMIT 1`,
  );
  const sought = terms.map(({ field, values }) =>
    values.map((value) => new Cursor((at) => select.get(tenant, field, value, at))),
  );
  const end = newestFirst ? from : to;
  const isBeyond = (at: number) => (newestFirst ? at < end : at > end);
  for (let at = newestFirst ? to : from; !isBeyond(at); at += newestFirst ? -SEGMENT_EVENTS : SEGMENT_EVENTS) {
    const met = meet(sought, at, newestFirst);
    if (met === undefined) return;
    at = met;
    if (isBeyond(at)) return;
    const places = allPlaces();
    for (const cursors of sought) keepPlaces(places, placesOf(cursors, at));
    yield { firstSeq: at, places };
  }
}

/** The next segment at which every term has something. Undefined where there is none. */
function meet(sought: readonly (readonly Cursor[])[], from: number, newestFirst: boolean): number | undefined {
  let at = from;
  for (let agreed = 0; agreed < sought.length; ) {
    for (const cursors of sought) {
      const next = nearest(cursors, at, newestFirst);
      if (next === undefined) return undefined;
      agreed = next === at ? agreed + 1 : 1;
      at = next;
      if (agreed === sought.length) break;
    }
  }
  return at;
}

function nearest(cursors: readonly Cursor[], at: number, newestFirst: boolean): number | undefined {
  let best: number | undefined;
  for (const cursor of cursors) {
    const next = cursor.seek(at, newestFirst);
    if (next === undefined) continue;
    if (best === undefined || (newestFirst ? next > best : next < best)) best = next;
  }
  return best;
}

function placesOf(cursors: readonly Cursor[], at: number): Places {
  const [only] = cursors;
  if (only !== undefined && cursors.length === 1) return only.placesAt(at);
  const places = noPlaces();
  for (const cursor of cursors) addPlaces(places, cursor.placesAt(at));
  return places;
}

type Row = ReturnType<StatementSync['get']>;

/** Goes through the segments that have one value, in one direction, and reads none twice. */
class Cursor {
  readonly #select: (at: number) => Row;
  #firstSeq: number | undefined;
  #bytes: unknown;
  #isAtEnd = false;

  constructor(select: (at: number) => Row) {
    this.#select = select;
  }

  /** The segment at `at`, or the nearest beyond it. Undefined where there is none. */
  seek(at: number, newestFirst: boolean): number | undefined {
    if (this.#isAtEnd) return undefined;
    if (this.#firstSeq !== undefined && (newestFirst ? this.#firstSeq <= at : this.#firstSeq >= at))
      return this.#firstSeq;
    const row = this.#select(at);
    this.#isAtEnd = row === undefined;
    this.#firstSeq = row && Number(row['first_seq']);
    this.#bytes = row?.['places'];
    return this.#firstSeq;
  }

  placesAt(at: number): Places {
    if (this.#isAtEnd || this.#firstSeq !== at) return noPlaces();
    assert(this.#bytes instanceof Uint8Array, 'a strict table holds what its columns say');
    return readPlaces(this.#bytes);
  }
}
