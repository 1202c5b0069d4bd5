import { findJsonProblem, isJsonObject, type JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { Reason } from '../../model/decision.ts';

/** A copy that nobody else holds, or why there is none. */
export type CanonicalArguments =
  | { readonly ok: true; readonly arguments: JsonObject }
  | { readonly ok: false; readonly reason: Reason };

/**
 * Copies what a caller handed over, so that what is checked is what executes: the caller keeps no reference, members
 * without a value are gone, and `-0` is `0`, as canonical JSON writes it. Never throws, whatever it is given.
 */
export function copyArguments(value: unknown): CanonicalArguments {
  try {
    return copy(value ?? {});
  } catch {
    // A getter or proxy of a caller in the same process threw.
    return refuse('E_ARGUMENTS_INVALID', '', 'the arguments cannot be read');
  }
}

function copy(value: unknown): CanonicalArguments {
  if (!isJsonObject(value)) return refuse('E_ARGUMENTS_INVALID', '', 'the arguments are not an object');
  const problem = findJsonProblem(value, limits.jsonDepth);
  if (problem) {
    const code = problem.message === 'nested too deeply' ? 'E_LIMIT' : 'E_ARGUMENTS_INVALID';
    return refuse(code, problem.path, problem.message);
  }
  const text = JSON.stringify(value);
  if (isLongerThan(text, limits.argumentBytes)) {
    return refuse('E_LIMIT', '', `the arguments are longer than ${limits.argumentBytes} bytes`);
  }
  const copied: unknown = JSON.parse(text);
  // Again, since an object with getters can answer differently the second time.
  const changed = findJsonProblem(copied, limits.jsonDepth);
  if (changed || !isJsonObject(copied))
    return refuse('E_ARGUMENTS_INVALID', changed?.path ?? '', 'changed while being read');
  return { ok: true, arguments: copied };
}

function isLongerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;
}

function refuse(code: 'E_ARGUMENTS_INVALID' | 'E_LIMIT', path: string, message: string): CanonicalArguments {
  return { ok: false, reason: { code, message, path } };
}
