import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ErrorCode } from '../../base/errors.ts';
import { Fault } from '../../base/fault.ts';

const BUSY = 5;

/**
 * Holds a folder, so that one process at a time works in it; undefined while another one does. The operating system takes
 * the lock back however this process ends.
 *
 * @throws Fault `code` where the folder cannot be written to.
 */
export function holdFolder(folder: string, code: ErrorCode): Disposable | undefined {
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    lock = new DatabaseSync(join(folder, '.lock'), { timeout: 0 });
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    const held = lock;
    return { [Symbol.dispose]: () => held.close() };
  } catch (error) {
    lock?.close();
    if (error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === BUSY) return undefined;
    throw new Fault(code, `the folder ${folder} cannot be written to`, { cause: error });
  }
}
