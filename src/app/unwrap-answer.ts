import { isJsonObject, type JsonObject } from '../base/json.ts';
import type { CallAnswer } from '../runtime/line/call-answer.ts';
import { CallRefused } from './call-refused.ts';

/** What the function returned, as the model should see it: structured content, else the text. */
export function unwrapAnswer(answer: CallAnswer): unknown {
  if (answer.kind === 'refused') throw new CallRefused(answer);
  const { result } = answer;
  const text = result.content.map((block) => (typeof block['text'] === 'string' ? block['text'] : '')).join('\n');
  if (result.isError) throw new Error(text);
  return result.structuredContent === undefined ? readJson(text) : result.structuredContent;
}

/** A list or a number came as JSON text; a plain string stays one. */
function readJson(text: string): JsonObject | string | unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) || Array.isArray(value) || typeof value !== 'string' ? value : text;
  } catch {
    return text;
  }
}
