import { type ParseError, parse as parseJsonc, printParseErrorCode } from 'jsonc-parser';
import { parse as parseToml, TomlError } from 'smol-toml';
import { Fault } from '../../base/fault.ts';
import { findJsonProblem, isJsonObject, type JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { ClientPlace, ClientServer } from './client.ts';

/** The contents of a client's file. Throws a `Fault` E_CONFIG that names the line where it does not parse. */
export function parseClientFile(place: Pick<ClientPlace, 'path' | 'format'>, text: string): JsonObject {
  const content = place.format === 'toml' ? readToml(place.path, text) : readJson(place.path, text);
  // dates and big numbers of TOML are no JSON; they are not ours to interpret, so they are looked at as text
  const plain: unknown = place.format === 'toml' ? JSON.parse(JSON.stringify(content)) : content;
  const problem = findJsonProblem(plain, limits.jsonDepth);
  if (problem) throw new Fault('E_CONFIG', `${place.path}: ${problem.message} at ${problem.path}`);
  if (!isJsonObject(plain)) throw new Fault('E_CONFIG', `${place.path}: the file holds no object`);
  return plain;
}

/** The servers in the sections of `place`. Throws a `Fault` E_CONFIG where a section or an entry is no object. */
export function readServers(place: ClientPlace, content: JsonObject): readonly ClientServer[] {
  return place.sections.flatMap((section) => {
    const found = lookUp(content, section);
    if (found === undefined) return [];
    if (!isJsonObject(found)) throw new Fault('E_CONFIG', `${place.path}: ${section.join('.')} is not an object`);
    return Object.entries(found).map(([name, entry]) => {
      if (isJsonObject(entry)) return { section, name, entry };
      throw new Fault('E_CONFIG', `${place.path}: ${[...section, name].join('.')} is not an object`);
    });
  });
}

/** What stands at `path`, or undefined if there is nothing or the way there is barred. */
export function lookUp(content: JsonObject, path: readonly string[]): unknown {
  let value: unknown = content;
  for (const key of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

function readJson(path: string, text: string): unknown {
  const body = text.replace(/^\uFEFF/, '');
  if (body.trim() === '') return {}; // some clients start with an empty file
  const errors: ParseError[] = [];
  const content: unknown = parseJsonc(body, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (!first) return content;
  const line = body.slice(0, first.offset).split('\n');
  const place = `${path}:${line.length}:${(line.at(-1)?.length ?? 0) + 1}`;
  throw new Fault('E_CONFIG', `${place}: this is not JSON (${printParseErrorCode(first.error)})`);
}

function readToml(path: string, text: string): unknown {
  try {
    return parseToml(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    // the message of the parser quotes the file, which may hold secrets: only the place is told
    const place = error instanceof TomlError ? `${path}:${error.line}:${error.column}` : path;
    throw new Fault('E_CONFIG', `${place}: this is not TOML`);
  }
}
