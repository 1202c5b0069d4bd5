import type { DatabaseSync } from 'node:sqlite';
import { writePlaces } from './places.ts';
import { SEGMENT_EVENTS } from './segment-events.ts';

/** What events are found by: the columns of `events`, and the tenant alone. */
export type PostedField = 'agent' | 'tool' | 'user' | 'kind' | 'tenant';

/** Where in a segment the events are of which a field has one value. */
export interface Posting {
  readonly tenant: string;
  readonly field: PostedField;
  /** Empty of the field `tenant`. */
  readonly value: string;
  readonly places: Uint8Array;
}

/** Posts the segment that begins with an event, once all of its events are there. */
export type PostSegment = (firstSeq: number) => void;

/** Inside a transaction that the caller begins and ends. */
export function createPostSegment(db: DatabaseSync): PostSegment {
  const readPostings = createReadPostings(db);
  const insert = db.prepare('INSERT INTO postings (tenant, field, value, first_seq, places) VALUES (?, ?, ?, ?, ?)');
  return (firstSeq) => {
    for (const { tenant, field, value, places } of readPostings(firstSeq)) {
      insert.run(tenant, field, value, firstSeq, places);
    }
  };
}

/** The postings of a segment, as they follow from its events. */
export function createReadPostings(db: DatabaseSync): (firstSeq: number) => Iterable<Posting> {
  const select = db.prepare(
    'SELECT tenant, agent, tool, user, kind FROM events WHERE seq >= ? AND seq < ? ORDER BY seq',
  );
  select.setReturnArrays(true);
  return (firstSeq) => {
    const found = new Map<string, Record<PostedField, Map<string, number[]>>>();
    const rows = select.all(firstSeq, firstSeq + SEGMENT_EVENTS) as unknown as readonly Row[]; // in the order of its columns
    for (const [offset, [tenant, agent, tool, user, kind]] of rows.entries()) {
      let of = found.get(tenant);
      if (of === undefined) {
        of = { agent: new Map(), tool: new Map(), user: new Map(), kind: new Map(), tenant: new Map() };
        found.set(tenant, of);
      }
      put(of.agent, agent, offset);
      put(of.tool, tool, offset);
      put(of.user, user, offset);
      put(of.kind, kind, offset);
      put(of.tenant, '', offset);
    }
    return list(found);
  };
}

type Row = readonly [tenant: string, agent: string | null, tool: string | null, user: string | null, kind: string];

function put(values: Map<string, number[]>, value: string | null, offset: number): void {
  if (value === null) return;
  const offsets = values.get(value);
  if (offsets === undefined) values.set(value, [offset]);
  else offsets.push(offset);
}

function* list(found: ReadonlyMap<string, Readonly<Record<PostedField, Map<string, number[]>>>>): Generator<Posting> {
  for (const [tenant, fields] of found) {
    for (const field of POSTED) {
      for (const [value, offsets] of fields[field]) yield { tenant, field, value, places: writePlaces(offsets) };
    }
  }
}

const POSTED = ['agent', 'tool', 'user', 'kind', 'tenant'] as const satisfies readonly PostedField[];
