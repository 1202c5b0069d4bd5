import { systemClock } from '../base/clock.ts';
import type { Tool } from '../model/tool.ts';
import { buildCatalog, type Catalog } from '../runtime/catalog.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { dataFolder } from './data-folder.ts';
import { listTools } from './list-tools.ts';
import type { Notify } from './notice.ts';
import { openSources } from './open-sources.ts';

export interface OpenCatalog {
  readonly catalog: Catalog;
  readonly tools: readonly Tool[];
}

/**
 * Starts the configured servers just long enough to list their tools, and makes a catalog of what they say now. Writes
 * nothing: pins are not looked at, so nothing counts as drifted here.
 */
export async function openCatalog(
  loaded: LoadedConfig,
  environment: Readonly<Record<string, string | undefined>>,
  notify: Notify,
): Promise<OpenCatalog> {
  const sources = await openSources({ loaded, data: dataFolder(loaded), environment, clock: systemClock, notify });
  try {
    const tools = await listTools(
      [...sources.values()].map((source) => source.tools),
      notify,
    );
    const catalog = buildCatalog({
      bundle: loaded.bundle,
      manifest: loaded.manifest,
      placeOf: loaded.place,
      policyFiles: loaded.policies,
      tools,
      pins: new Map(),
    });
    return { catalog, tools };
  } finally {
    await Promise.allSettled([...sources.values()].map((source) => source.tools.close()));
  }
}
