import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const BLOCK_BYTES = 4_096;

/** What a folder takes on a disk: whole blocks for each file and each folder. No link is followed. */
export async function measureFolder(folder: string): Promise<number> {
  let bytes = BLOCK_BYTES;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await measureFolder(path);
    else bytes += (Math.ceil((await lstat(path)).size / BLOCK_BYTES) + 1) * BLOCK_BYTES;
  }
  return bytes;
}
