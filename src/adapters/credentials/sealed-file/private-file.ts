import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';

const OTHERS = 0o077;

/** Writes a file that is not there yet, for its owner alone. When it resolves the bytes would survive a power cut. */
export async function writePrivate(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A file that its owner alone can read; undefined where there is none. Rejects with a `Fault` E_CREDENTIAL. */
export async function readPrivate(path: string): Promise<Uint8Array | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Fault('E_CREDENTIAL', `${path} cannot be read`);
  });
  if (handle === undefined) return undefined;
  try {
    const { mode, size } = await handle.stat();
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
      throw new Fault('E_CREDENTIAL', `others can read ${path}: chmod 600 ${path}`);
    if (size > limits.secretBytes * 2) throw new Fault('E_CREDENTIAL', `${path} is too large`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Makes what was written into a folder, or taken out of it, survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
