import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ReadOnlyStore } from '../adapters/stores/sqlite/open-sqlite-store-read-only.ts';
import { defaultConfig, type LoadedConfig, loadConfig } from './config/load-config.ts';
import { dataFolder } from './data-folder.ts';
import { parseOptions } from './gateway.ts';
import { openStoreReadOnly } from './open-store.ts';

/** The configuration at a path, or what runs where there is none. Throws a `ConfigFault`. */
export async function openConfig(path: string, cwd: string): Promise<LoadedConfig> {
  const file = resolve(cwd, path);
  // Messages name the file as it was given; only the default may be absent.
  if (!existsSync(file) && path === 'chaperone.yaml') return defaultConfig(cwd);
  return loadConfig(path, parseOptions);
}

/** The record, to read while a gateway may be writing it. Throws a `Fault`: E_NOT_FOUND where there is none yet. */
export function openRecord(loaded: LoadedConfig): Promise<ReadOnlyStore> {
  return openStoreReadOnly(dataFolder(loaded));
}
