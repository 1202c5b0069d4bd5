import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import type { ToolResult } from '../../model/result.ts';
import type { McpEra } from '../../ports/mcp-upstream.ts';
import { GATEWAY } from './protocol.ts';

type Members = Record<string, JsonValue>;

const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

/** A result as this era writes it, in the gateway's own name. */
export function shapeResult(era: McpEra, body: JsonObject): JsonObject {
  const { _meta, resultType, ...members } = body;
  const { [SERVER_INFO]: _, ...meta } = isJsonObject(_meta) ? _meta : {};
  if (era === 'modern') {
    return { ...members, resultType: resultType ?? 'complete', _meta: { ...meta, [SERVER_INFO]: GATEWAY } };
  }
  const { ttlMs: _ttl, cacheScope: _scope, ...kept } = members;
  return Object.keys(meta).length === 0 ? kept : { ...kept, _meta: meta };
}

/** Lists and contents say how long they hold. What one caller was allowed to see is not for anyone else's cache. */
export function shapeCacheable(era: McpEra, body: JsonObject, ttlMs: number): JsonObject {
  return era === 'legacy' ? shapeResult(era, body) : shapeResult(era, { ...body, ttlMs, cacheScope: 'private' });
}

export function shapeToolResult(era: McpEra, result: ToolResult): JsonObject {
  const body: Members = { ...result.extra };
  if (!isInputRequired(result)) body['content'] = result.content;
  if (result.structuredContent !== undefined) body['structuredContent'] = result.structuredContent;
  if (result.isError !== undefined) body['isError'] = result.isError;
  return shapeResult(era, body);
}

/** The contents of a resource, taken out of the blocks they travelled in. */
export function shapeResource(era: McpEra, result: ToolResult): JsonObject {
  if (isInputRequired(result)) return shapeToolResult(era, result);
  const contents = result.content.map((block) => block['resource']).filter(isJsonObject);
  return shapeCacheable(era, { ...result.extra, contents }, readTtl(result.extra));
}

/** The messages of a prompt, taken out of the blocks they travelled in. */
export function shapePrompt(era: McpEra, result: ToolResult): JsonObject {
  if (isInputRequired(result)) return shapeToolResult(era, result);
  const messages = result.content.map(({ role, ...content }) => ({ role: role ?? 'user', content }));
  return shapeResult(era, { ...result.extra, messages });
}

export function shapeCompletion(era: McpEra, result: ToolResult): JsonObject {
  const completion = (isJsonObject(result.structuredContent) ? result.structuredContent['completion'] : undefined) ?? {
    values: [],
  };
  return shapeResult(era, { ...result.extra, completion });
}

/** Whether the server wants something of the client before it goes on. */
export function isInputRequired(result: ToolResult): boolean {
  return result.extra?.['resultType'] === 'input_required';
}

function readTtl(extra: JsonObject | undefined): number {
  const ttlMs = extra?.['ttlMs'];
  return typeof ttlMs === 'number' && Number.isSafeInteger(ttlMs) && ttlMs >= 0 ? ttlMs : 0;
}
