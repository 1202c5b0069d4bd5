import type { Digest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { Reason } from './decision.ts';
import type { Sealed } from './sealed.ts';
import type { ToolName } from './tool.ts';

/** A question to a person, bound to one canonical call and tool pin. Answered once, consumed once, or it expires. */
export interface Approval {
  readonly id: string;
  readonly tenant: string;
  readonly agent: string;
  readonly runId: string;
  readonly callId: string;
  readonly tool: ToolName;
  readonly pin: Digest;
  readonly arguments: JsonObject;
  /** Answers to the tool's own questions that would leave with the arguments. */
  readonly input?: JsonObject;
  readonly callDigest: Digest;
  /** 128 random bits, hex; spent when the approval is consumed. */
  readonly nonce: string;
  readonly reasons: readonly Reason[];
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  readonly state: 'pending' | 'approved' | 'denied' | 'consumed' | 'expired';
  readonly answeredBy?: string;
  readonly answeredAtMs?: number;
  /** In the store: arguments, input and reasons, which are then empty beside it. */
  readonly sealed?: Sealed;
}
