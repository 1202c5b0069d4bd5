import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Fault } from '../../../base/fault.ts';
import { makePrivate } from './file-lock.ts';
import { holdSchema } from './hold-schema.ts';
import { enterInstance, type Instance, readLiveInstances } from './instances.ts';
import { migrate } from './migrate.ts';
import { migrations, schemaVersion } from './migrations.ts';
import { explain } from './to-fault.ts';

/** Marks a file as ours: the bytes "Chap" in SQLite's application id. */
const APPLICATION_ID = 0x43686170;
const CACHE_KIB = 32_768;
/** Pages the write-ahead log may reach before it is copied back: fewer, larger checkpoints cost less. */
const CHECKPOINT_PAGES = 8_000;
const KEPT_LOG_BYTES = 67_108_864;

export interface OpenDatabase {
  /** Waits for no lock by itself: see `whileBusy`. */
  readonly db: DatabaseSync;
  /** Under which number this process has the file open. */
  readonly instance: number;
  /** Who has the file open for writing now. */
  live(): readonly Instance[];
  /** Says good-bye to the others, while all is well with the file. */
  leave(): void;
  /** Closes the file. What this instance left undone is abandoned from now on. */
  close(): void;
}

/**
 * Makes the store's files where there are none. Not left to the thread that opens them: closing a file that was just
 * made would drop the locks that another thread of this process has taken on it in between.
 *
 * @throws Fault E_STORE when they cannot be made.
 */
export function makeFiles(path: string): void {
  const file = locate(path);
  makePrivate(file);
  makePrivate(schemaLockOf(file));
}

/**
 * Opens the store's file, which `makeFiles` has made, for writing beside other processes, and brings its schema up to
 * date.
 *
 * @throws Fault E_STORE when it cannot be opened, or a process of another version has it open; E_STORE_CORRUPT when it
 * is damaged or is not a store; E_STORE_NEWER when a newer version wrote it.
 */
export function openDatabase(path: string, busyTimeoutMs: number): OpenDatabase {
  const file = locate(path);
  try {
    const db = new DatabaseSync(file, { timeout: busyTimeoutMs });
    try {
      checkIsOurs(db, file);
      const schema = holdSchema(schemaLockOf(file), busyTimeoutMs, {
        isCurrent: () => readNumber(db, 'user_version') >= schemaVersion && isWal(db),
        bringUpToDate() {
          checkIsOurs(db, file);
          useLog(db, file);
          db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
          migrate(db, file, migrations);
        },
      });
      try {
        checkIsOurs(db, file);
        configure(db);
        const instance = enterInstance(db, file);
        db.exec('PRAGMA busy_timeout = 0');
        return {
          db,
          instance: instance.id,
          live: () => readLiveInstances(db, file),
          leave: instance.leave,
          close() {
            db.close();
            instance.release();
            schema.close();
          },
        };
      } catch (error) {
        schema.close();
        throw error;
      }
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    throw explain(error, file);
  }
}

/**
 * Opens the store's file once more in a process that has it open by `openDatabase`, for commits that do not go through
 * that connection. It copies nothing back from the write-ahead log: that takes long, and is left to the other.
 *
 * @throws Fault E_STORE or E_STORE_CORRUPT when it cannot be opened.
 */
export function openBeside(path: string): DatabaseSync {
  try {
    const db = new DatabaseSync(locate(path), { timeout: 0 });
    configure(db);
    db.exec('PRAGMA wal_autocheckpoint = 0');
    return db;
  } catch (error) {
    throw explain(error, path);
  }
}

/**
 * Opens the store's file for reading, also while another process writes to it.
 *
 * @throws Fault E_NOT_FOUND when there is none; otherwise as `openDatabase`.
 */
export function openDatabaseReadOnly(path: string, busyTimeoutMs: number): Omit<OpenDatabase, 'instance' | 'leave'> {
  // Its folder may be missing as well: before a gateway has started, neither is there.
  if (!existsSync(path)) throw new Fault('E_STORE_NONE', `nothing is recorded yet: there is no store at ${path}`);
  const file = locate(path);
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
    return {
      db,
      live: () => readLiveInstances(db, file),
      close() {
        if (db.isOpen) db.close();
      },
    };
  } catch (error) {
    throw explain(error, file);
  }
}

const schemaLockOf = (file: string): string => `${file}-lock`;

/** The file's one true name, so that all names of it share its locks. */
function locate(path: string): string {
  try {
    return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    throw new Fault('E_STORE', `the store's folder does not exist: ${dirname(path)}`, { cause: error });
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
      'E_STORE_NEWER',
      `the store was written by a newer version (${version}, this one knows ${schemaVersion}): ${file}`,
    );
  }
}

const isWal = (db: DatabaseSync): boolean => db.prepare('PRAGMA journal_mode').get()?.['journal_mode'] === 'wal';

/** Has the file keep a write-ahead log, which is remembered in the file. */
function useLog(db: DatabaseSync, file: string): void {
  const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (mode !== 'wal')
    throw new Fault('E_STORE', `this file system has no shared memory for a write-ahead log: ${file}`);
}

function configure(db: DatabaseSync): void {
  db.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -${CACHE_KIB};
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = ${KEPT_LOG_BYTES};
  `);
}
