import { assert } from './assert.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Canonical JSON (RFC 8785): keys sorted by UTF-16 code unit, no white space, numbers as ECMAScript prints them.
 * Two values have the same canonical text exactly when they are the same JSON. A lone surrogate, a non-finite number
 * or anything that is not JSON is a `Bug`: parse with `parseJson` or `toJson` first.
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    assert(value.isWellFormed(), 'canonical JSON takes well-formed strings only');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    assert(Number.isFinite(value), 'canonical JSON takes finite numbers only');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const object = value as JsonObject;
  assert(typeof object === 'object', 'canonical JSON takes JSON values only');
  const members: string[] = [];
  for (const key of Object.keys(object).sort()) {
    members.push(`${canonicalJson(key)}:${canonicalJson(object[key] as JsonValue)}`);
  }
  return `{${members.join(',')}}`;
}

export interface JsonProblem {
  /** JSON pointer to the offending place, `''` for the whole. */
  readonly path: string;
  readonly message: string;
}

/**
 * Says why a value that came from outside is not JSON we accept, or returns undefined: too deep, a prototype key, a
 * lone surrogate, a non-finite number, or a type JSON lacks. `undefined` members are accepted where JSON drops them.
 */
export function findJsonProblem(value: unknown, maxDepth: number, path = ''): JsonProblem | undefined {
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'string') {
    return value.isWellFormed() ? undefined : { path, message: 'a string holds half of a surrogate pair' };
  }
  if (typeof value === 'number') {
    return Number.isFinite(value) ? undefined : { path, message: 'a number is not finite' };
  }
  if (typeof value !== 'object') return { path, message: `a ${typeof value} is not JSON` };
  if (maxDepth <= 0) return { path, message: 'nested too deeply' };
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const problem = findJsonProblem(value[i], maxDepth - 1, `${path}/${i}`);
      if (problem) return problem;
    }
    return undefined;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return { path, message: 'an object has a class' };
  for (const key of Object.keys(value)) {
    const place = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (key === '__proto__') return { path: place, message: 'the key `__proto__` is not accepted' };
    if (!key.isWellFormed()) return { path: place, message: 'a key holds half of a surrogate pair' };
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    const problem = findJsonProblem(member, maxDepth - 1, place);
    if (problem) return problem;
  }
  return undefined;
}
