import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { pointerMembers } from './json-pointer.ts';
import { member, QUESTION, SAME_VALUE_LIST, SAME_VALUE_MAP, SAME_VALUE_ONE, subschemas } from './schema-vocabulary.ts';
import { Unsupported } from './unsupported.ts';

/** A schema found to apply to a value, and whether it applies to every value there or only in some branch. */
export interface AppliedSchema {
  readonly schema: JsonObject;
  readonly conditional: boolean;
}

/**
 * A tool's schema with its references resolved inside itself. Nothing is ever fetched: a reference that leaves the
 * document, or one that depends on who refers to it, makes the constructor throw `Unsupported`.
 */
export class SchemaDocument {
  readonly root: JsonObject;
  readonly #anchors = new Map<string, JsonObject>();
  readonly #id: string | undefined;

  constructor(root: JsonObject) {
    this.root = root;
    const id = member(root, '$id');
    this.#id = typeof id === 'string' ? id.replace(/#$/, '') : undefined;
    this.#index(root, true);
    this.#checkReferences(root);
  }

  /** A reference as it reads inside this document: `#…`. */
  localReference(reference: string): string {
    return this.#id && reference.startsWith(`${this.#id}#`) ? reference.slice(this.#id.length) : reference;
  }

  /** What a reference points to, or undefined. */
  resolve(reference: string): JsonValue | undefined {
    const local = this.localReference(reference);
    if (!local.startsWith('#')) return undefined;
    let fragment: string;
    try {
      fragment = decodeURIComponent(local.slice(1));
    } catch {
      return undefined;
    }
    if (fragment !== '' && !fragment.startsWith('/')) return this.#anchors.get(fragment);
    let found: JsonValue | undefined = this.root;
    for (const name of pointerMembers(fragment)) {
      if (Array.isArray(found)) found = /^\d+$/.test(name) ? found[Number(name)] : undefined;
      else found = isJsonObject(found) ? member(found, name) : undefined;
    }
    return found;
  }

  /** Every schema that applies to the same value as `schema`: itself, its branches, what they refer to. */
  applied(schema: JsonValue): readonly AppliedSchema[] {
    const found = new Map<JsonObject, boolean>();
    this.#collect(schema, false, found);
    return [...found].map(([one, conditional]) => ({ schema: one, conditional }));
  }

  #collect(schema: JsonValue | undefined, conditional: boolean, found: Map<JsonObject, boolean>): void {
    if (!isJsonObject(schema)) return;
    const seen = found.get(schema);
    if (seen === undefined) found.set(schema, conditional);
    else if (seen && !conditional) found.set(schema, false);
    else return;
    const reference = member(schema, '$ref');
    if (typeof reference === 'string') this.#collect(this.resolve(reference), conditional, found);
    for (const key of SAME_VALUE_LIST) {
      const branches = member(schema, key);
      if (!Array.isArray(branches)) continue;
      for (const branch of branches) this.#collect(branch, conditional || key !== 'allOf', found);
    }
    for (const key of ['if', ...SAME_VALUE_ONE]) this.#collect(member(schema, key), true, found);
    for (const key of SAME_VALUE_MAP) {
      const branches = member(schema, key);
      if (isJsonObject(branches)) for (const branch of Object.values(branches)) this.#collect(branch, true, found);
    }
  }

  #index(schema: JsonValue, isRoot: boolean): void {
    if (!isJsonObject(schema)) return;
    if (!isRoot && member(schema, '$id') !== undefined) {
      throw new Unsupported('a schema inside it has its own `$id`, which is not supported');
    }
    for (const key of ['$dynamicRef', '$recursiveRef', '$async']) {
      if (member(schema, key) !== undefined) throw new Unsupported(`it uses \`${key}\`, which is not supported`);
    }
    const anchor = member(schema, '$anchor');
    if (typeof anchor === 'string') {
      if (this.#anchors.has(anchor)) throw new Unsupported('two schemas inside it have the same `$anchor`');
      this.#anchors.set(anchor, schema);
    }
    for (const [, inner] of subschemas(schema)) this.#index(inner, false);
  }

  #checkReferences(schema: JsonValue): void {
    if (!isJsonObject(schema)) return;
    const reference = member(schema, '$ref');
    if (reference !== undefined) {
      if (typeof reference !== 'string') throw new Unsupported('a `$ref` is not a string');
      if (!this.localReference(reference).startsWith('#')) {
        throw new Unsupported('a `$ref` points outside the schema, and references are never fetched');
      }
      const target = this.resolve(reference);
      if (typeof target !== 'boolean' && !isJsonObject(target)) throw new Unsupported('a `$ref` points to nothing');
    }
    for (const [, inner] of subschemas(schema)) this.#checkReferences(inner);
  }
}

/** Whether a schema asks questions whose answer could turn when a part of it is made stricter. */
export function hasQuestions(schema: JsonValue): boolean {
  if (!isJsonObject(schema)) return false;
  if (['oneOf', 'contains', 'propertyNames', ...QUESTION].some((key) => member(schema, key) !== undefined)) return true;
  for (const [, inner] of subschemas(schema)) if (hasQuestions(inner)) return true;
  return false;
}
