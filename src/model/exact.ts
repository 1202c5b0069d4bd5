import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';

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

/** What a sealed body says, and what is held back of it unless somebody asks for it. */
export interface ToldBody {
  /** Canonical JSON. In the place of `exact` is what it is committed to by: whoever is told it can tell that it is the one. */
  readonly shown: string;
  /** Canonical JSON. Absent where there is none. */
  readonly exact?: string;
}

/** Divides a body, which is canonical JSON. `commit` answers with 64 hexadecimal digits that tell nothing of the text by themselves. */
export function holdBackExact(text: string, commit: (exact: string) => string): ToldBody {
  // Most bodies have none, and to parse them would cost more than to encrypt them.
  if (!text.includes('"exact":{')) return { shown: text };
  const body: JsonValue = JSON.parse(text);
  if (!isJsonObject(body) || !isJsonObject(body['exact'])) return { shown: text };
  const exact = canonicalJson(body['exact']);
  return { shown: canonicalJson({ ...body, exact: { commitment: commit(exact) } }), exact };
}

/** What the shown body commits to for what was held back; undefined where nothing was. */
export function readHeldBack({ exact }: JsonObject): string | undefined {
  if (!isJsonObject(exact)) return undefined;
  const { commitment } = exact; // a pointer begins with a slash: none is called so
  return typeof commitment === 'string' ? commitment : undefined;
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
