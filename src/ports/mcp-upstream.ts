import type { JsonObject } from '../base/json.ts';
import type { RpcError } from '../model/json-rpc.ts';
import type { CallCarrier } from './tool-source.ts';

/**
 * What an MCP door needs of an MCP server beyond calling its tools. Tools, reading resources, getting prompts and
 * completing are callables of the `ToolSource` and walk the straight line; what is here sends nothing of the caller's
 * but the names of things the server itself listed.
 */
export interface McpUpstream {
  /** The id the manifest gives the server. */
  readonly server: string;
  /** What the server says of itself. Connects if need be. Rejects with a `Fault`. */
  describe(): Promise<McpDescription>;
  /** Everything the server lists of a kind, all pages. Empty if it offers none. Rejects with a `Fault`. */
  list(kind: McpListKind): Promise<readonly JsonObject[]>;
  /** Calls back when the server says that a list changed. Returns a function that stops that. */
  onListChanged(kind: McpListKind, listener: () => void): () => void;
  /** Calls back when the server says that the resource changed. Returns a function that stops that. Rejects with a `Fault`. */
  watch(peer: McpPeer, uri: string, onUpdated: () => void): Promise<() => void>;
  /** The least severe log message the server should send this peer; does nothing for a server that keeps no level. */
  setLogLevel(peer: McpPeer, level: string): Promise<void>;
  /** The client's roots changed: tells the server, if it has a connection for this peer. */
  tellRootsChanged(peer: McpPeer): void;
  /** The peer has gone: ends the connection that was held for it. */
  release(peer: McpPeer): void;
}

export type McpListKind = 'tools' | 'resources' | 'templates' | 'prompts';

/** `modern`: 2026-07-28, stateless, every request says who asks. `legacy`: up to 2025-11-25, a session per client. */
export type McpEra = 'modern' | 'legacy';

export interface McpDescription {
  readonly era: McpEra;
  readonly capabilities: JsonObject;
  readonly instructions?: string;
}

export type McpAnswer =
  | { readonly ok: true; readonly result: JsonObject }
  | { readonly ok: false; readonly error: RpcError };

/** A downstream client, as far as a server may know it. Connections are never shared between peers of different names. */
export interface McpPeer {
  readonly name: string;
  /** Equal for all peers of one principal, and only for those. */
  readonly principal: string;
  readonly era: McpEra;
  /** What a legacy client declared when it connected, nothing but known flags; modern clients declare it with each request. */
  readonly capabilities: JsonObject;
  /** What the server sends outside of any request. */
  onNotification(server: string, method: string, params: JsonObject): void;
  /** What the server asks outside of any request. Never rejects. */
  onRequest(server: string, method: string, params: JsonObject, signal: AbortSignal): Promise<McpAnswer>;
}

/** Ties a call to the request of a downstream client that it came from. */
export interface McpCarrier extends CallCarrier {
  readonly protocol: 'mcp';
  readonly peer: McpPeer;
  /** What the server may ask of the client while it works on this call, nothing but known flags. Modern servers are told with each call. */
  readonly capabilities: JsonObject;
  /** The least severe log message the client wants; none if absent. */
  readonly logLevel?: string;
  /** What the server sends while it works on this call, progress apart. */
  onNotification(method: string, params: JsonObject): void;
  /** What the server asks while it works on the call of this id. Never rejects. */
  onRequest(method: string, params: JsonObject, signal: AbortSignal, callId: string): Promise<McpAnswer>;
}

/** The callables that stand for what an MCP server offers besides tools. */
export const mcpCallables = {
  readResource: 'mcp.resources.read',
  getPrompt: 'mcp.prompts.get',
  complete: 'mcp.completion.complete',
} as const;
