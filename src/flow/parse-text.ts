import { parseDocument } from 'yaml';
import { findJsonProblem, type JsonObject, type JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { parseLines } from './parse-lines.ts';
import { parsePython } from './parse-python.ts';
import { parseTable } from './parse-table.ts';

/** Texts longer than this are not tried as YAML: its parser takes about a second for every two megabytes. */
const YAML_CHARACTERS = 262_144;

/**
 * The structure of a text: JSON, what Python prints, a table (HTML, Markdown, CSV), plain lists, or what looks like YAML and parses without a single
 * error. `undefined` where there is none: then it is prose, and every value in it is only as good as prose.
 */
export function parseText(text: string): JsonValue | undefined {
  const trimmed = text.trim();
  return (
    parseJsonText(trimmed) ??
    parsePythonText(trimmed) ??
    parseTable(trimmed) ??
    parseLines(trimmed) ??
    parseYaml(trimmed)
  );
}

function parseJsonText(text: string): JsonValue | undefined {
  if (!/^[[{"]/.test(text)) return undefined;
  try {
    return accept(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function parsePythonText(text: string): JsonValue | undefined {
  return accept(parsePython(text));
}

/** Keys that are sentences are no keys: `Thanks for the cake. One question: …`. */
const hasSentences = (value: object): boolean =>
  Object.keys(value).some((key) => /[.!?]\s/.test(key) || key.split(/\s+/).length > KEY_WORDS);
const KEY_WORDS = 6;

function parseYaml(text: string): JsonValue | undefined {
  if (text.length > YAML_CHARACTERS || !/^(?:[-{[]|[^\s:][^\n:]{0,60}:(?:\s|$))/.test(text)) return undefined;
  try {
    const document = parseDocument(text, { schema: 'core', version: '1.2', prettyErrors: false, logLevel: 'silent' });
    if (document.errors.length > 0 || document.warnings.length > 0) return undefined;
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    return typeof value === 'object' && value !== null && !hasSentences(value) ? accept(value) : undefined;
  } catch {
    return undefined;
  }
}

function accept(value: unknown): JsonValue | undefined {
  const plain: unknown = value === undefined ? undefined : value;
  if (plain === undefined || findJsonProblem(plain, limits.jsonDepth)) return undefined;
  return plain as JsonValue | JsonObject; // just checked
}
