import { findJsonProblem, isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { Redaction, ToolResult } from '../../model/result.ts';
import { splitPath } from './argument-path.ts';
import { pointerTo } from './json-pointer.ts';

/** The fields to keep, as a tree: `null` keeps everything beneath. */
type FieldTree = Map<string, FieldTree | null>;

/** Redactions told one by one; what is removed beyond them is told as one sum. */
const MAX_REDACTIONS = 200;

/**
 * Keeps only the listed fields of a result, dotted, through lists with or without `[]`: `contacts[].email`. Applies to
 * structured content and to text content that is a JSON object or list. Everything else that could carry a field in
 * another shape is withheld: prose, pictures, resources, and members that are passed on uninterpreted, except
 * `resultType`. A withheld block leaves a text in its place that says so, whoever reads it.
 */
export function projectFields(
  result: ToolResult,
  fields: readonly string[],
): { readonly result: ToolResult; readonly redactions: readonly Redaction[] } {
  const tree = growTree(fields);
  const removed = new Removals();
  const content = result.content.map((block, index) => projectBlock(block, tree, `/content/${index}`, removed));
  const structured = result.structuredContent;
  const kept = structured === undefined ? undefined : projectValue(structured, tree, '/structuredContent', removed);
  const extra = result.extra && keepResultType(result.extra, removed);
  return {
    result: {
      content,
      ...(kept === undefined ? {} : { structuredContent: kept }),
      ...(result.isError === undefined ? {} : { isError: result.isError }),
      ...(extra ? { extra } : {}),
    },
    redactions: removed.list(),
  };
}

function growTree(fields: readonly string[]): FieldTree {
  const root: FieldTree = new Map();
  for (const field of fields) {
    let node = root;
    const names = splitPath(field);
    for (const [index, name] of names.entries()) {
      const below = node.get(name);
      if (below === null) break; // a shorter path keeps all of it already
      if (index === names.length - 1) {
        node.set(name, null);
        break;
      }
      const next: FieldTree = below ?? new Map();
      node.set(name, next);
      node = next;
    }
  }
  return root;
}

function projectValue(value: JsonValue, tree: FieldTree, path: string, removed: Removals): JsonValue | undefined {
  if (Array.isArray(value)) {
    const kept: JsonValue[] = [];
    for (const [index, element] of value.entries()) {
      const one = projectValue(element, tree, pointerTo(path, index), removed);
      if (one !== undefined) kept.push(one);
    }
    return kept;
  }
  if (!isJsonObject(value)) {
    removed.add(path, value); // something else than what the listed fields are part of
    return undefined;
  }
  const kept: [string, JsonValue][] = [];
  for (const [name, inner] of Object.entries(value)) {
    const below = tree.get(name);
    const one = below === null ? inner : below && projectValue(inner, below, pointerTo(path, name), removed);
    if (one !== undefined) kept.push([name, one]);
    else if (!below) removed.add(pointerTo(path, name), inner);
  }
  return Object.fromEntries(kept);
}

function projectBlock(block: JsonObject, tree: FieldTree, path: string, removed: Removals): JsonObject {
  const { type, text } = block;
  if (type !== 'text' || typeof text !== 'string') {
    removed.add(path, block);
    return withheld('it is not text');
  }
  for (const name of Object.keys(block)) {
    if (name !== 'type' && name !== 'text') removed.add(pointerTo(path, name), block[name] ?? null);
  }
  const value = readJson(text);
  if (value === undefined) {
    removed.add(`${path}/text`, text);
    return withheld('it is not a JSON object or list');
  }
  return { type, text: JSON.stringify(projectValue(value, tree, `${path}/text`, removed) ?? null) };
}

function withheld(why: string): JsonObject {
  return { type: 'text', text: `[withheld: only listed fields of this result may be read, and ${why}]` };
}

/** The object or list a text is, or undefined. */
function readJson(text: string): JsonValue | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    const value: JsonValue = JSON.parse(text);
    return findJsonProblem(value, limits.jsonDepth) ? undefined : value;
  } catch {
    return undefined;
  }
}

function keepResultType(extra: JsonObject, removed: Removals): JsonObject | undefined {
  for (const [name, value] of Object.entries(extra)) {
    if (name !== 'resultType' || typeof value !== 'string') removed.add(pointerTo('/extra', name), value);
  }
  const kept = extra['resultType'];
  return typeof kept === 'string' ? { resultType: kept } : undefined;
}

class Removals {
  readonly #redactions: Redaction[] = [];
  #beyond = 0;

  add(path: string, value: JsonValue): void {
    const characters = typeof value === 'string' ? value.length : JSON.stringify(value).length;
    if (this.#redactions.length < MAX_REDACTIONS) this.#redactions.push({ kind: 'field', path, characters });
    else this.#beyond += characters;
  }

  list(): readonly Redaction[] {
    if (this.#beyond === 0) return this.#redactions;
    return [...this.#redactions, { kind: 'field', path: '', characters: this.#beyond }];
  }
}
