import type { Digest } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import type { CallDigest } from './call.ts';
import type { Reason } from './decision.ts';
import type { Consequence, Effect } from './effect.ts';
import type { Label } from './label.ts';
import type { Sealed } from './sealed.ts';
import type { Sink, ToolName } from './tool.ts';

/**
 * How a person showed that they are there. `terminal`: they typed at a terminal. `passkey`: they touched an
 * authenticator a moment ago (`people.sessions.fresh`). `session`: they are signed in. `token`: somebody sent a token of theirs.
 */
export const presences = ['terminal', 'passkey', 'session', 'token'] as const;
export type Presence = (typeof presences)[number];

/** One person's answer to a question. */
export interface ApprovalAnswer {
  /** The person, as the manifest's `approvals.people` calls them. */
  readonly by: string;
  /** Whose duty it was, where a deputy answered. */
  readonly onDutyOf?: string;
  /** Other names that may be the same human's: aliases, and who made or reset the account lately. */
  readonly alike?: readonly string[];
  /** Groups of whoever had the duty, as they were known when it was answered. */
  readonly groups: readonly string[];
  readonly presence: Presence;
  readonly approve: boolean;
  readonly atMs: number;
}

/** Where an argument's value came from, when the call was asked about. */
export interface ValueOrigin {
  /** JSON pointer. */
  readonly path: string;
  readonly integrity: Label['integrity'];
  readonly origins: readonly string[];
}

/** What was known of the call when it was asked about, for whoever has to judge it. */
export interface ApprovalFacts {
  readonly effect: Effect;
  readonly consequence: Consequence;
  /** Whether a person declared effect and consequence, or they were inferred. */
  readonly declared: boolean;
  /** The user the agent acts for. */
  readonly user?: string;
  /** Arguments through which data or authority leaves. */
  readonly sinks: readonly Pick<Sink, 'path' | 'carries'>[];
  /** Whether what it sends can leave the organisation. */
  readonly outward: boolean;
  /** How the manifest says that it can be undone. */
  readonly undo?: string;
  /** Values that nobody trusted chose; of more, the first ones. */
  readonly untrusted: readonly ValueOrigin[];
  /** Everything the run had read by then. */
  readonly label: Label;
  /** What the agent says it is for. Never anything but a quotation. */
  readonly quotation?: string;
}

/** The calls that one answer is about. */
export interface ApprovalPlan {
  readonly id: string;
  /** Of the digests of its calls, in order. */
  readonly digest: Digest;
  /** The approvals of its calls, in order; those that need none are not among them. */
  readonly members: readonly string[];
}

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
  readonly callDigest: CallDigest;
  /** 128 random bits, hex; spent when the approval is consumed. */
  readonly nonce: string;
  readonly reasons: readonly Reason[];
  readonly facts?: ApprovalFacts;
  readonly plan?: ApprovalPlan;
  readonly askedAtMs: number;
  readonly expiresAtMs: number;
  readonly state: 'pending' | 'approved' | 'denied' | 'consumed' | 'expired';
  /** In order. With a rule that takes two persons, one approval alone leaves it pending. */
  readonly answers?: readonly ApprovalAnswer[];
  /** Who decided it, and when: the last of the answers. */
  readonly answeredBy?: string;
  readonly answeredAtMs?: number;
  /** In the store: arguments, input, reasons and facts, which are then empty beside it. */
  readonly sealed?: Sealed;
}
