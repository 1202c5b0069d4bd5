import { z } from 'zod';
import type { ToolFunction } from '../adapters/tools/function/function-source.ts';
import { Fault } from '../base/fault.ts';
import { findJsonProblem, isJsonObject, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { Tool } from '../model/tool.ts';

/** A tool of the host application, in the shape that the popular frameworks share. */
export interface GuardedTool {
  readonly description?: string | undefined;
  /** A zod schema, a JSON Schema, or an object that holds one as `jsonSchema`. */
  readonly inputSchema?: unknown;
  readonly parameters?: unknown;
  /** Of any argument type: the schema says what it takes, and the line checks it before it runs. */
  readonly execute?: ((args: never, options: never) => unknown) | undefined;
}

const TOOL_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** Splits tools into what is described and pinned, and what runs. Throws a `Fault` E_REQUEST_INVALID. */
export function describeFunctions(
  server: string,
  tools: Readonly<Record<string, GuardedTool>>,
): { readonly descriptors: readonly Tool[]; readonly bodies: ReadonlyMap<string, ToolFunction> } {
  const descriptors: Tool[] = [];
  const bodies = new Map<string, ToolFunction>();
  for (const [name, tool] of Object.entries(tools)) {
    if (!TOOL_NAME.test(name))
      throw new Fault('E_REQUEST_INVALID', `\`${name}\` is not a tool name: letters, digits, \`_\`, \`.\`, \`-\``);
    const { execute } = tool;
    if (execute === undefined)
      throw new Fault('E_REQUEST_INVALID', `\`${name}\` has no \`execute\`, so it cannot be guarded`);
    const inputSchema = readSchema(name, tool.inputSchema ?? tool.parameters);
    descriptors.push({ server, name, description: tool.description ?? '', inputSchema });
    bodies.set(name, (args, { signal }) => execute(args as never, { abortSignal: signal } as never));
  }
  return { descriptors, bodies };
}

function readSchema(name: string, schema: unknown): JsonObject {
  if (schema === undefined) return { type: 'object', properties: {}, additionalProperties: false };
  const given = schema instanceof z.ZodType ? z.toJSONSchema(schema, { io: 'input' }) : schema;
  const inner = isJsonObject(given) && isJsonObject(given['jsonSchema']) ? given['jsonSchema'] : given;
  const json: unknown = JSON.parse(JSON.stringify(inner) ?? 'null');
  if (!isJsonObject(json) || findJsonProblem(json, limits.toolSchemaDepth) !== undefined) {
    throw new Fault('E_REQUEST_INVALID', `the input schema of \`${name}\` is neither zod nor JSON Schema`);
  }
  return json;
}
