import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';

/**
 * What a recorded decision has to be made from again, of the places where keyed hashes stand in its event: by JSON pointer,
 * for a text what stood at which offset, for anything else the value as it was.
 */
export type Exact = { readonly [pointer: string]: Cuts | { readonly value: JsonValue } };

/** In order: where a hash stands in the text, how many characters it has, and what stood there. */
export type Cuts = readonly (readonly [at: number, characters: number, was: string])[];

/** The body of an event with what its hashes stand for in their place again. One that has none is returned as it is. */
export function restoreExact(body: JsonObject): JsonObject {
  const { exact, ...rest } = body;
  if (!isJsonObject(exact)) return body;
  let restored: JsonValue = rest;
  for (const [pointer, was] of Object.entries(exact)) {
    const path = pointer.split('/').slice(1).map(readName);
    restored = replaceAt(restored, path, was);
  }
  return isJsonObject(restored) ? restored : rest;
}

/** The body of an event as it is shown: without what its hashes stand for. */
export function withoutExact({ exact: _, ...shown }: JsonObject): JsonObject {
  return shown;
}

function replaceAt(value: JsonValue, path: readonly string[], was: JsonValue): JsonValue {
  const [name, ...inner] = path;
  if (name === undefined) return putBack(value, was);
  if (Array.isArray(value)) return value.map((one, at) => (String(at) === name ? replaceAt(one, inner, was) : one));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, key === name ? replaceAt(one, inner, was) : one]),
  );
}

function putBack(value: JsonValue, was: JsonValue): JsonValue {
  if (isJsonObject(was)) return was['value'] ?? null;
  if (typeof value !== 'string' || !Array.isArray(was)) return value;
  let text = '';
  let from = 0;
  for (const cut of was) {
    const [at, characters, original] = Array.isArray(cut) ? cut : [];
    if (typeof at !== 'number' || typeof characters !== 'number') continue;
    text += value.slice(from, at) + String(original);
    from = at + characters;
  }
  return text + value.slice(from);
}

const readName = (name: string): string => name.replaceAll('~1', '/').replaceAll('~0', '~');
