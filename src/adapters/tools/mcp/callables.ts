import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { ToolResult } from '../../../model/result.ts';
import type { Tool } from '../../../model/tool.ts';
import { mcpCallables } from '../../../ports/mcp-upstream.ts';

/** What a server offers besides tools, as tools: so that every use of it walks the straight line. */
export function listCallables(server: string, capabilities: JsonObject): readonly Tool[] {
  const object = (properties: JsonObject, required: readonly string[]): JsonObject => ({
    type: 'object',
    properties,
    required: [...required],
    additionalProperties: false,
  });
  const tools: Tool[] = [];
  if (isJsonObject(capabilities['resources'])) {
    tools.push({
      server,
      name: mcpCallables.readResource,
      description: 'Reads a resource of this server.',
      inputSchema: object({ uri: { type: 'string', maxLength: 8_192 } }, ['uri']),
    });
  }
  if (isJsonObject(capabilities['prompts'])) {
    tools.push({
      server,
      name: mcpCallables.getPrompt,
      description: 'Gets a prompt of this server.',
      inputSchema: object({ name: { type: 'string' }, arguments: TEXTS }, ['name']),
    });
  }
  if (isJsonObject(capabilities['completions'])) {
    const argument = object({ name: { type: 'string' }, value: { type: 'string' } }, ['name', 'value']);
    const ref = {
      type: 'object',
      properties: { type: { enum: ['ref/prompt', 'ref/resource'] }, name: { type: 'string' }, uri: { type: 'string' } },
      required: ['type'],
      additionalProperties: false,
    };
    tools.push({
      server,
      name: mcpCallables.complete,
      description: 'Completes an argument of a prompt or resource template of this server.',
      inputSchema: object({ ref, argument, context: object({ arguments: TEXTS }, []) }, ['ref', 'argument']),
    });
  }
  return tools;
}

const TEXTS: JsonObject = { type: 'object', additionalProperties: { type: 'string' } };

const METHODS: Readonly<Record<string, string>> = {
  [mcpCallables.readResource]: 'resources/read',
  [mcpCallables.getPrompt]: 'prompts/get',
  [mcpCallables.complete]: 'completion/complete',
};

export function isCallable(name: string): boolean {
  return Object.hasOwn(METHODS, name);
}

/** The request that a call of this name becomes. */
export function toRequest(name: string, args: JsonObject): { readonly method: string; readonly params: JsonObject } {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  return method === undefined ? { method: 'tools/call', params: { name, arguments: args } } : { method, params: args };
}

/**
 * A server's result in the one shape the line knows, or `undefined` if it is malformed. What a resource or a prompt
 * holds becomes content blocks, so that whatever looks at content sees it: a resource's contents are `resource` blocks,
 * a prompt's messages are their blocks with the `role` added. Everything else is kept in `extra`. What asks for input
 * first is no result yet, and keeps nothing that only a result has: it would be held to no output schema.
 */
export function toToolResult(name: string, result: JsonObject): ToolResult | undefined {
  if (result['resultType'] === 'input_required') return { content: [], extra: pickRound(result) };
  if (name === mcpCallables.readResource) {
    const { contents, ...extra } = result;
    if (!isObjectList(contents)) return undefined;
    return { content: contents.map((resource) => ({ type: 'resource', resource })), extra };
  }
  if (name === mcpCallables.getPrompt) {
    const { messages, ...extra } = result;
    if (!isObjectList(messages)) return undefined;
    const blocks = messages.map(toBlock);
    return blocks.every((block) => block !== undefined) ? { content: blocks, extra } : undefined;
  }
  if (name === mcpCallables.complete) {
    const { completion, ...extra } = result;
    return isJsonObject(completion) ? { content: [], structuredContent: { completion }, extra } : undefined;
  }
  const { content = [], structuredContent, isError, ...extra } = result;
  if (!isObjectList(content)) return undefined;
  return {
    content,
    ...(structuredContent === undefined ? {} : { structuredContent }),
    ...(isError === true ? { isError } : {}),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

const ROUND = ['resultType', 'inputRequests', 'requestState', '_meta'];

function pickRound(result: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(result).filter(([name]) => ROUND.includes(name)));
}

function toBlock(message: JsonObject): JsonObject | undefined {
  const { role, content } = message;
  return typeof role === 'string' && isJsonObject(content) ? { ...content, role } : undefined;
}

function isObjectList(value: unknown): value is readonly JsonObject[] {
  return Array.isArray(value) && value.every(isJsonObject);
}
