import type { ErrorCode } from '../../base/errors.ts';
import type { Reason } from '../../model/decision.ts';
import type { Redaction, ToolResult } from '../../model/result.ts';
import type { Ran } from '../../ports/store.ts';
import type { ShownFindings } from '../show-findings.ts';
import type { ProtocolError } from './refusal.ts';

/** Where an answer stands in the record: what a proof of it will be about, once a checkpoint covers it. */
export interface Receipt {
  /** The id of the event. */
  readonly event: string;
  /** Its number, counting from 1: its place in the ledger. */
  readonly seq: number;
}

/**
 * What a call comes to. Every answer has been recorded before it is returned; one that could not be is a refusal without a
 * receipt.
 */
export type CallAnswer =
  | {
      readonly kind: 'result';
      readonly callId: string;
      readonly result: ToolResult;
      readonly redactions: readonly Redaction[];
      /** What scanning the result came to. Nothing is permitted for a low risk. */
      readonly scan?: ShownFindings;
      readonly receipt?: Receipt;
    }
  | {
      readonly kind: 'refused';
      readonly callId: string;
      readonly code: ErrorCode;
      /** For people: names rules and places. */
      readonly reasons: readonly Reason[];
      /** For the model: names neither. */
      readonly toModel: string;
      readonly ran: Ran;
      readonly approvalId?: string;
      /** When the same call may go ahead, where time alone can bring that about. */
      readonly retryAfterMs?: number;
      readonly protocolError?: ProtocolError;
      readonly receipt?: Receipt;
    };
