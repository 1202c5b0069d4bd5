import type { KeyedDigest } from '../../base/digest.ts';
import type { ErrorCode } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { McpVia } from '../../model/mcp-via.ts';
import type { Principal } from '../../model/principal.ts';
import type { Trace } from '../../model/trace.ts';
import type { CallCarrier, CallInput } from '../../ports/tool-source.ts';

/** One requested tool use, as a door hands it over. `principal` was authenticated by the door. */
export interface CallRequest {
  readonly principal: Principal;
  readonly runId: string;
  /** `server/tool`, as the model's choice was resolved by the door. */
  readonly tool: string;
  /** Whatever the model sent. */
  readonly arguments: unknown;
  /**
   * The approval this call is a retry for. Without arguments the stored call is meant; those that are given must be the
   * same.
   */
  readonly approvalId?: string;
  /** What the agent says the call is for. Shown to people as a quotation, and never believed. */
  readonly purpose?: string;
  /** What the caller's own key made of this call: the id it has, and the digest of what was asked for under the key. */
  readonly keyed?: { readonly callId: string; readonly digest: KeyedDigest };
  /** The call whose code makes this one. */
  readonly parentCallId?: string;
  /** The call this one is made for once more, after it failed: of it, the how manieth, and why. */
  readonly attempt?: { readonly of: string; readonly number: number; readonly because: ErrorCode };
  /** The call whose effect this one reads back. */
  readonly confirms?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: JsonObject) => void;
  /** The trace that the caller says the call belongs to. */
  readonly trace?: Trace;
  /** The caller's own id of its request, where it came by HTTP. */
  readonly requestId?: string;
  /** How the call came in, where it came by MCP. */
  readonly via?: McpVia;
  /** Why the call is decided once more: what it was decided on had changed. */
  readonly retriedFor?: ErrorCode;
  /** Answers to what the tool asked for in an earlier round: they leave with the call, and are scanned with it. */
  readonly input?: CallInput;
  /** How the call belongs to the door's conversation; handed to the source as it is. */
  readonly carrier?: CallCarrier;
}
