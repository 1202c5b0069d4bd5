import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestBytes } from '../../../base/digest.ts';
import type { EventKind } from '../../../model/event.ts';
import type { EventQuery } from '../../../ports/store.ts';
import { createEventAppender } from './append-event.ts';
import { checkPostings } from './check-postings.ts';
import { findEvents } from './find-events.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations.ts';
import { listPlaces, readPlaces, writePlaces } from './places.ts';
import { prepareOnce } from './prepare-once.ts';
import { SEGMENT_EVENTS } from './segment-events.ts';
import type { WireEvent } from './wire.ts';

const EVENTS = 3 * SEGMENT_EVENTS + 500;
const KINDS: readonly EventKind[] = ['call.intended', 'call.completed', 'call.refused', 'alert.raised'];
const HIDDEN_AT = 5_000;

/** Which event has what follows from its number: some values are everywhere, some in one segment, one in no full one. */
function eventOf(seq: number): WireEvent {
  const tenant = seq % 11 === 0 ? 'small' : 'large';
  const kind = seq % 3_000 === 7 ? 'alert.raised' : (KINDS[seq % 3] ?? 'call.intended');
  const agent = seq === HIDDEN_AT ? 'once' : seq > EVENTS - 100 ? 'new' : `agent-${seq % 4}`;
  const tool = seq % 5 === 0 ? null : seq % 4 === 0 ? 'even/tool' : 'odd/tool';
  const user = seq < SEGMENT_EVENTS && seq % 400 === 0 ? 'early' : `user-${seq % 50}`;
  const atMs = 1_000 + seq - (seq % 900 === 0 ? 600 : 0); // now and then the clock is set back
  return [`evt_${seq}`, kind, tenant, `run_${seq >> 5}`, `call_${seq >> 1}`, agent, tool, user, atMs, '{}'];
}

const all = Array.from({ length: EVENTS }, (_, i) => ({ seq: i + 1, event: eventOf(i + 1) }));

function expected(query: EventQuery): readonly number[] {
  const is = (asked: unknown, value: unknown) => asked === undefined || asked === value;
  const found = all.filter(({ seq, event: [, kind, tenant, runId, callId, agent, tool, user, atMs] }) => {
    const { kinds, fromMs = 0, toMs = 1e9, afterSeq = 0, beforeSeq = 1e9 } = query;
    if (tenant !== query.tenant || (kinds !== undefined && !kinds.includes(kind as EventKind))) return false;
    if (!is(query.agent, agent) || !is(query.tool, tool) || !is(query.user, user)) return false;
    if (!is(query.runId, runId) || !is(query.callId, callId)) return false;
    return atMs >= fromMs && atMs < toMs && seq > afterSeq && seq < beforeSeq;
  });
  const seqs = found.map(({ seq }) => seq);
  return (query.newestFirst === true ? seqs.reverse() : seqs).slice(0, query.limit);
}

let db: DatabaseSync;
const find = (query: EventQuery): readonly number[] =>
  [...findEvents(prepareOnce(db), query)].map((row) => Number(row['seq']));

beforeAll(() => {
  db = new DatabaseSync(':memory:');
  migrate(db, 'memory', migrations);
  const events = createEventAppender(db);
  db.exec('BEGIN');
  for (const { event } of all) events.append(event);
  db.exec('COMMIT');
});
afterAll(() => db.close());

