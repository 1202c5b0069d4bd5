import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { redactJson } from '../scan/redact.ts';

/**
 * What a tool says beside its result (progress, log messages, questions) as it may reach the caller: without secrets
 * and hidden characters, like a result. Undefined where it is over `maxBytes`, or cannot be looked at: it is dropped.
 */
export function cleanRemark(remark: JsonObject, maxBytes: number = limits.remarkBytes): JsonObject | undefined {
  try {
    if (Buffer.byteLength(JSON.stringify(remark)) > maxBytes) return undefined;
    return redactJson(remark).value;
  } catch {
    return undefined; // a remark is never worth the call it belongs to
  }
}

/**
 * Hands a tool's progress on. With `confined` only listed fields of its result may cross, and a text beside it would
 * be a way around that: then only the numbers go through. At most `limits.remarks` in one call.
 */
export function reportProgress(
  onProgress: (progress: JsonObject) => void,
  confined: boolean,
): (progress: JsonObject) => void {
  let left: number = limits.remarks;
  return (progress) => {
    if (left-- <= 0) return;
    const told = confined ? keepNumbers(progress) : cleanRemark(progress);
    if (told !== undefined) onProgress(told);
  };
}

function keepNumbers({ progress, total }: JsonObject): JsonObject | undefined {
  if (typeof progress !== 'number') return undefined;
  return { progress, ...(typeof total === 'number' ? { total } : {}) };
}
