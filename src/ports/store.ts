import type { Digest } from '../base/digest.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import type { Approval, ApprovalAnswer } from '../model/approval.ts';
import type { Delegation, TierReview } from '../model/duty.ts';
import type { EventKind, NewEvent, StoredEvent } from '../model/event.ts';
import type { Label } from '../model/label.ts';
import type { MeterGive, MeterTake } from '../model/meter.ts';
import type { Notice, WaitingNotice } from '../model/notice.ts';
import type { Run } from '../model/run.ts';
import type { PutAside, SinkCursor } from '../model/sink.ts';
import type { ToolName } from '../model/tool.ts';
import type { BreakerChange, BreakerReads } from './breaker-changes.ts';
import type { EventSeal } from './event-seal.ts';
import type { IsolationChange, IsolationReads } from './isolation-changes.ts';
import type { PeopleChange, PeopleReads } from './people-changes.ts';

/**
 * One change of state. Changes that are committed together all happen or none does. Those that state a condition
 * (`run.require`, `approval.consume`, …) make the commit fail with the code in brackets when it does not hold. A change
 * sees those before it in its commit.
 *
 * Runs and approvals are over in the millisecond in which they expire: a condition holds while `nowMs < expiresAtMs`.
 * A record (an event's body, a run, an approval, a descriptor, a bundle) of more than `limits.recordBytes` bytes of JSON
 * makes the commit fail with E_LIMIT.
 */
