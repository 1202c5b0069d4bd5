import { draftManifest } from '../app/draft-manifest.ts';
import { openCatalog } from '../app/open-catalog.ts';
import { openConfig } from '../app/open-config.ts';
import type { JsonObject } from '../base/json.ts';
import { inferTool } from '../policy/infer.ts';
import type { CatalogEntry } from '../runtime/catalog.ts';
import type { CommandContext } from './command-context.ts';
import { printNotice } from './print-notice.ts';

/** Prints every tool with what was declared or inferred of it, or drafts a manifest from that. */
export async function map(context: CommandContext, options: { readonly draft: boolean }): Promise<void> {
  const { terminal } = context;
  const loaded = await openConfig(context.configPath, context.cwd);
  const { catalog } = await openCatalog(loaded, context.env, printNotice(terminal));
  if (options.draft) return terminal.text(draftManifest(catalog));
  const entries = [...catalog.tools.values()];
  terminal.data(entries.map(toJson), entries.flatMap(print));
  if (entries.length === 0) terminal.say('no tools: name servers in chaperone.yaml, or run `chaperone init`');
  else terminal.say('a strict draft: chaperone map --draft > chaperone.draft.yaml');
}

function print({ governed, disabled }: CatalogEntry): readonly string[] {
  const { name, tool, effect, consequence, declared } = governed;
  const { source, sinks, effect: inferred } = inferTool(tool, declared ? effect : undefined);
  return [
    `${name}  ${effect}, ${consequence} consequence  (${declared ? 'declared' : `inferred: ${inferred.because}`})`,
    ...sinks.map(({ path, carries, because }) => `    sink    ${path}  ${carries}: ${because}`),
    ...(source.value ? [`    source  ${source.because}`] : []),
    ...(disabled === undefined ? [] : [`    disabled  ${disabled.message}`]),
  ];
}

function toJson({ governed, disabled }: CatalogEntry): JsonObject {
  const { name, tool, pin, effect, consequence, declared } = governed;
  const { source, sinks } = inferTool(tool, declared ? effect : undefined);
  const properties = tool.inputSchema['properties'];
  return {
    tool: name,
    pin,
    effect,
    consequence,
    declared,
    parameters: Object.keys((properties as JsonObject | undefined) ?? {}),
    source: source.value,
    sinks: sinks.map(({ path, carries, because }) => ({ path, carries, because })),
    disabled: disabled?.code ?? null,
  };
}
