import type { Intent } from '../model/intent.ts';
import type { ToolResult } from '../model/result.ts';
import type { Tool } from '../model/tool.ts';
import type { Ran } from './store.ts';
import type { JsonObject } from '../base/json.ts';

/** What a caller may follow while a tool runs. */
export interface CallContext {
  readonly signal: AbortSignal;
  /** Progress notifications of the tool, as MCP writes their params, without the token. */
  readonly onProgress?: (progress: JsonObject) => void;
  /** Members of the request's `_meta` that Chaperone does not interpret. Never credentials. */
  readonly meta?: JsonObject;
}

/** What came of executing an intent. A failed execution says whether the tool can have run. */
export type Execution =
  | { readonly ok: true; readonly result: ToolResult }
  | {
      readonly ok: false;
      readonly ran: Ran;
      readonly code: 'E_UPSTREAM_UNREACHABLE' | 'E_UPSTREAM_FAILED' | 'E_UPSTREAM_TIMEOUT' | 'E_UPSTREAM_LOST' | 'E_CANCELLED' | 'E_SERVER_LAUNCH' | 'E_SERVER_INTEGRITY';
      /** For the people who run Chaperone. */
      readonly message: string;
      /** The error as the upstream's protocol expressed it, to be passed to a client that speaks the same protocol. */
      readonly protocolError?: { readonly code: number; readonly message: string; readonly data?: JsonObject };
    };

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
