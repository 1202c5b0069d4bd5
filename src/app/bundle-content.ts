import type { JsonObject } from '../base/json.ts';
import type { Catalog } from '../runtime/catalog.ts';
import type { LoadedConfig } from './config/load-config.ts';
import { describeTool } from './settle-pins.ts';

/** Everything a bundle was made of, so that a decision can be explained and made again later, anywhere. */
export function bundleContent(loaded: LoadedConfig, catalog: Catalog): JsonObject {
  return {
    format: 'chaperone.bundle/2',
    file: loaded.file,
    text: loaded.text,
    policies: loaded.policies.map(({ file, text }) => ({ file, text })),
    templates: loaded.templates.map((template) => ({ ...template })),
    tools: [...catalog.tools.values()].map(({ governed }) => describeTool(governed.tool)),
  };
}
