import type { JsonObject, JsonValue } from '../base/json.ts';
import { isJsonObject } from '../base/json.ts';

/**
 * The header names a tool's schema asks its arguments to be repeated in (`x-mcp-header`), and how values are written
 * in headers. Both ends of the gateway need them: one checks them, the other sends them.
 */
export interface HeaderParameter {
  /** Where the argument stands, from the root of the arguments. */
  readonly path: readonly string[];
  /** The whole header name, lower-case: `mcp-param-<name>`. */
  readonly header: string;
  readonly type: 'string' | 'integer' | 'boolean';
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const ANNOTATION = 'x-mcp-header';

/** The header parameters of a schema, or `undefined` if one of its annotations is not valid, which spoils the tool. */
export function listHeaderParameters(schema: JsonObject): readonly HeaderParameter[] | undefined {
  const found: HeaderParameter[] = [];
  const valid = collect(schema, [], found);
  const names = new Set(found.map((parameter) => parameter.header));
  return valid && names.size === found.length ? found : undefined;
}

/** Walks the places an annotation may stand in: members of `properties`, at any depth. Anywhere else it is invalid. */
function collect(schema: JsonObject, path: readonly string[], found: HeaderParameter[]): boolean {
  if (ANNOTATION in schema) {
    const name = schema[ANNOTATION];
    const type = schema['type'];
    if (path.length === 0 || typeof name !== 'string' || !TOKEN.test(name)) return false;
    if (type !== 'string' && type !== 'integer' && type !== 'boolean') return false;
    found.push({ path, header: `mcp-param-${name.toLowerCase()}`, type });
  }
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && isJsonObject(value)) {
      for (const [name, child] of Object.entries(value)) {
        if (isJsonObject(child) && !collect(child, [...path, name], found)) return false;
      }
    } else if (!DATA_KEYWORDS.has(key) && mentionsAnnotation(value)) {
      return false;
    }
  }
  return true;
}

/** Keywords whose value is data, in which a member of that name would mean nothing. */
const DATA_KEYWORDS = new Set([ANNOTATION, 'default', 'const', 'enum', 'examples']);

function mentionsAnnotation(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.some(mentionsAnnotation);
  if (!isJsonObject(value)) return false;
  return ANNOTATION in value || Object.values(value).some(mentionsAnnotation);
}

/** The value at a path of the arguments, as header text; `undefined` where there is none to be sent. */
export function readHeaderArgument(args: JsonObject, path: readonly string[]): string | undefined {
  let value: JsonValue | undefined = args;
  for (const key of path) value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || Number.isSafeInteger(value)) return String(value);
  return undefined;
}

const WRAPPED = /^=\?base64\?(.*)\?=$/s;
const PLAIN = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

/** A text as a header value: itself if that is safe, else `=?base64?…?=`. */
export function encodeHeaderValue(text: string): string {
  return PLAIN.test(text) && !WRAPPED.test(text) ? text : `=?base64?${toBase64(text)}?=`;
}

/** The text of a header value, or `undefined` if it is wrapped wrongly. */
export function decodeHeaderValue(value: string): string | undefined {
  const wrapped = WRAPPED.exec(value)?.[1];
  if (wrapped === undefined) return value;
  try {
    const bytes = Uint8Array.from(atob(wrapped), (character) => character.charCodeAt(0));
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return toBase64(text) === wrapped ? text : undefined;
  } catch {
    return undefined;
  }
}

function toBase64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Whether a header says what the body says. Integers are compared as numbers, so `42.0` is `42`. */
export function headerMatches(parameter: HeaderParameter, header: string, argument: string): boolean {
  const text = decodeHeaderValue(header);
  if (text === undefined) return false;
  if (text === argument) return true;
  return parameter.type === 'integer' && /^-?\d+(\.0+)?$/.test(text) && Number(text) === Number(argument);
}
