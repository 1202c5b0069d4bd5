import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../base/fault.ts';
import { migrate } from './migrate.ts';

const first = 'CREATE TABLE a (x)';
const second = 'INSERT INTO a VALUES (1); CREATE TABLE b (y)';

function describeFile(db: DatabaseSync): unknown {
  const tables = db.prepare('SELECT name FROM sqlite_schema ORDER BY name').all();
  return {
    version: db.prepare('PRAGMA user_version').get()?.['user_version'],
    tables: tables.map((row) => row['name']),
  };
}

describe('migrate', () => {
  it('takes the steps that are new to the file, once', () => {
    const db = new DatabaseSync(':memory:');
    migrate(db, 'f', [first]);
    expect(describeFile(db)).toEqual({ version: 1, tables: ['a'] });
    migrate(db, 'f', [first, second]);
    migrate(db, 'f', [first, second]);
    expect(describeFile(db)).toEqual({ version: 2, tables: ['a', 'b'] });
    expect(db.prepare('SELECT count(*) AS count FROM a').get()).toMatchObject({ count: 1 });
  });

  it('leaves the file at the last version it reached when a step fails half way', () => {
    const db = new DatabaseSync(':memory:');
    const steps = [first, 'CREATE TABLE b (y); INSERT INTO nowhere VALUES (1)', 'CREATE TABLE c (z)'];
    expect(() => migrate(db, 'f', steps)).toThrow(Fault);
    expect(() => migrate(db, 'f', steps)).toThrow('bringing the store to version 2 failed');
    expect(describeFile(db)).toEqual({ version: 1, tables: ['a'] });
    expect(db.isTransaction).toBe(false);
  });
});
