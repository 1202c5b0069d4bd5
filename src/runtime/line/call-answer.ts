import type { ErrorCode } from '../../base/errors.ts';
import type { Reason } from '../../model/decision.ts';
import type { Redaction, ToolResult } from '../../model/result.ts';
import type { Ran } from '../../ports/store.ts';
import type { ShownFindings } from '../show-findings.ts';
import type { ProtocolError } from './refusal.ts';

/** What a call comes to. Every answer has been recorded before it is returned. */
export type CallAnswer =
  | {
      readonly kind: 'result';
      readonly callId: string;
      readonly result: ToolResult;
      readonly redactions: readonly Redaction[];
      /** What scanning the result came to. Nothing is permitted for a low risk. */
      readonly scan?: ShownFindings;
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
    };
