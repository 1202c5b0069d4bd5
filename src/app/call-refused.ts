import type { ErrorCode } from '../base/errors.ts';
import type { Reason } from '../model/decision.ts';
import type { Ran } from '../ports/store.ts';
import type { CallAnswer } from '../runtime/line/call-answer.ts';

/** Thrown by a guarded tool whose call was refused. `message` is fit for the model; `reasons` are for people. */
export class CallRefused extends Error {
  override readonly name = 'CallRefused';
  readonly code: ErrorCode;
  readonly callId: string;
  readonly reasons: readonly Reason[];
  /** Whether the tool can have run. */
  readonly ran: Ran;
  /** The approval a person has to answer, with code E_APPROVAL_PENDING. */
  readonly approvalId: string | undefined;
  /** When the same call may go ahead, where time alone can bring that about. */
  readonly retryAfterMs: number | undefined;

  constructor(answer: Extract<CallAnswer, { kind: 'refused' }>) {
    super(answer.toModel);
    this.code = answer.code;
    this.callId = answer.callId;
    this.reasons = answer.reasons;
    this.ran = answer.ran;
    this.approvalId = answer.approvalId;
    this.retryAfterMs = answer.retryAfterMs;
  }
}