const maybe = <T>(...values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const seq = fc.option(fc.integer({ min: 0, max: EVENTS + 10 }), { nil: undefined });
const time = fc.option(fc.integer({ min: 0, max: EVENTS + 2_000 }), { nil: undefined });
const arbitraryQuery: fc.Arbitrary<EventQuery> = fc
  .record({
    tenant: fc.constantFrom('large', 'small', 'nobody'),
    agent: maybe('agent-0', 'agent-3', 'once', 'new', 'nobody'),
    tool: maybe('even/tool', 'odd/tool', 'no/tool'),
    user: maybe('early', 'user-0', 'user-17', 'nobody'),
    kinds: fc.option(fc.subarray([...KINDS, 'run.ended' as const]), { nil: undefined }),
    runId: maybe('run_1', 'run_200'),
    afterSeq: seq,
    beforeSeq: seq,
    fromMs: time,
    toMs: time,
    newestFirst: fc.boolean(),
    limit: fc.constantFrom(1, 7, 100, 1_000),
  })
  .map((query) => Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as never);

describe('findEvents', () => {
  it('finds what a query asks for, and nothing else, in its order', () => {
    fc.assert(
      fc.property(arbitraryQuery, (query) => {
        expect(find(query)).toEqual(expected(query));
      }),
      { numRuns: 400 },
    );
  });

  it('finds what two values have in common in one event only, and nothing where they never meet', () => {
    expect(find({ tenant: 'large', agent: 'once', limit: 10 })).toEqual([HIDDEN_AT]);
    expect(find({ tenant: 'large', agent: 'agent-1', tool: 'even/tool', limit: 10 })).toEqual([]);
  });

  it('reads no event to find that an agent and a tool never met', () => {
    const asked: string[] = [];
    const prepare = prepareOnce(db);
    const watched = (sql: string) => {
      asked.push(sql);
      return prepare(sql);
    };
    const query = { tenant: 'large', agent: 'agent-1', tool: 'even/tool', beforeSeq: 3 * SEGMENT_EVENTS, limit: 10 };
    expect([...findEvents(watched, query)]).toEqual([]);
    expect(asked.filter((sql) => sql.includes('SELECT * FROM events'))).toEqual([]);
  });
});

describe('postings', () => {
  it('are made of a file that has none as they are made while it is written', () => {
    const old = new DatabaseSync(':memory:');
    migrate(old, 'memory', migrations.slice(0, -2));
    const insert = old.prepare(
      'INSERT INTO events (seq, id, kind, tenant, run_id, call_id, agent, tool, user, at_ms, body, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    for (const { seq: number, event } of all) insert.run(number, ...event, digestBytes('it'));
    migrate(old, 'memory', migrations);
    const dump = (from: DatabaseSync) => from.prepare('SELECT * FROM postings').all();
    expect(dump(old)).toEqual(dump(db));
    old.close();
  });

  it('are kept as few bytes as they need, and say the same', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(SEGMENT_EVENTS - 1), { maxLength: 600 }), (offsets) => {
        const sorted = offsets.sort((a, b) => a - b);
        const bytes = writePlaces(sorted);
        expect(bytes.length).toBeLessThanOrEqual(SEGMENT_EVENTS / 8);
        expect(listPlaces(readPlaces(bytes), 0, SEGMENT_EVENTS - 1)).toEqual(sorted);
      }),
    );
  });

  it.each([
    ['left out of', "DELETE FROM postings WHERE value = 'once'", `event ${HIDDEN_AT} is not found by its agent`],
    [
      'taken out of',
      `UPDATE postings SET places = x'0000' WHERE value = 'even/tool' AND tenant = 'large' AND first_seq = 4097`,
      'event 4104 is not found by its tool',
    ],
    [
      'added to',
      "INSERT INTO postings SELECT tenant, field, 'stranger', first_seq, places FROM postings WHERE value = 'once'",
      'found by 1 values that none of them has',
    ],
    [
      'moved in',
      "UPDATE postings SET places = x'0100' WHERE value = 'once'",
      `event ${HIDDEN_AT} is not found by its agent`,
    ],
  ])('%s which something was are found', async (_, sql, message) => {
    db.exec('SAVEPOINT before');
    try {
      await checkPostings(db, EVENTS);
      db.exec(sql);
      await expect(checkPostings(db, EVENTS)).rejects.toMatchObject({
        code: 'E_STORE_CORRUPT',
        message: expect.stringContaining(message),
      });
    } finally {
      db.exec('ROLLBACK TO before; RELEASE before');
    }
  });

  it('that point to an event of somebody else give it to nobody', () => {
    db.exec('SAVEPOINT before');
    try {
      db.exec("UPDATE postings SET tenant = 'small' WHERE value = 'once'");
      expect(() => find({ tenant: 'small', agent: 'once', limit: 10 })).toThrow(
        expect.objectContaining({ code: 'E_STORE_CORRUPT' }),
      );
    } finally {
      db.exec('ROLLBACK TO before; RELEASE before');
    }
  });
});
