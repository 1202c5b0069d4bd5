import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../base/clock.ts';
import { createWriteTurns } from './write-turns.ts';

let folder: string;
let db: DatabaseSync;
let other: DatabaseSync;
let nowMs: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chaperone-turns-'));
  db = new DatabaseSync(join(folder, 'a.db'), { timeout: 0 });
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (x)');
  other = new DatabaseSync(join(folder, 'a.db'), { timeout: 0 });
  nowMs = 1_000;
});
afterEach(() => {
  db.close();
  other.close();
  rmSync(folder, { recursive: true });
});

/** A clock that stands still until `nowMs` is moved. */
const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };

function newTurns(hasOthers: () => boolean = () => false) {
  const turns = createWriteTurns(db, { clock, timeoutMs: 0, hasOthers });
  const write = (tookMs = 0): boolean => {
    const isOutOfDate = turns.begin();
    db.exec('INSERT INTO t VALUES (1); COMMIT');
    nowMs += tookMs;
    turns.end();
    return isOutOfDate;
  };
  return { turns, write };
}

describe('createWriteTurns', () => {
  it('says when anybody else has written, once, and not for its own writing', () => {
    const { write } = newTurns();
    expect([write(), write(), write()]).toEqual([true, false, false]);
    other.exec('INSERT INTO t VALUES (2)');
    expect([write(), write()]).toEqual([true, false]);
    other.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (3); ROLLBACK');
    expect(write()).toBe(false);
  });

  it('lets others only when it has written for a turn without a break, and there are others', () => {
    let asked = 0;
    const { write } = newTurns(() => ++asked < 0);
    for (let i = 0; i < 12; i++) write(4);
    expect(asked).toBe(0);
    write(4);
    write(4);
    expect(asked).toBe(1);
    for (let i = 0; i < 50; i++) {
      write(4);
      nowMs += 4;
    }
    expect(asked, 'with breaks').toBe(1);
  });

  it('gives up when another keeps the lock', () => {
    const { turns, write } = newTurns();
    other.exec('BEGIN IMMEDIATE');
    expect(() => turns.begin()).toThrow('locked');
    other.exec('ROLLBACK');
    expect(write()).toBe(true);
  });
});
