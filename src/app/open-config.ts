import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import type { ReadOnlyStore } from '../adapters/stores/sqlite/open-sqlite-store-read-only.ts';
import { systemClock } from '../base/clock.ts';
import { ReadBook } from '../runtime/read-book.ts';
import { defaultConfig, type LoadedConfig, loadConfig } from './config/load-config.ts';
import { dataFolder, type PlacedFile } from './data-folder.ts';
import { parseOptions } from './host-server.ts';
import { openStore, openStoreReadOnly } from './open-store.ts';

/** The configuration at a path, or what runs where there is none. Throws a `ConfigFault`. */
export async function openConfig(path: string, cwd: string): Promise<LoadedConfig> {
  const file = resolve(cwd, path);
  // Messages name the file as it was given; only the default may be absent.
  if (!existsSync(file) && path === 'chaperone.yaml') return defaultConfig(cwd);
  return loadConfig(path, parseOptions);
}

/** The record, to read while a gateway may be writing it. Throws a `Fault`: E_NOT_FOUND where there is none yet. */
export function openRecord(loaded: PlacedFile): Promise<ReadOnlyStore> {
  return openStoreReadOnly(dataFolder(loaded));
}

/**
 * The record, to read what runs said: that somebody does is recorded first. Throws a `Fault`: E_NOT_FOUND where there is none
 * yet, E_STORE where it cannot be recorded.
 */
export async function openRecordFor(loaded: LoadedConfig, what: string): Promise<ReadOnlyStore> {
  const record = await openRecord(loaded);
  try {
    const store = await openStore(dataFolder(loaded), systemClock);
    try {
      const by = `${userInfo().username} (command line)`;
      await new ReadBook(store, systemClock).record({ tenant: loaded.manifest.tenant, by, what });
    } finally {
      await store.close();
    }
    return record;
  } catch (error) {
    await record.close();
    throw error;
  }
}