export type Change =
  /** With `seal`, for a store that `seals`: its body is empty, and what is told is written in its place, sealed. */
  | { readonly kind: 'event.append'; readonly event: NewEvent; readonly seal?: EventSeal }
  /** Registers a run, with the key that its record is sealed with. [E_STORE_CORRUPT if the id exists] */
  | { readonly kind: 'run.open'; readonly run: Run; readonly key?: NewRunKey }
  /** Ends a run, and forgets its breaker; ending it again does nothing. [E_RUN_UNKNOWN] */
  | { readonly kind: 'run.end'; readonly tenant: string; readonly runId: string; readonly atMs: number }
  /**
   * Forgets a run's key, so that what was sealed with it cannot be read any more, and ends the run. Its events stay as
   * they are; what it wrote is known again by its digest alone (`hideWritten`). Erasing it again does nothing. When the commit resolves, no copy of the key is left in the store's files,
   * or soon none will be. [E_RUN_UNKNOWN]
   */
  | { readonly kind: 'run.erase'; readonly tenant: string; readonly runId: string; readonly atMs: number }
  /**
   * The run exists for this tenant and agent, has not ended and is not past its expiry; and it carries no worse label
   * than `label`, where that is given. [E_RUN_UNKNOWN, E_RUN_ENDED, E_RUN_PAUSED, E_BUSY: it has read more since, decide
   * again]
   */
  | {
      readonly kind: 'run.require';
      readonly tenant: string;
      readonly agent: string;
      readonly runId: string;
      readonly nowMs: number;
      readonly label?: Label;
    }
  /** Pauses a run: it cannot be required until it is resumed. The first reason stays. [E_RUN_UNKNOWN] */
  | {
      readonly kind: 'run.pause';
      readonly tenant: string;
      readonly runId: string;
      readonly reason: string;
      readonly atMs: number;
    }
  /** Lets a paused run go on; one that is not paused does. [E_RUN_UNKNOWN] */
  | { readonly kind: 'run.resume'; readonly tenant: string; readonly runId: string }
  /** Joins a label into the run's own, which is only ever raised. [E_RUN_UNKNOWN] */
  | { readonly kind: 'run.label'; readonly runId: string; readonly label: Label }
  /**
   * Remembers what an agent of the tenant wrote with nobody vouching for it: objects as `kind#id`, values as `value#key`.
   * What is remembered already stays as it is.
   */
  | {
      readonly kind: 'written.add';
      readonly tenant: string;
      readonly objects: readonly string[];
      readonly runId: string;
      readonly atMs: number;
    }
  | IsolationChange
  | BreakerChange
  | PeopleChange
  /** The tool's reviewed pin is this one. [E_TOOL_DRIFTED, also when the tool was never pinned] */
  | { readonly kind: 'pin.require'; readonly tool: ToolName; readonly pin: Digest }
  /** The active bundle is this one. [E_BUNDLE_REPLACED: decide again under the new one] */
  | { readonly kind: 'bundle.require'; readonly bundle: Digest }
  /** Keeps something that events name by its digest. Keeping it again does nothing. */
  | { readonly kind: 'content.keep'; readonly digest: Digest; readonly content: JsonObject }
  | { readonly kind: 'bundle.activate'; readonly bundle: Digest; readonly content: JsonObject; readonly atMs: number }
  /**
   * Takes from meters, all or nothing. What was taken of each is in the result. [the take's own code if a meter has less
   * left than it is to give]
   */
  | { readonly kind: 'budget.take'; readonly takes: readonly MeterTake[]; readonly nowMs: number }
  /** Gives back to meters what was taken and not used. */
  | { readonly kind: 'budget.give'; readonly gives: readonly MeterGive[] }
  /** Opens the one intent a call may ever have. [E_STORE_CORRUPT if the call has one] */
  | {
      readonly kind: 'intent.open';
      readonly callId: string;
      readonly tenant: string;
      readonly runId: string;
      readonly atMs: number;
    }
  /** Closes an open intent. [E_STORE_CORRUPT if there is none open] */
  | { readonly kind: 'intent.close'; readonly callId: string; readonly ran: Ran; readonly atMs: number }
  /**
   * Asks a person. Counted against the maximum are the run's pending approvals that have not expired when this one is
   * asked, and, where `maxAsked` is given, all that were asked in the run since then. [E_STORE_CORRUPT if the id exists,
   * E_APPROVAL_FLOOD if the run has as many as it may have]
   */
  | {
      readonly kind: 'approval.open';
      readonly approval: Approval;
      readonly maxPendingPerRun: number;
      readonly maxAsked?: { readonly count: number; readonly sinceMs: number };
    }
  /**
   * Adds a person's answer to a pending approval of the tenant. One no denies it; it is approved once as many as
   * `persons` have approved it. [E_APPROVAL_USED if there is none of that id or it is no longer pending,
   * E_APPROVAL_EXPIRED if it is and its time has passed, E_APPROVAL_SAME_PERSON if whoever answers, or whose duty it is,
   * has approved it already, themselves or by a deputy]
   */
  | {
      readonly kind: 'approval.answer';
      readonly tenant: string;
      readonly approvalId: string;
      readonly answer: ApprovalAnswer;
      readonly persons: number;
    }
  /**
   * Marks approvals of the tenant as expired whose time has passed and that nobody has denied or spent. Does nothing to
   * any other. With an id, that one alone. [with an id: E_APPROVAL_USED if there is nothing to mark]
   */
  | {
      readonly kind: 'approval.expire';
      readonly tenant: string;
      readonly nowMs: number;
      readonly approvalId?: string;
    }
  /**
   * Spends an approved approval. [E_APPROVAL_USED if there is none of that id with this tenant, agent, run and nonce, or
   * it is not approved: pending, denied, expired or spent; else E_APPROVAL_EXPIRED if its time has passed; else
   * E_APPROVAL_ARGS_CHANGED if it is for another call]
   */
  | {
      readonly kind: 'approval.consume';
      readonly tenant: string;
      readonly agent: string;
      readonly runId: string;
      readonly approvalId: string;
      readonly callDigest: Approval['callDigest'];
      readonly nonce: string;
      readonly nowMs: number;
    }
  /** Lets a deputy answer for somebody until then, in place of what held between the two. */
  | { readonly kind: 'duty.delegate'; readonly delegation: Delegation }
  /** Remembers who looked at the consequences of the tools last. */
  | { readonly kind: 'tiers.review'; readonly review: TierReview }
  /** Something people have to be told. It is due at once. [E_STORE_CORRUPT if the id exists] */
  | { readonly kind: 'notice.add'; readonly notice: Notice }
  /**
   * Takes a notice up that was taken up `attempts` times before: it is due again at `dueAtMs`, unless it is closed by
   * then. [E_BUSY if there is none, or somebody else took it up]
   */
  | {
      readonly kind: 'notice.claim';
      readonly tenant: string;
      readonly id: string;
      readonly attempts: number;
      readonly dueAtMs: number;
    }
  /** Delivered, or given up. [E_BUSY if there is none any more] */
  | { readonly kind: 'notice.close'; readonly tenant: string; readonly id: string }
  /**
   * Remembers the pin of a tool as reviewed. With `ifAbsent` only where there is none: the same one does no harm. [with
   * `ifAbsent`: E_BUSY if the tool has another pin by now]
   */
  | {
      readonly kind: 'pin.set';
      readonly tool: ToolName;
      readonly pin: Digest;
      readonly descriptor: JsonObject;
      readonly atMs: number;
      readonly ifAbsent?: true;
    }
  /** Begins to tell a receiver of a tenant's events, after `seq`. Does nothing for one that is told already. */
  | {
      readonly kind: 'sink.open';
      readonly tenant: string;
      readonly sink: string;
      readonly seq: number;
      readonly atMs: number;
    }
  /** A receiver is done with the events up to `to`. [E_BUSY if it was not at `from`: somebody else tells it too] */
  | {
      readonly kind: 'sink.advance';
      readonly tenant: string;
      readonly sink: string;
      readonly from: number;
      readonly to: number;
      readonly atMs: number;
    }
  /** Puts an event aside that a receiver would not have. What is there already stays as it is. */
  | {
      readonly kind: 'sink.putAside';
      readonly tenant: string;
      readonly sink: string;
      readonly seq: number;
      readonly reason: string;
      readonly atMs: number;
    }
  /** Takes an event off what was put aside: it was sent after all, or nobody wants it. [E_NOT_FOUND if it is not there] */
  | { readonly kind: 'sink.takeUp'; readonly tenant: string; readonly sink: string; readonly seq: number };

