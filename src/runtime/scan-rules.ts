import type { Manifest } from '../model/manifest.ts';
import type { GovernedTool } from '../model/tool.ts';
import type { LeavingRules } from '../scan/scan-arguments.ts';
import { readSourceRule, type SourceRule, TOOL_RESULT } from '../scan/source-rule.ts';

/** What the manifest says of scanning, made ready once for each manifest and tool: this stands in the way of every call. */
interface ToolRules {
  readonly source: SourceRule;
  readonly leaving: LeavingRules;
}

const known = new WeakMap<Manifest, WeakMap<GovernedTool, ToolRules>>();

/** How this tool's results are looked at. */
export function sourceRuleFor(manifest: Manifest, tool: GovernedTool): SourceRule {
  return rulesFor(manifest, tool).source;
}

/** What findings in this tool's arguments come to. */
export function leavingRulesFor(manifest: Manifest, tool: GovernedTool): LeavingRules {
  return rulesFor(manifest, tool).leaving;
}

/** The rule of a source by its name, as the manifest has it. */
export function namedSourceRule(manifest: Manifest, source: string): SourceRule {
  return readSourceRule(source, Object.hasOwn(manifest.sources, source) ? manifest.sources[source] : undefined);
}

function rulesFor(manifest: Manifest, tool: GovernedTool): ToolRules {
  let tools = known.get(manifest);
  if (tools === undefined) {
    tools = new WeakMap();
    known.set(manifest, tools);
  }
  let rules = tools.get(tool);
  if (rules === undefined) {
    rules = readRules(manifest, tool);
    tools.set(tool, rules);
  }
  return rules;
}

function readRules(manifest: Manifest, tool: GovernedTool): ToolRules {
  const declaration = Object.hasOwn(manifest.tools, tool.name) ? manifest.tools[tool.name] : undefined;
  const constraints = Object.entries(declaration?.arguments ?? {});
  const scan = declaration?.scan;
  return {
    source: namedSourceRule(manifest, declaration?.yields?.source ?? TOOL_RESULT),
    leaving: {
      sinks: tool.sinks.map(({ path, carries }) => ({ path, carries })),
      allow: scan?.allow ?? [],
      ask: scan?.ask ?? [],
      deny: scan?.deny ?? [],
      hostsDeclared: constraints.filter(([, { hosts }]) => hosts !== undefined).map(([path]) => path),
      shellMeant: constraints.filter(([, { permits }]) => permits?.includes('shell')).map(([path]) => path),
    },
  };
}
