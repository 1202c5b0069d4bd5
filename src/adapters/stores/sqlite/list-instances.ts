import { existsSync } from 'node:fs';
import { limits } from '../../../base/limits.ts';
import type { Instance } from './instances.ts';
import { openDatabaseReadOnly } from './open-database.ts';
import { explain } from './to-fault.ts';

/**
 * Who has a store's file open for writing, the longest first: one entry for each opening, so a process may be there more
 * than once. None when there is no file.
 *
 * @throws Fault as `openSqliteStoreReadOnly`.
 */
export async function listInstances({ path }: { readonly path: string }): Promise<readonly Instance[]> {
  if (!existsSync(path)) return [];
  const { live, close } = openDatabaseReadOnly(path, limits.commitTimeoutMs);
  try {
    return live();
  } catch (error) {
    throw explain(error, path);
  } finally {
    close();
  }
}
