import { digestBundle } from '../policy/digest-bundle.ts';
import { buildCatalog, type Catalog } from '../runtime/catalog.ts';
import type { LoadedConfig } from './config/load-config.ts';

/** What a gateway has before its servers have said anything: no tools, and the manifest's rules alone. */
export function emptyCatalog(loaded: LoadedConfig): Catalog {
  return buildCatalog({
    bundle: digestBundle(null, { policyFiles: [] }), // of no rules that can be in force
    manifest: { ...loaded.manifest, policies: [] },
    placeOf: loaded.place,
    policyFiles: [],
    tools: [],
    pins: new Map(),
  });
}
