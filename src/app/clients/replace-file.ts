import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file so that whoever reads it sees all of the old contents or all of the new, also after a power cut.
 * `mode` is set exactly. Rejects as the file system does, and then the file is as it was.
 */
export async function replaceFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const draft = `${path}.chaperone-new`;
  await rm(draft, { force: true });
  try {
    await writeNew(draft, bytes, mode);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Writes a file that must not be there yet, durably. */
export async function writeNew(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.chmod(mode); // whatever the umask says
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    await folder.sync().finally(() => folder.close());
  } catch {
    // Windows opens no folders; the rename itself is atomic there too
  }
}
