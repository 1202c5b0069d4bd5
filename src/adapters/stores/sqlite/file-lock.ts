import { closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '../../../base/fault.ts';
import { isBusy, isUnopenable } from './to-fault.ts';

const OWNER_ONLY = 0o600;

/** A lock that is held until it is closed. */
export interface FileLock {
  close(): void;
}

/**
 * Takes a lock that the operating system takes back when this process dies, however it dies. It is on an empty file of
 * its own, because a lock on the store itself would keep others out. That file is only ever opened through SQLite:
 * closing any other descriptor of it in this process would drop the lock.
 *
 * Throws what SQLite throws; see `isBusy`.
 */
export function takeLock(file: string, kind: 'shared' | 'exclusive'): FileLock {
  makePrivate(file);
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY'); // nothing is written, and no journal is left behind
    lock.exec(kind === 'shared' ? 'BEGIN; SELECT 1 FROM sqlite_schema' : 'BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * Whether somebody holds the exclusive lock. Does not make the file, and need not be allowed to write to it. A file that
 * cannot be looked at counts as locked: nobody is declared dead by mistake.
 */
export function isLocked(file: string): boolean {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(file, { readOnly: true, timeout: 0 });
    lock.exec('SELECT 1 FROM sqlite_schema');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    if (isUnopenable(error)) return existsSync(file);
    throw error;
  } finally {
    lock?.close();
  }
}

/** Creates the file, readable by its owner alone. SQLite gives its side files the same mode. */
export function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'ax', OWNER_ONLY));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
      throw new Fault('E_STORE', `the store cannot be created: ${error instanceof Error ? error.message : file}`, {
        cause: error,
      });
    }
  }
}
