import { stringify } from 'yaml';
import type { Manifest } from '../model/manifest.ts';
import type { GovernedTool } from '../model/tool.ts';
import { hasArgument } from '../policy/arguments/prepare-arguments.ts';
import { findNamings } from '../policy/find-verb.ts';
import { inferTool } from '../policy/infer.ts';
import type { Catalog } from '../runtime/catalog.ts';

/**
 * A strict manifest for what is there: every tool declared as it was inferred, every argument that takes something out
 * protected, every result untrusted, every write waiting for a person. To be read and corrected by somebody who knows
 * the tools, then used in mode `enforce`.
 */
export function draftManifest(catalog: Catalog): string {
  const tools = [...catalog.tools.values()].map((entry) => entry.governed);
  const namings = findNamings(tools.map(({ tool }) => tool));
  const declarations = Object.fromEntries(tools.map((tool) => [tool.name, draftTool(tool, catalog.manifest)]));
  const grants = Object.fromEntries(
    tools.map(({ name, effect }) => [name, effect === 'write' ? { approval: 'required' } : {}]),
  );
  const agents = Object.keys(catalog.manifest.agents);
  const comment = [
    '# Drafted from what the servers say of their tools. Nobody has decided anything here yet:',
    '# check every effect and consequence, and what each argument carries; take away what the agent does not need; say in',
    '# `yields` which results no outsider can have written, and in `organisation.domains` who is inside; then set',
    '# `mode: enforce`.',
    ...tools
      .filter(({ declared }) => !declared)
      .map(({ name, tool, effect }) => `#   ${name}: ${effect}, because ${inferTool(tool, { namings }).effect.because}`)
      .map(keepOneLine),
    ...tools
      .flatMap((tool) => tool.sinks.filter(({ path }) => !canBeWritten(tool, path)).map(({ path }) => ({ tool, path })))
      .map(({ tool, path }) => `#   ${tool.name}: \`${path}\` is left open by its schema, and is protected as it is`)
      .map(keepOneLine),
  ];
  const body = stringify(
    { tools: declarations, agents: { [agents[0] ?? 'default']: { tools: grants } } },
    { lineWidth: 0 },
  );
  return `${comment.join('\n')}\n${body}`;
}

function draftTool(tool: GovernedTool, manifest: Manifest): object {
  const { effect, consequence, audience } = tool;
  const sinks = tool.sinks.filter(({ path }) => canBeWritten(tool, path));
  // What a person wrote of an argument stays.
  const written = Object.hasOwn(manifest.tools, tool.name) ? manifest.tools[tool.name] : undefined;
  const entries = new Map<string, object>(Object.entries(written?.arguments ?? {}));
  for (const { path, carries, from } of sinks) {
    const argument = entries.has(path) ? path : path.replace(/(\[\])+$/, '');
    const drafted = { ...(carries === 'data' ? {} : { protected: true }), carries, ...(from && { from }) };
    entries.set(argument, { ...entries.get(argument), ...drafted });
  }
  return {
    effect,
    consequence,
    ...(entries.size === 0 ? {} : { arguments: Object.fromEntries(entries) }),
    ...(audience === undefined ? {} : { audience }),
    yields: { integrity: 'untrusted', secrecy: 'internal', ...written?.yields },
  };
}

/** Whether the manifest has words for an argument: names that a schema leaves open, or that hold dots, have none. */
function canBeWritten({ tool }: GovernedTool, path: string): boolean {
  return !path.split('.').includes('*') && hasArgument(tool.inputSchema, path);
}

/** A comment ends where its line does, and a server chose some of its words. */
function keepOneLine(comment: string): string {
  return comment.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').toWellFormed();
}
