import { realpath, stat } from 'node:fs/promises';
import { isBelow } from '../../adapters/sandboxes/program/write-enclosure.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { listProgramFiles } from '../doctor/list-program-files.ts';
import { listReserved } from '../reserved/list-reserved.ts';

/** What of this machine a program in a workspace must not see, and what it must not change. */
export interface Walls {
  readonly hidden: readonly { readonly path: string; readonly isFolder: boolean }[];
  readonly kept: readonly string[];
}

/** Rules, keys, secrets and the record are hidden; the programs of servers, which run outside, are kept as they are. */
export async function listWalls(
  loaded: LoadedConfig,
  data: string,
  workspace: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Walls> {
  const hidden = new Map<string, boolean>();
  for (const { path } of listReserved(loaded, data)) {
    const found = path.startsWith('/proc/') ? undefined : await stat(path).catch(() => undefined);
    if (found !== undefined) hidden.set(path, found.isDirectory());
  }
  const kept = new Set<string>();
  for (const { paths } of await listProgramFiles(loaded, environment)) {
    for (const path of paths) {
      const real = await realpath(path).catch(() => undefined);
      if (real !== undefined && real !== workspace && isBelow(real, workspace)) kept.add(real);
    }
  }
  return { hidden: [...hidden].map(([path, isFolder]) => ({ path, isFolder })), kept: [...kept] };
}
