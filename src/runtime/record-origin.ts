import type { JsonObject } from '../base/json.ts';
import { spanOf } from '../model/trace.ts';
import type { CallRequest } from './line/call-request.ts';

/** A client may number its requests with any text, and this leaves for traces: only what can be a number or an id is kept. */
const REQUEST_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Where a call belongs in its caller's trace, and how it came in. It says nothing of what was asked for. */
export function recordOrigin(
  { trace, via, requestId }: Pick<CallRequest, 'trace' | 'via' | 'requestId'>,
  callId: string,
): JsonObject {
  return {
    ...(requestId === undefined || !REQUEST_ID.test(requestId) ? {} : { requestId }),
    ...(trace === undefined ? {} : { trace: { id: trace.traceId, parent: trace.parentId, span: spanOf(callId) } }),
    ...(via === undefined ? {} : { via: recordVia(via) }),
  };
}

function recordVia({ requestId, ...via }: NonNullable<CallRequest['via']>): JsonObject {
  const isKept = typeof requestId === 'number' || REQUEST_ID.test(requestId);
  return { ...via, ...(isKept ? { requestId } : {}) };
}
