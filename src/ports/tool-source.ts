import type { JsonObject } from '../base/json.ts';
import type { Intent } from '../model/intent.ts';
import type { McpTransport } from '../model/mcp-via.ts';
import type { ToolResult } from '../model/result.ts';
import type { Tool } from '../model/tool.ts';
import type { Ran } from './store.ts';

/** What a caller may follow while a tool runs. */
export interface CallContext {
  readonly signal: AbortSignal;
  /** Progress notifications of the tool, as MCP writes their params, without the token. */
  readonly onProgress?: (progress: JsonObject) => void;
  /** Members of the request's `_meta` that Chaperone does not interpret. Never credentials. */
  readonly meta?: JsonObject;
  /** Answers to what the tool asked for in an earlier round. They leave with the call, as its arguments do. */
  readonly input?: CallInput;
  /** How the call belongs to its caller's own conversation. Handed on as it is; see `ports/mcp-upstream.ts`. */
  readonly carrier?: CallCarrier;
}

/** What a client answers a tool that asked for something before it would go on. Written by the client: untrusted. */
export interface CallInput {
  readonly responses?: JsonObject;
  /** The tool's own state of the earlier round, exactly as the tool gave it. */
  readonly state?: string;
}

/** Means something only to a door and a source of the same protocol; opaque to everything between them. */
export interface CallCarrier {
  readonly protocol: string;
  /**
   * The carrier for a call of whose result only listed fields may cross: what the tool says beside its result is no way
   * around that. Without it such a call has no carrier.
   */
  confine?(): CallCarrier;
}

/** By which revision of MCP, and over what, a server was reached. */
export interface Over {
  readonly version: string;
  readonly transport: McpTransport;
}

/** What came of executing an intent. A failed execution says whether the tool can have run. */
export type Execution = (Ended | Failed) & {
  /** Absent where no server was reached. */
  readonly over?: Over;
};

interface Ended {
  readonly ok: true;
  readonly result: ToolResult;
}

interface Failed {
  readonly ok: false;
  readonly ran: Ran;
  readonly code:
    | 'E_UPSTREAM_UNREACHABLE'
    | 'E_UPSTREAM_FAILED'
    | 'E_UPSTREAM_TIMEOUT'
    | 'E_UPSTREAM_LOST'
    | 'E_CANCELLED'
    | 'E_SERVER_LAUNCH'
    | 'E_SERVER_INTEGRITY'
    | 'E_SERVER_BUSY'
    | 'E_PACKAGES'
    | 'E_SANDBOX'
    | 'E_SANDBOX_LIMIT'
    | 'E_SANDBOX_LOST'
    | 'E_SANDBOX_UNAVAILABLE'
    /** Stopped after its intent and before its tool. */
    | 'E_ISOLATED';
  /** For the people who run Chaperone. */
  readonly message: string;
  /** The error as the upstream's protocol expressed it, to be passed to a client that speaks the same protocol. */
  readonly protocolError?: { readonly code: number; readonly message: string; readonly data?: JsonObject };
}

/** One server's tools. `call` never rejects: whatever happens is an `Execution`. */
export interface ToolSource {
  readonly server: string;
  /** The tools as the server describes them now. Rejects with a `Fault`. */
  list(): Promise<readonly Tool[]>;
  call(intent: Intent, context: CallContext): Promise<Execution>;
  /** Calls back when the server says its tools changed. Returns a function that stops that. */
  onListChanged(listener: () => void): () => void;
  close(): Promise<void>;
}
