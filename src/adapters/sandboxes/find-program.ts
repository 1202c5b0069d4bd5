import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

/** A program of the host, by name. Nothing if it is in none of the folders. */
export async function findProgram(name: string, path: readonly string[]): Promise<string | undefined> {
  if (!/^[\w.+-]+$/.test(name)) return undefined;
  for (const folder of path) {
    try {
      await access(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // not in this one
    }
  }
  return undefined;
}
