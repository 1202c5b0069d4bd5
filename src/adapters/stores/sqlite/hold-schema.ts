import { Fault } from '../../../base/fault.ts';
import { type FileLock, takeLock } from './file-lock.ts';
import { sleepMs } from './sleep.ts';
import { isBusy } from './to-fault.ts';

const TRY_AGAIN_MS = 10;

export interface Schema {
  isCurrent(): boolean;
  /** Called while nobody else has the store open. */
  bringUpToDate(): void;
}

/**
 * Keeps the schema as it is until the lock is closed, having brought it up to date first. Everybody who has the store
 * open shares this lock, and who changes the schema has it alone: under a process that knows an older schema it is
 * never changed. Version 1, which did not share its store, held the same lock alone.
 *
 * @throws Fault E_STORE when another version has the store open for longer than `timeoutMs`.
 */
export function holdSchema(lockFile: string, timeoutMs: number, schema: Schema): FileLock {
  for (let leftMs = timeoutMs; ; leftMs -= TRY_AGAIN_MS) {
    try {
      const shared = takeLock(lockFile, 'shared');
      if (schema.isCurrent()) return shared;
      shared.close();
      const alone = takeLock(lockFile, 'exclusive');
      try {
        if (!schema.isCurrent()) schema.bringUpToDate();
      } finally {
        alone.close();
      }
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (leftMs <= 0) {
        throw new Fault('E_STORE', `another version of Chaperone has this store open; end it first: ${lockFile}`, {
          cause: error,
        });
      }
      sleepMs(TRY_AGAIN_MS);
    }
  }
}
