import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { ToolResult } from '../../model/result.ts';
import type { CallAnswer } from '../../runtime/line/call-answer.ts';

const META_NAME = 'chaperone/receipt';

/** Where an answer stands in the record, as a member of `_meta`. The proof is fetched with the call's id. */
export function receiptOf({ callId, receipt }: CallAnswer): JsonObject {
  return receipt === undefined ? {} : { [META_NAME]: { call: callId, ...receipt } };
}

/** A result with its receipt. What a server may have written under that name goes. */
export function withReceipt(result: ToolResult, answer: CallAnswer): ToolResult {
  const { [META_NAME]: _, ...meta } = isJsonObject(result.extra?.['_meta']) ? result.extra['_meta'] : {};
  return { ...result, extra: { ...result.extra, _meta: { ...meta, ...receiptOf(answer) } } };
}
