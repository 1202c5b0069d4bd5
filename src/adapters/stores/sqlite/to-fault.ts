import type { ErrorCode } from '../../../base/errors.ts';
import { Fault } from '../../../base/fault.ts';

// primary result codes of SQLite
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** SQLite's primary result code in an error, or undefined when the error is not SQLite's. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

/** Whether another connection holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

/** Whether the file could not be opened: there is none, or it may not be read. */
export function isUnopenable(error: unknown): boolean {
  return resultCode(error) === CANTOPEN;
}

/**
 * Whether nothing may be written any more until the file has been opened again: after a failed write or sync nobody
 * can tell what of it is on disk, and SQLite's own cache may be ahead of the disk.
 */
export function isFatal(error: unknown): boolean {
  const code = resultCode(error);
  return code === IOERR || code === CORRUPT || code === NOTADB;
}

const explanations: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  [BUSY]: ['E_STORE', 'another program holds a lock on the store'],
  [READONLY]: ['E_STORE', 'the store is read-only'],
  [IOERR]: ['E_STORE', 'reading or writing the disk failed'],
  [CORRUPT]: ['E_STORE_CORRUPT', 'the store is damaged'],
  [FULL]: ['E_STORE', 'the disk is full'],
  [CANTOPEN]: ['E_STORE', 'the store cannot be opened: its folder is missing or not writable'],
  [NOTADB]: ['E_STORE_CORRUPT', 'the file is not a store'],
};

/** A fault that says in plain words what SQLite reported, with its own words behind them. */
export function explain(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  const [code, message] = explanations[resultCode(error) ?? -1] ?? ['E_STORE', 'the store failed'];
  const said = error instanceof Error ? error.message : String(error);
  return new Fault(code, `${message} (${said}): ${path}`, { cause: error });
}
