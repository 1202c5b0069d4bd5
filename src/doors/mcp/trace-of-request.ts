import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { McpVia } from '../../model/mcp-via.ts';
import type { Tool } from '../../model/tool.ts';
import { parseTrace, type Trace } from '../../model/trace.ts';
import { mcpCallables } from '../../ports/mcp-upstream.ts';
import type { McpChannelFacts } from './client.ts';

const METHODS: Readonly<Record<string, string>> = {
  [mcpCallables.readResource]: 'resources/read',
  [mcpCallables.getPrompt]: 'prompts/get',
  [mcpCallables.complete]: 'completion/complete',
};

/** In the others a `name` means nothing: it would be a text of the caller's in the names of spans. */
const NAMED: ReadonlySet<string> = new Set(['tools/call', 'prompts/get']);

/**
 * Where a request belongs in its client's trace, and what it was. Of `_meta` nothing else is taken: it is no way around the
 * arguments. `tracestate` and `baggage` are free text that nobody here could judge; whoever forwards a trace may leave them
 * out.
 */
export function traceOfRequest(
  tool: Tool,
  params: JsonObject,
  { traceparent, ...over }: McpChannelFacts,
  atMs: number,
): { readonly via: McpVia; readonly trace?: Trace } {
  const meta = isJsonObject(params['_meta']) ? params['_meta'] : {};
  const trace = parseTrace(meta['traceparent']) ?? parseTrace(traceparent);
  const { name } = params;
  const method = METHODS[tool.name] ?? 'tools/call';
  return {
    via: {
      ...over,
      method,
      ...(typeof name === 'string' && NAMED.has(method) ? { target: name } : {}),
      atMs,
    },
    ...(trace === undefined ? {} : { trace }),
  };
}
