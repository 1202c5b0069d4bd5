import type { ErrorCode } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { ModelStep, Template } from '../../contract/model-step.ts';
import type { Approval, Presence } from '../../model/approval.ts';
import type { Decision } from '../../model/decision.ts';
import type { Delegation } from '../../model/duty.ts';
import type { StoredEvent } from '../../model/event.ts';
import type { Isolation, IsolationScope } from '../../model/isolation.ts';
import type { User } from '../../model/principal.ts';
import type { PromptPart } from '../../model/prompt.ts';
import type { ToolResult } from '../../model/result.ts';
import type { Run } from '../../model/run.ts';
import type { GovernedTool } from '../../model/tool.ts';
import type { Trace } from '../../model/trace.ts';
import type { CallUnderWay } from '../../ports/isolation-changes.ts';
import type { ThrownSwitch } from '../../ports/stop-switch.ts';
import type { Ran } from '../../ports/store.ts';
import type { ApprovalCard } from '../../runtime/approving/approval-card.ts';
import type { AskedPlan, PlanAnswer } from '../../runtime/approving/ask-plan.ts';
import type { NewDelegation } from '../../runtime/approving/delegate-duty.ts';
import type { Receipt } from '../../runtime/line/call-answer.ts';

/** An agent whose token was verified. Everything in it comes from the token, nothing from the request. */
export interface AgentCaller {
  readonly tenant: string;
  readonly agent: string;
  /** The run the token is bound to. */
  readonly runId?: string;
}

export interface NewRun {
  readonly tenant: string;
  readonly agent: string;
  readonly user?: User;
  readonly task: string;
  readonly prompt: readonly PromptPart[];
  readonly lifetimeMs?: number;
  /** The run it is started from: user and prompt are that run's. */
  readonly parent?: string;
}

/** How much of one budget is used; `advisory` where that is only what was reported. */
export interface BudgetUse {
  readonly kind: 'calls' | 'resultBytes' | 'callTime' | 'tokens' | 'spend';
  readonly whose: string;
  readonly used: number;
  readonly max?: number;
  readonly windowMs?: number;
  readonly advisory: boolean;
}

/** What a model used, as somebody says. */
export interface UsageReport {
  readonly tenant: string;
  readonly runId: string;
  readonly by: 'host' | 'agent';
  readonly tokens?: number;
  /** Millionths of a dollar. */
  readonly spend?: number;
  readonly model?: string;
}

export interface RequestedCall {
  readonly tool: string;
  /** Absent with an approval: the call that was asked about. */
  readonly arguments?: JsonObject;
  readonly approvalId?: string;
  readonly purpose?: string;
  /** The caller's own name for the call within its run: whoever asks again under it gets the answer of the first. */
  readonly key?: string;
  /** Where the caller says the call belongs. */
  readonly trace?: Trace;
  /** The caller's own id of its request. */
  readonly requestId?: string;
}

/** What a call comes to. `ran` says whether the tool can have had an effect; `unknown` is never retried by itself. */
export type CallAnswer =
  | { readonly kind: 'result'; readonly callId: string; readonly result: ToolResult; readonly receipt?: Receipt }
  | {
      readonly kind: 'refused';
      readonly callId: string;
      readonly code: ErrorCode;
      readonly ran: Ran;
      /** The approval that was asked for, with code E_APPROVAL_PENDING. */
      readonly approvalId?: string;
      /** When the same call may go ahead, where time alone can bring that about. */
      readonly retryAfterMs?: number;
      readonly receipt?: Receipt;
    };

/** `proof` is a proof file; absent while no checkpoint covers the event. */
export interface CallReceipt extends Receipt {
  readonly tenant: string;
  readonly proof?: string;
}

/** What scanning came to. */
export interface Scanned {
  readonly risk: number;
  readonly flagged: boolean;
  readonly source: string;
  readonly findings: readonly {
    readonly detector: string;
    readonly kind: string;
    readonly path?: string;
    readonly severity: 'low' | 'medium' | 'high';
    readonly layers: readonly string[];
  }[];
}

/** Content for a run that no tool brought, or the conversation so far. */
export interface Ingestion {
  readonly tenant: string;
  readonly agent: string;
  readonly runId: string;
  /** Whether a host application hands it over. */
  readonly attested: boolean;
  readonly what: { readonly content: string; readonly source: string } | { readonly messages: readonly JsonObject[] };
}

/** What ingesting came to: `text` of content, `added` and `altered` of a history. */
export type IngestAnswer =
  | {
      readonly kind: 'ingested';
      readonly id: string;
      readonly text?: string;
      readonly added?: number;
      readonly altered?: {
        readonly message: number;
        readonly how: 'altered' | 'dropped' | 'inserted' | 'reordered' | 'shortened';
      };
      readonly scan: Scanned;
    }
  | { readonly kind: 'refused'; readonly code: ErrorCode };

/** Everything recorded of one call, oldest first, and its decision where policy was asked. */
export interface Explanation {
  readonly callId: string;
  readonly decision?: Decision;
  readonly events: readonly StoredEvent[];
}

/** A person who acts, and how they were present. */
export interface Actor {
  readonly tenant: string;
  readonly person: string;
  readonly presence: string;
}