/** A run's key, wrapped by what is not in the store, and the name under which its user is found. */
export interface NewRunKey {
  readonly wrapped: string;
  readonly user?: string;
}

export interface StoredRunKey extends Partial<NewRunKey> {
  readonly runId: string;
  readonly expiresAtMs: number;
  /** Absent while it has not been erased. */
  readonly erasedAtMs?: number;
}

/** Whether the effect happened: it did, it did not, or nobody can tell. `unknown` is never retried by itself. */
export type Ran = 'yes' | 'no' | 'unknown';

export type CommitResult =
  | {
      readonly ok: true;
      /** Sequence numbers of the appended events, in order. */
      readonly seqs: readonly number[];
      /** What was taken from meters, in order. Absent where nothing was to be taken. */
      readonly taken?: readonly number[];
    }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly message: string;
      /** When the same commit may succeed, where time alone can bring that about. */
      readonly retryAfterMs?: number;
    };

export interface CommitOptions {
  /**
   * Nobody else waits for the calling thread: the store may hold it up, if that gets the commit done sooner. It changes
   * nothing else.
   */
  readonly alone?: boolean;
}

export interface EventQuery {
  readonly tenant: string;
  readonly runId?: string;
  readonly callId?: string;
  readonly agent?: string;
  readonly tool?: string;
  /** On whose behalf, as the events name them. */
  readonly user?: string;
  /** Only events of these kinds. */
  readonly kinds?: readonly EventKind[];
  /** Only events recorded at or after this moment. A clock may have gone back: their order is that of their numbers. */
  readonly fromMs?: number;
  /** Only events recorded before this moment. */
  readonly toMs?: number;
  /** Only events after this sequence number. */
  readonly afterSeq?: number;
  /** Only events before this sequence number: the number of a page's last event asks for the next page, newest first. */
  readonly beforeSeq?: number;
  /** Newest first instead of oldest first. */
  readonly newestFirst?: boolean;
  /**
   * At most this many, 1 to 1,000. There are fewer, but at least one if there is any, when their bodies come to more
   * than `limits.pageChars`: whoever wants all goes on until a page is empty.
   */
  readonly limit: number;
}

/** Runs that were not erased. */
export interface RunQuery {
  readonly tenant: string;
  /** On whose behalf, as the runs' keys name them. */
  readonly user?: string;
  /** Only those that are past their expiry by then. */
  readonly expiredByMs?: number;
  /** Only those that follow this one. */
  readonly after?: string;
  /** At most this many, 1 to 1,000. */
  readonly limit: number;
}

export interface OpenIntent {
  readonly callId: string;
  readonly tenant: string;
  readonly runId: string;
  readonly atMs: number;
}

export interface AskedCall {
  readonly approvalId: string;
  readonly runId: string;
  readonly callDigest: Approval['callDigest'];
}

export interface OverdueApproval {
  readonly approvalId: string;
  readonly runId: string;
  readonly agent: string;
  readonly tool: ToolName;
}

export interface StoredPin {
  readonly tool: ToolName;
  readonly pin: Digest;
  readonly descriptor: JsonObject;
  readonly atMs: number;
}

/** Something an agent wrote. `seq` rises in the order in which things were first written, with gaps. */
export interface WrittenObject {
  readonly seq: number;
  readonly object: string;
}

