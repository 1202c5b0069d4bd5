import type { JsonObject } from '../../base/json.ts';
import type { RpcId } from '../../model/json-rpc.ts';
import type { McpTransport } from '../../model/mcp-via.ts';
import type { McpAnswer, McpEra, McpPeer } from '../../ports/mcp-upstream.ts';
import type { McpCaller } from './gate.ts';

/** The client behind a request. */
export interface McpClient {
  readonly caller: McpCaller;
  readonly era: McpEra;
  /** What the servers know it as. */
  readonly peer: McpPeer;
  /** What it can be asked for, as `readClientCapabilities` made it: declared once by a legacy client, with each request by a modern one. */
  readonly capabilities: JsonObject;
  /** The least severe log message it wants; none at all if absent. */
  readonly logLevel?: string;
}

/** The way back to the client while one of its requests is under way. */
export interface Channel {
  /** The request itself, for traces. `traceparent`: of the HTTP request, where it came by one. */
  readonly over: McpChannelFacts;
  /** Aborted when the client cancels or goes away. */
  readonly signal: AbortSignal;
  notify(method: string, params: JsonObject): void;
  /** Puts a question to the client. Modern clients are not asked: the result says what is wanted. Never rejects. */
  ask(method: string, params: JsonObject, signal: AbortSignal): Promise<McpAnswer>;
}

export interface McpChannelFacts {
  readonly requestId: RpcId;
  readonly version: string;
  readonly transport: McpTransport;
  readonly traceparent?: string;
}

/** An answer and, over HTTP, the status it goes with. */
export type DoorAnswer = McpAnswer & { readonly status?: number };

export function fail(code: number, message: string, extra: { status?: number; data?: JsonObject } = {}): DoorAnswer {
  const { status, data } = extra;
  const error = { code, message, ...(data === undefined ? {} : { data }) };
  return { ok: false, error, ...(status === undefined ? {} : { status }) };
}

export const methodNotFound: DoorAnswer = fail(-32_601, 'Method not found', { status: 404 });

export function invalidParams(message: string): DoorAnswer {
  return fail(-32_602, `Invalid params: ${message}`);
}
