import { closeSync, existsSync, openSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '../../../base/fault.ts';
import { migrate } from './migrate.ts';
import { migrations, schemaVersion } from './migrations.ts';
import { explain, isBusy } from './to-fault.ts';

/** Marks a file as ours: the bytes "Chap" in SQLite's application id. */
const APPLICATION_ID = 0x43686170;
const OWNER_ONLY = 0o600;
const CACHE_KIB = 32_768;
/** Pages the write-ahead log may reach before it is copied back: fewer, larger checkpoints cost less. */
const CHECKPOINT_PAGES = 8_000;
const KEPT_LOG_BYTES = 67_108_864;

export interface OpenDatabase {
  readonly db: DatabaseSync;
  /** Closes the file, then lets the next process have it. */
  close(): void;
}

/**
 * Opens the store's file for writing, alone: makes it when there is none, and brings its schema up to date.
 *
 * @throws Fault E_STORE when it cannot be opened or another process has it; E_STORE_CORRUPT when it is damaged, is not
 * a store, or was written by a newer version.
 */
export function openDatabase(path: string, busyTimeoutMs: number): OpenDatabase {
  const file = locate(path);
  const lock = takeLock(file);
  try {
    makePrivate(file);
    const db = new DatabaseSync(file, { timeout: busyTimeoutMs });
    try {
      checkIsOurs(db, file);
      configure(db, file);
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      migrate(db, file, migrations);
      db.prepare('INSERT OR REPLACE INTO owner (only, pid) VALUES (1, ?)').run(process.pid);
    } catch (error) {
      db.close();
      throw error;
    }
    return {
      db,
      close() {
        db.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw explain(error, file);
  }
}

/**
 * Opens the store's file for reading, also while another process writes to it.
 *
 * @throws Fault E_NOT_FOUND when there is none; otherwise as `openDatabase`.
 */
export function openDatabaseReadOnly(path: string, busyTimeoutMs: number): DatabaseSync {
  const file = locate(path);
  if (!existsSync(file)) throw new Fault('E_NOT_FOUND', `there is no store at ${file}`);
  try {
    const db = new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs });
    try {
      checkIsOurs(db, file);
      const version = readNumber(db, 'user_version');
      if (version < schemaVersion) {
        throw new Fault('E_STORE', `the store is of an older version (${version}): start the gateway once: ${file}`);
      }
    } catch (error) {
      db.close();
      throw error;
    }
    return db;
  } catch (error) {
    throw explain(error, file);
  }
}

/** The file's one true name, so that two names of it share one lock. */
function locate(path: string): string {
  try {
    return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    throw new Fault('E_STORE', `the store's folder does not exist: ${dirname(path)}`, { cause: error });
  }
}

/**
 * Holds a lock that the operating system takes back when this process dies, however it dies. It is on an empty file
 * of its own, because a lock on the store itself would keep readers out as well. That file is only ever opened through
 * SQLite: closing any other descriptor of it in this process would drop the lock.
 */
function takeLock(file: string): DatabaseSync {
  const name = `${file}-lock`;
  let lock: DatabaseSync | undefined;
  try {
    makePrivate(name);
    lock = new DatabaseSync(name, { timeout: 0 });
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock?.close();
    if (!isBusy(error)) throw explain(error, name);
    throw new Fault('E_STORE', `another Chaperone has this store open: pid ${readOwner(file)}: ${file}`, {
      cause: error,
    });
  }
}

function readOwner(file: string): string {
  try {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      return String(db.prepare('SELECT pid FROM owner').get()?.['pid'] ?? 'unknown');
    } finally {
      db.close();
    }
  } catch {
    return 'unknown'; // it is just being made; who has it is a courtesy, that somebody has it is already certain
  }
}

/** Creates the file, readable by its owner alone. SQLite gives its side files the same mode. */
function makePrivate(file: string): void {
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

function readNumber(db: DatabaseSync, pragma: 'application_id' | 'user_version'): number {
  return Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
}

function checkIsOurs(db: DatabaseSync, file: string): void {
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (!isEmpty && readNumber(db, 'application_id') !== APPLICATION_ID) {
    throw new Fault('E_STORE_CORRUPT', `the file is a database of another program: ${file}`);
  }
  const version = readNumber(db, 'user_version');
  if (version > schemaVersion) {
    throw new Fault(
      'E_STORE_CORRUPT',
      `the store was written by a newer version (${version}, this one knows ${schemaVersion}): ${file}`,
    );
  }
}

function configure(db: DatabaseSync, file: string): void {
  const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (mode !== 'wal')
    throw new Fault('E_STORE', `this file system has no shared memory for a write-ahead log: ${file}`);
  db.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${KEPT_LOG_BYTES};
  `);
}