export interface ActiveBundle {
  readonly bundle: Digest;
  readonly content: JsonObject;
  readonly atMs: number;
  /** Who put it into force last, for as long as it has the store open. */
  readonly activator?: { readonly pid: number };
}

/**
 * The truth. Several processes may have one store open at the same time; what one committed, all see.
 *
 * `commit` resolves only when the changes would survive a power cut. It rejects with a `Fault` E_STORE or
 * E_STORE_CORRUPT, which says nothing about whether they do, or with a `Bug` when a change is not JSON; then nothing of
 * that commit was made. With more than `limits.commitsWaiting` unanswered it is refused with E_BUSY. Commits take effect
 * in the order in which one process handed them over, and a read sees those handed over before it.
 *
 * A read rejects with the same faults, and with a `Bug` for a limit it does not take.
 */
export interface Store extends PeopleReads, IsolationReads, BreakerReads {
  /** It seals events itself where a change asks for it. Any other has to be given what is sealed already. */
  readonly seals?: true;
  commit(changes: readonly Change[], options?: CommitOptions): Promise<CommitResult>;
  readEvents(query: EventQuery): Promise<readonly StoredEvent[]>;
  readRun(
    tenant: string,
    runId: string,
  ): Promise<(Run & { readonly endedAtMs?: number; readonly pausedFor?: string }) | undefined>;
  /** What is kept of the keys of these runs. Runs that are not there are left out, others have no key. */
  readRunKeys(tenant: string, runIds: readonly string[]): Promise<readonly StoredRunKey[]>;
  /** In the order of their ids. */
  listRuns(query: RunQuery): Promise<readonly StoredRunKey[]>;
  readApproval(tenant: string, approvalId: string): Promise<Approval | undefined>;
  /**
   * Newest first. `after`: the last approval of the page before; none follow one that is not there. There are fewer than
   * `limit`, but at least one if there is any, when they come to more than `limits.pageChars`.
   */
  listApprovals(tenant: string, state: Approval['state'], limit: number, after?: string): Promise<readonly Approval[]>;
  /** The last approval that was asked about before then and was spent on this agent's use of this tool. */
  readLastSpent(tenant: string, agent: string, tool: ToolName, beforeMs: number): Promise<Approval | undefined>;
  /** Approvals whose time has passed and that nobody has denied or spent or marked so; those that expired first come first. */
  listOverdue(tenant: string, nowMs: number, limit: number): Promise<readonly OverdueApproval[]>;
  /** Delegations that hold, by who delegates, then by the deputy. */
  listDelegations(tenant: string, nowMs: number): Promise<readonly Delegation[]>;
  readTierReview(tenant: string): Promise<TierReview | undefined>;
  /** Notices of the tenant that are due, the longest due first. */
  listNotices(tenant: string, nowMs: number, limit: number): Promise<readonly WaitingNotice[]>;
  /** The calls that a person was asked about, by approvals that may still be spent or answered; newest first. */
  listAsked(tenant: string, nowMs: number, limit: number): Promise<readonly AskedCall[]>;
  /**
   * Intents that nobody will close any more: those opened by a process that has ended, or by this store before it was
   * opened. An intent of another process that still has the store open is not among them.
   */
  listAbandonedIntents(limit: number): Promise<readonly OpenIntent[]>;
  /** How much of each meter is used at that time. */
  readMeters(
    meters: readonly { readonly meter: string; readonly windowMs?: number }[],
    nowMs: number,
  ): Promise<readonly number[]>;
  readPin(tool: ToolName): Promise<StoredPin | undefined>;
  /** Every pin of one server's tools. */
  listPins(server: string): Promise<readonly StoredPin[]>;
  /** What agents of a tenant wrote, after a sequence number, in its order. */
  listWritten(tenant: string, afterSeq: number, limit: number): Promise<readonly WrittenObject[]>;
  /** A bundle that was once activated, by its digest. */
  readBundle(bundle: Digest): Promise<{ readonly bundle: Digest; readonly content: JsonObject } | undefined>;
  /** What was kept under this digest. */
  readContent(digest: Digest): Promise<JsonObject | undefined>;
  readActiveBundle(): Promise<ActiveBundle | undefined>;
  /** Every receiver that a tenant's events were ever told, by name. */
  listSinks(tenant: string): Promise<readonly SinkCursor[]>;
  /** What was put aside for a receiver, oldest event first, after a sequence number. */
  listPutAside(tenant: string, sink: string, afterSeq: number, limit: number): Promise<readonly PutAside[]>;
  /** Finishes what was handed over, then releases everything. */
  close(): Promise<void>;
}
