import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../../base/clock.ts';
import { newId, systemClock } from '../../../base/clock.ts';
import { createEventAppender } from './append-event.ts';
import { findById } from './find-by-id.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations.ts';
import { prepareOnce } from './prepare-once.ts';

const EVENTS = 5_000;
const SECOND_MS = 1_000;
const ids: string[] = [];
let db: DatabaseSync;

beforeAll(() => {
  db = new DatabaseSync(':memory:');
  migrate(db, 'memory', migrations);
  const events = createEventAppender(db);
  db.exec('BEGIN');
  for (let i = 0; i < EVENTS; i++) {
    const nowMs = 1_700_000_000_000 + i * SECOND_MS;
    const clock: Clock = { ...systemClock, nowMs: () => (i === 700 ? nowMs - 3_600_000 : nowMs) };
    const id = i === 900 ? 'evt_by_hand' : newId(clock, 'evt');
    ids.push(id);
    events.append([id, 'run.started', 't', null, null, null, null, null, nowMs, '{}']);
  }
  db.exec('COMMIT');
});
afterAll(() => db.close());

/** How many events lie between the numbers that were looked at. */
function widest(id: string): { readonly seq: number | undefined; readonly looked: number } {
  let looked = 0;
  const prepare = prepareOnce(db);
  const seq = findById((sql) => {
    const statement = prepare(sql);
    if (!sql.includes('id = ?')) return statement;
    return new Proxy(statement, {
      get: (target, name) => {
        if (name !== 'get') return Reflect.get(target, name, target);
        return (of: string, first: number, last: number) => {
          looked = Math.max(looked, last - first + 1);
          return target.get(of, first, last);
        };
      },
    });
  }, id);
  return { seq, looked };
}

describe('findById', () => {
  it.each([0, 1, 2_047, 3_333, EVENTS - 1])('finds event %i near the time that its id tells', (i) => {
    const { seq, looked } = widest(ids[i] ?? '');
    expect(seq).toBe(i + 1);
    expect(looked).toBeLessThan(2_200);
  });

  it('finds what was recorded long after its id was made, and what tells no time', () => {
    expect(widest(ids[700] ?? '').seq).toBe(701);
    expect(widest('evt_by_hand').seq).toBe(901);
  });

  it('finds nothing under an id that nothing has', () => {
    expect(widest(newId(systemClock, 'evt')).seq).toBeUndefined();
  });
});
