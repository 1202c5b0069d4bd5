import type { McpSource } from '../adapters/tools/mcp/create-mcp-source.ts';
import type { Planner } from '../ports/planner.ts';
import type { ReservedPaths } from '../ports/reserved-paths.ts';
import type { Catalog } from '../runtime/catalog.ts';
import type { LoadedConfig } from './config/load-config.ts';

/** A configuration, and what was opened for it. */
export interface Claim {
  readonly loaded: LoadedConfig;
  readonly sources: ReadonlyMap<string, McpSource>;
  readonly planner: Planner | undefined;
}

/** A configuration in force, and the catalog that was made of it and of what its servers listed. */
export interface Reign extends Claim {
  readonly catalog: Catalog;
  readonly reserved: ReservedPaths;
}