/** What a stop met, or would meet. */
export interface StopOutcome {
  readonly inFlight: readonly CallUnderWay[];
  readonly approvals: readonly Approval[];
  readonly leases?: { readonly returned: number; readonly standing: number };
  readonly effect?: {
    readonly commitMs: number;
    readonly gateways: number;
    readonly seenMs?: number;
    readonly missing: readonly number[];
  };
}

/** What whoever lets something back says that they have seen. */
interface Marked {
  readonly seen: string;
}

/**
 * What the HTTP door asks of the runtime. What does not exist *for that tenant* is undefined, or a `Fault` E_NOT_FOUND;
 * the door checks the tenant of every answer once more. Whatever else cannot be done rejects with a `Fault`: its code
 * reaches the client, its message does not.
 */
export interface HttpRuntime {
  startRun(run: NewRun): Promise<Run>;
  readRun(
    tenant: string,
    runId: string,
  ): Promise<(Run & { readonly endedAtMs?: number; readonly pausedFor?: string }) | undefined>;
  /** Ends a run that was read a moment ago. Ending an ended run does nothing. */
  endRun(tenant: string, runId: string): Promise<void>;
  /** Counts a report for a run that was read a moment ago. */
  reportUsage(report: UsageReport): Promise<void>;
  readUsage(tenant: string, runId: string): Promise<readonly BudgetUse[]>;
  /** Lets a paused run go on, as that person decided. */
  resumeRun(resume: {
    readonly tenant: string;
    readonly runId: string;
    readonly by: string;
    readonly presence: Presence;
  }): Promise<void>;
  listTools(caller: AgentCaller): Promise<readonly GovernedTool[]>;
  /** `signal` aborts when the client goes away; a call with a key goes on, for its caller may come back for it. */
  call(caller: AgentCaller, call: RequestedCall, signal: AbortSignal): Promise<CallAnswer>;
  /** Where the outcome of a call stands, and the proof of it once a checkpoint covers it. Of an agent only its own calls. */
  readReceipt(
    tenant: string,
    callId: string,
    caller?: { readonly agent?: string; readonly runId?: string },
  ): Promise<CallReceipt | undefined>;
  /** Brings content to a run that was read a moment ago. */
  ingest(ingestion: Ingestion): Promise<IngestAnswer>;
  /** Records a step of a model in a run that was read a moment ago; answers with the id of the event. */
  reportStep(reported: {
    readonly tenant: string;
    readonly agent: string;
    readonly runId: string;
    readonly attested: boolean;
    readonly step: ModelStep;
  }): Promise<string>;
  /** Registers a version of a prompt template; answers with its digest. E_TEMPLATE_CHANGED where it has another text. */
  registerTemplate(tenant: string, template: Template): Promise<string>;
  /** Looks at a text and records nothing. */
  scan(wanted: { readonly tenant: string; readonly text: string; readonly source: string }): Promise<Scanned>;
  /** Pending approvals, at most `limit`. */
  listApprovals(tenant: string, limit: number): Promise<readonly Approval[]>;
  readApproval(tenant: string, approvalId: string): Promise<Approval | undefined>;
  /** Records the answer to an approval that was read a moment ago. The first answer stands: E_APPROVAL_USED. */
  answerApproval(answer: {
    readonly tenant: string;
    readonly approvalId: string;
    readonly approve: boolean;
    readonly by: string;
    readonly presence: Presence;
    /** As their account or their organisation has them. */
    readonly groups?: readonly string[];
    readonly confirm?: string;
  }): Promise<Approval>;
  /** Asks people one question about calls of a run that was read a moment ago. */
  askPlan(plan: AskedPlan): Promise<PlanAnswer>;
  /** Lets a deputy answer in somebody's place. E_REQUEST_INVALID for nobody else, or for too long. */
  delegateDuty(wanted: NewDelegation): Promise<Delegation>;
  /** What an approver is shown of an approval that was read a moment ago. */
  readCard(approval: Approval): Promise<ApprovalCard>;
  explain(tenant: string, callId: string): Promise<Explanation | undefined>;
  /** Oldest first. */
  readEvents(tenant: string, afterSeq: number, limit: number): Promise<readonly StoredEvent[]>;
  /** Metrics in the text format of Prometheus. */
  printMetrics(tenant: string): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Records that a person reads the record. Rejects where that cannot be written: then nothing is shown. */
  recordRead(read: { readonly tenant: string; readonly by: string; readonly what: string }): Promise<void>;
  /** Whose gateway this is. */
  readonly tenant: string;
  /** What is stopped of a tenant, with what stops everything, and the files that stop. */
  listIsolations(tenant: string): Promise<{
    readonly isolations: readonly (Isolation & Marked)[];
    readonly switches: readonly (ThrownSwitch & Marked)[];
  }>;
  previewStop(scope: IsolationScope, tenant: string): Promise<StopOutcome>;
  stop(
    scope: IsolationScope,
    by: Actor & { readonly reason: string; readonly incident: boolean },
  ): Promise<StopOutcome>;
  resume(
    scope: IsolationScope,
    by: Actor & {
      readonly reason: string;
      readonly seen: string | undefined;
      readonly cause?: string;
      readonly control?: string;
    },
  ): Promise<void>;
  /** Whether calls can be served now. */
  isReady(): Promise<boolean>;
}
