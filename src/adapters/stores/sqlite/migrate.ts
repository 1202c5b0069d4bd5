import type { DatabaseSync } from 'node:sqlite';
import { Fault } from '../../../base/fault.ts';
import { explain } from './to-fault.ts';

/** What takes a file from one version to the next: SQL, or what SQL alone cannot do, inside a transaction. */
export type Migration = string | ((db: DatabaseSync) => void);

/**
 * Takes a file through the steps it has not had, each in a transaction of its own: whatever happens, the file is at the
 * version it says it is.
 *
 * @throws Fault that names the version that could not be reached.
 */
export function migrate(db: DatabaseSync, file: string, steps: readonly Migration[]): void {
  const done = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  for (const [i, step] of steps.slice(done).entries()) {
    const version = done + i + 1;
    try {
      db.exec('BEGIN IMMEDIATE');
      if (typeof step === 'string') db.exec(step);
      else step(db);
      db.exec(`PRAGMA user_version = ${version}; COMMIT`);
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      const { code, message } = explain(error, file);
      throw new Fault(code, `bringing the store to version ${version} failed: ${message}`, { cause: error });
    }
  }
}
