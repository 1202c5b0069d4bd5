import { findJsonProblem, isJsonObject, type JsonObject, type JsonValue } from '../../../base/json.ts';
import { limits } from '../../../base/limits.ts';
import type { Intent } from '../../../model/intent.ts';
import type { ToolResult } from '../../../model/result.ts';
import type { Tool } from '../../../model/tool.ts';
import type { CallContext, Execution, ToolSource } from '../../../ports/tool-source.ts';

/** What a host application runs for a tool. The arguments are the canonical ones that were decided on. */
export type ToolFunction = (args: JsonObject, context: { readonly signal: AbortSignal }) => unknown;

/**
 * Functions of the host application as tools. A tool is described once for the process; the function that runs is the
 * one the run brought, so that two runs never run each other's closures.
 */
export class FunctionSource implements ToolSource {
  readonly server: string;
  readonly #tools = new Map<string, Tool>();
  readonly #functions = new Map<string, Map<string, ToolFunction>>();
  readonly #listeners = new Set<() => void>();

  constructor(server: string) {
    this.server = server;
  }

  /** Adds tools, or describes one anew: a changed description is drift, as with any server. */
  describe(tools: readonly Tool[]): void {
    for (const tool of tools) this.#tools.set(tool.name, tool);
    for (const listener of this.#listeners) listener();
  }

  /** Gives a run its functions, by tool name. */
  bind(runId: string, functions: ReadonlyMap<string, ToolFunction>): void {
    this.#functions.set(runId, new Map([...(this.#functions.get(runId) ?? []), ...functions]));
  }

  /** Forgets a run's functions. */
  release(runId: string): void {
    this.#functions.delete(runId);
  }

  async list(): Promise<readonly Tool[]> {
    return [...this.#tools.values()];
  }

  async call(intent: Intent, context: CallContext): Promise<Execution> {
    const run = this.#functions.get(intent.call.runId)?.get(intent.tool.tool.name);
    if (run === undefined) {
      return { ok: false, ran: 'no', code: 'E_UPSTREAM_UNREACHABLE', message: 'this run brought no such function' };
    }
    try {
      const value = await run(structuredClone(intent.call.arguments), { signal: context.signal });
      return { ok: true, result: toResult(value) };
    } catch (error) {
      const message = error instanceof Error ? error.message : 'the function threw something that is not an error';
      return { ok: true, result: { content: [{ type: 'text', text: message }], isError: true } };
    }
  }

  onListChanged(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#functions.clear();
    this.#listeners.clear();
  }
}

/** A string becomes text, an object structured content with its JSON as text, anything else its JSON as text. */
function toResult(value: unknown): ToolResult {
  if (typeof value === 'string') return text(value.toWellFormed());
  const json: unknown = value === undefined ? null : JSON.parse(JSON.stringify(value) ?? 'null');
  if (findJsonProblem(json, limits.jsonDepth) !== undefined) throw new Error('the function’s result is not JSON');
  const shown = text(JSON.stringify(json as JsonValue));
  return isJsonObject(json) ? { ...shown, structuredContent: json } : shown;
}

function text(value: string): ToolResult {
  return { content: [{ type: 'text', text: value }] };
}
