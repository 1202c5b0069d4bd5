import { buildCatalog, type Catalog } from '../runtime/catalog.ts';
import type { LoadedConfig } from './config/load-config.ts';

/** What a gateway has before its servers have said anything: no tools, and the manifest's rules alone. */
export function emptyCatalog(loaded: LoadedConfig): Catalog {
  return buildCatalog({
    manifest: { ...loaded.manifest, policies: [] },
    placeOf: loaded.place,
    policyFiles: [],
    tools: [],
    pins: new Map(),
  });
}
