import { classifyInboundRequest } from '@modelcontextprotocol/server';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { RpcError } from '../../model/json-rpc.ts';
import { type RpcId, type RpcMessage, readMessage } from '../../model/json-rpc.ts';
import { decodeHeaderValue } from '../../model/mcp-header.ts';
import { LEGACY_VERSIONS, META, MODERN_VERSION } from './protocol.ts';

export type InboundHttp =
  | { readonly kind: 'modern'; readonly message: RpcMessage; readonly meta: JsonObject }
  | { readonly kind: 'legacy'; readonly message: RpcMessage }
  | { readonly kind: 'rejected'; readonly status: number; readonly id: RpcId | null; readonly error: RpcError };

/** Where the value repeated in `Mcp-Name` stands. */
const NAMED: Readonly<Record<string, 'name' | 'uri'>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
};

/**
 * Tells the era of a POST and holds its headers against its body. A request that is modern and right in every part is
 * recognised directly; for everything else the official classifier says what is wrong or that it is legacy.
 */
export function readInbound(body: unknown, headers: Headers): InboundHttp {
  const message = readMessage(body);
  const params = message && 'method' in message ? message.params : undefined;
  const meta = isJsonObject(params?.['_meta']) ? params['_meta'] : {};
  const version = headers.get('mcp-protocol-version')?.trim();
  if (message && 'method' in message && 'id' in message && isPlainlyModern(message.method, meta, version, headers)) {
    return checkName(message.id, message.method, params ?? {}, headers) ?? { kind: 'modern', message, meta };
  }
  const mcpMethod = headers.get('mcp-method');
  const mcpName = headers.get('mcp-name');
  const outcome = classifyInboundRequest({
    httpMethod: 'POST',
    body,
    ...(version === undefined ? {} : { protocolVersionHeader: version }),
    ...(mcpMethod === null ? {} : { mcpMethodHeader: mcpMethod }),
    ...(mcpName === null ? {} : { mcpNameHeader: mcpName }),
  });
  const id = readId(body);
  if (outcome.kind === 'reject') {
    const { httpStatus, code, message: text, data } = outcome;
    // What the classifier adds is made of the request's own JSON.
    return reject(httpStatus, id, code, text, data as JsonObject | undefined);
  }
  if (message === undefined) return reject(400, id, -32_600, 'Bad Request: not a single JSON-RPC message');
  if (outcome.kind === 'legacy') return { kind: 'legacy', message };
  const claimed = meta[META.version];
  if (typeof claimed === 'string' && claimed !== MODERN_VERSION) {
    const supported = [MODERN_VERSION, ...LEGACY_VERSIONS];
    return reject(400, id, -32_022, 'Unsupported protocol version', { supported, requested: claimed });
  }
  if ('method' in message && 'id' in message) {
    if (version === undefined) return mismatch(message.id, 'the MCP-Protocol-Version header is missing');
    if (mcpMethod === null) return mismatch(message.id, 'the Mcp-Method header is missing');
    return checkName(message.id, message.method, params ?? {}, headers) ?? { kind: 'modern', message, meta };
  }
  return { kind: 'modern', message, meta };
}

function isPlainlyModern(method: string, meta: JsonObject, version: string | undefined, headers: Headers): boolean {
  const info = meta[META.clientInfo];
  const isNamed =
    info === undefined ||
    (isJsonObject(info) && typeof info['name'] === 'string' && typeof info['version'] === 'string');
  return (
    version === MODERN_VERSION &&
    meta[META.version] === MODERN_VERSION &&
    isJsonObject(meta[META.capabilities]) &&
    isNamed &&
    headers.get('mcp-method')?.trim() === method
  );
}

function checkName(id: RpcId, method: string, params: JsonObject, headers: Headers): InboundHttp | undefined {
  const source = Object.hasOwn(NAMED, method) ? NAMED[method] : undefined;
  const named = source === undefined ? undefined : params[source];
  if (typeof named !== 'string') return undefined;
  const header = headers.get('mcp-name');
  if (header === null) return mismatch(id, 'the Mcp-Name header is missing');
  return decodeHeaderValue(header.trim()) === named
    ? undefined
    : mismatch(id, 'the Mcp-Name header differs from the body');
}

export function mismatch(id: RpcId | null, text: string): InboundHttp {
  return reject(400, id, -32_020, `Bad Request: ${text}`);
}

function reject(status: number, id: RpcId | null, code: number, message: string, data?: JsonObject): InboundHttp {
  return { kind: 'rejected', status, id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}

function readId(body: unknown): RpcId | null {
  const id = isJsonObject(body) ? body['id'] : undefined;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
