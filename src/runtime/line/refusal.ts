import type { ErrorCode } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Reason } from '../../model/decision.ts';
import type { Ran } from '../../ports/store.ts';

/**
 * A call that ends without a result: a value, so that every stage's caller has to look at it. `ran` says whether the
 * tool can have had an effect; before the intent it is always `no`.
 */
export class Refusal {
  readonly code: ErrorCode;
  readonly reasons: readonly Reason[];
  readonly ran: Ran;
  /** What is recorded beside the reasons: the decision and what it rested on. */
  readonly record: JsonObject;
  readonly approvalId: string | undefined;
  readonly protocolError: ProtocolError | undefined;
  /** When the same call may go ahead, where time alone can bring that about. */
  readonly retryAfterMs: number | undefined;

  constructor(
    reasons: readonly Reason[],
    code: ErrorCode,
    more: {
      ran?: Ran;
      record?: JsonObject;
      approvalId?: string;
      protocolError?: ProtocolError;
      retryAfterMs?: number;
    } = {},
  ) {
    this.code = code;
    this.reasons = reasons;
    this.ran = more.ran ?? 'no';
    this.record = more.record ?? {};
    this.approvalId = more.approvalId;
    this.protocolError = more.protocolError;
    this.retryAfterMs = more.retryAfterMs;
  }
}

/** The refusal, and what was asked for recorded with it. */
export function withAttempt({ reasons, code, record, ...more }: Refusal, attempt: JsonObject): Refusal {
  return new Refusal(reasons, code, { ran: more.ran, record: { ...attempt, ...record } });
}

/** An upstream's own protocol error, kept for a client that speaks the same protocol. */
export interface ProtocolError {
  readonly code: number;
  readonly message: string;
  readonly data?: JsonObject;
}

/** A refusal for one reason that no policy determined. */
export function refuse(code: ErrorCode, message: string): Refusal {
  return new Refusal([{ code, message }], code);
}
