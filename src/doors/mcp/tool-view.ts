import type { JsonObject } from '../../base/json.ts';
import type { Tool } from '../../model/tool.ts';
import { mcpCallables } from '../../ports/mcp-upstream.ts';
import { exposeNames, type NameTable } from './exposed-names.ts';

/** What one caller may see, as the protocol shows it. */
export interface ToolView {
  readonly names: NameTable<Tool>;
  /** The members of a `tools/list` result. */
  readonly listed: readonly JsonObject[];
  /** The callables that stand for resources, prompts and completions, by server, in the order of servers. */
  readonly readers: ReadonlyMap<string, Tool>;
  readonly prompters: ReadonlyMap<string, Tool>;
  readonly completers: ReadonlyMap<string, Tool>;
}

const standIns = new Set<string>(Object.values(mcpCallables));

/** Whether a callable stands for resources, prompts or completions. No server can name a tool of its own so. */
export function isStandIn(tool: Tool): boolean {
  return standIns.has(tool.name);
}

const views = new WeakMap<readonly Tool[], ToolView>();

/** The view of a list of tools. Made once for each list. */
export function viewTools(tools: readonly Tool[]): ToolView {
  const known = views.get(tools);
  if (known) return known;
  const names = exposeNames(tools.filter((tool) => !isStandIn(tool)));
  const byServer = (name: string) =>
    new Map(tools.filter((tool) => tool.name === name).map((tool) => [tool.server, tool] as const));
  const view: ToolView = {
    names,
    listed: names.entries.map(([exposed, tool]) => describeTool(exposed, tool)),
    readers: byServer(mcpCallables.readResource),
    prompters: byServer(mcpCallables.getPrompt),
    completers: byServer(mcpCallables.complete),
  };
  views.set(tools, view);
  return view;
}

/** Annotations are passed on as the hints they are; nothing here relies on them. */
function describeTool(exposed: string, tool: Tool): JsonObject {
  return {
    name: exposed,
    ...(tool.title === undefined ? {} : { title: tool.title }),
    description: tool.description,
    inputSchema: tool.inputSchema,
    ...(tool.outputSchema === undefined ? {} : { outputSchema: tool.outputSchema }),
    ...(tool.annotations === undefined ? {} : { annotations: tool.annotations }),
  };
}
