import { stringify } from 'yaml';
import { toolName } from '../model/tool.ts';
import { inferTool } from '../policy/infer.ts';
import type { Catalog } from '../runtime/catalog.ts';

/**
 * A strict manifest for what is there: every tool declared as it was inferred, every write waiting for a person. To be
 * read and corrected by somebody who knows the tools, then used in mode `enforce`.
 */
export function draftManifest(catalog: Catalog): string {
  const entries = [...catalog.tools.values()].map((entry) => entry.governed);
  const tools = Object.fromEntries(
    entries.map(({ tool, effect, consequence }) => [toolName(tool), { effect, consequence }]),
  );
  const grants = Object.fromEntries(
    entries.map(({ tool, effect }) => [toolName(tool), effect === 'write' ? { approval: 'required' } : {}]),
  );
  const agents = Object.keys(catalog.manifest.agents);
  const comment = [
    '# Drafted from what the servers say of their tools. Nobody has decided anything here yet:',
    '# check every effect and consequence, take away what the agent does not need, then set `mode: enforce`.',
    ...entries
      .filter(({ declared }) => !declared)
      .map(({ tool, effect }) => `#   ${toolName(tool)}: ${effect}, because ${inferTool(tool).effect.because}`)
      .map(keepOneLine),
  ];
  const body = stringify({ tools, agents: { [agents[0] ?? 'default']: { tools: grants } } }, { lineWidth: 0 });
  return `${comment.join('\n')}\n${body}`;
}

/** A comment ends where its line does, and a server chose some of its words. */
function keepOneLine(comment: string): string {
  return comment.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').toWellFormed();
}
