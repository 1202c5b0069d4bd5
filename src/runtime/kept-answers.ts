import { digestJson } from '../base/digest.ts';
import { findJsonProblem, type JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { CallAnswer } from './line/call-answer.ts';
import type { CallRequest } from './line/call-request.ts';

type Answer = Extract<CallAnswer, { kind: 'result' }>;

export interface KeptAnswer {
  readonly answer: Answer;
  readonly atMs: number;
  readonly bytes: number;
}

/**
 * The last answers of tools that fall back to them. An answer is kept for the run that got it and for no other, under the
 * bundle it was given under: that run has its label already, and sees no field that it has not seen. Bounded in number and
 * bytes, the oldest forgotten first.
 */
export class KeptAnswers {
  readonly #kept = new Map<string, KeptAnswer>();
  #bytes = 0;

  keep(request: CallRequest, bundle: string, answer: Answer, atMs: number): void {
    const key = keyOf(request, bundle);
    if (key === undefined) return;
    this.#forget(key);
    const bytes = Buffer.byteLength(JSON.stringify(answer.result));
    this.#kept.set(key, { answer, atMs, bytes });
    this.#bytes += bytes;
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= limits.keptAnswers && this.#bytes <= limits.keptAnswerBytes) return;
      this.#forget(oldest);
    }
  }

  find(request: CallRequest, bundle: string): KeptAnswer | undefined {
    const key = keyOf(request, bundle);
    return key === undefined ? undefined : this.#kept.get(key);
  }

  #forget(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }
}

function keyOf({ runId, tool, arguments: args = {} }: CallRequest, bundle: string): string | undefined {
  if (findJsonProblem(args, limits.jsonDepth) !== undefined) return undefined;
  return digestJson([runId, bundle, tool, args as JsonValue]); // just found to be JSON
}
