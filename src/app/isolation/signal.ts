import { type FSWatcher, watch } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const OWNER_ONLY = 0o700;
const SIGNAL = 'isolation';

/**
 * Tells every gateway on a data folder at once that what is stopped has changed, so that none has to ask all the time.
 * A signal that gets lost costs a second: what is stopped is stopped by the store, not by this.
 */
export async function raiseSignal(data: string, epoch: number): Promise<void> {
  const folder = signalFolder(data);
  await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
  await writeFile(join(folder, SIGNAL), `${epoch}\n`);
}

/** Calls back at each signal until closed. Undefined where the system cannot watch a folder. */
export async function watchSignal(data: string, heard: () => void): Promise<FSWatcher | undefined> {
  const folder = signalFolder(data);
  try {
    await mkdir(folder, { recursive: true, mode: OWNER_ONLY });
    const watcher = watch(folder, { persistent: false }, heard);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

const signalFolder = (data: string): string => join(data, 'signals');
