import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { SchemaDocument } from './schema-document.ts';
import {
  CHILD_LIST,
  CHILD_MAP,
  CHILD_ONE,
  CHILD_QUESTION,
  DEFINITIONS,
  member,
  PLAIN,
  QUESTION,
  SAME_VALUE_LIST,
  SAME_VALUE_MAP,
  SAME_VALUE_ONE,
} from './schema-vocabulary.ts';
import { Unsupported } from './unsupported.ts';

/** The keyword of ours that counts work; see `WorkBudget`. A server cannot write it: unknown keywords are dropped. */
export const WORK_KEYWORD = 'chaperoneWork';

type Draft = { [key: string]: JsonValue };

/**
 * Copies a schema with every object in it closed, so that a parameter the schema does not name is refused even where
 * the schema forgot to say so:
 *
 * - Where an object has named properties, on its own or through `$ref`, `allOf`, `anyOf`, `oneOf`, `if` or
 *   `dependentSchemas`, nothing else passes. `additionalProperties: true` (or any schema that accepts everything) is
 *   not respected there: rules, labels and approvals can only speak of parameters that have names.
 * - `additionalProperties` with a schema that says something is respected everywhere: it declares a typed map.
 * - An object without named properties stays free-form if it says `additionalProperties: true`, or if it is nested and
 *   says nothing. `{"type": "object"}` at the root is how tools without parameters are written: it takes none.
 *
 * A definition that is also a value's own place (`#`, `#/properties/x`) and is used in `allOf` is closed there as well:
 * stricter than need be, never laxer. Validity otherwise only narrows, except through `oneOf`, `not`, `if` and `contains`, where something made stricter
 * can turn an answer around; where those occur the caller also validates against `copySchema`.
 */
export function closeSchema(document: SchemaDocument): JsonObject {
  const closed = new Copy(document, true).location(document.root, true);
  return isJsonObject(closed) ? closed : { not: {} };
}

/** Copies a schema as it is, without annotations and keywords that nobody here knows. */
export function copySchema(document: SchemaDocument): JsonObject {
  const copied = new Copy(document, false).location(document.root, true);
  return isJsonObject(copied) ? copied : { not: {} };
}

class Copy {
  readonly #document: SchemaDocument;
  readonly #closing: boolean;
  #work = 0;

  constructor(document: SchemaDocument, closing: boolean) {
    this.#document = document;
    this.#closing = closing;
  }

  /** A schema that stands at the top of a value: the one place where closing is decided. */
  location(schema: JsonValue, isRoot: boolean): JsonValue {
    const copy = this.#sameValue(schema);
    if (!this.#closing || typeof copy === 'boolean' || !isJsonObject(schema)) return copy;
    return this.#close(copy, schema, isRoot);
  }

  #close(copy: Draft, schema: JsonObject, isRoot: boolean): JsonObject {
    const applied = this.#document.applied(schema).map((one) => one.schema);
    const names = new Set<string>();
    const patterns: string[] = [];
    let typed = false;
    let open = false;
    let mentions = false;
    for (const one of applied) {
      const properties = member(one, 'properties');
      if (isJsonObject(properties)) {
        mentions = true;
        for (const name of Object.keys(properties)) names.add(name);
      }
      const patternProperties = member(one, 'patternProperties');
      if (isJsonObject(patternProperties)) patterns.push(...Object.keys(patternProperties));
      for (const key of ['additionalProperties', 'unevaluatedProperties']) {
        const rest = member(one, key);
        if (rest === undefined || rest === false) continue;
        if (acceptsEverything(rest)) open = true;
        else typed = true;
      }
    }
    // A schema in which many places refer to many branches would grow with the square of its size.
    this.#work += applied.length + names.size;
    if (this.#work > limits.toolSchemaBytes) throw new Unsupported('its branches are too many to be closed');
    const namesSomething = names.size > 0 || patterns.length > 0;
    if (!namesSomething && (open || typed || !(isRoot || mentions))) return copy;

    if (applied.length === 1 && copy['$ref'] === undefined) {
      if (!typed) copy['additionalProperties'] = false;
      return copy;
    }
    // `unevaluatedProperties` knows which branch was taken. A branch that accepts everything would satisfy it, so the
    // names themselves are bounded as well, by the union of all branches.
    if (copy['unevaluatedProperties'] === undefined) copy['unevaluatedProperties'] = false;
    if (!typed) {
      const allowed: JsonValue[] = patterns.map((pattern) => ({ pattern }));
      if (names.size > 0) allowed.unshift({ enum: [...names] });
      const given = copy['allOf'];
      copy['allOf'] = [
        ...(Array.isArray(given) ? given : []),
        { propertyNames: allowed.length > 0 ? { anyOf: allowed } : false },
      ];
    }
    return copy;
  }

  /** A schema that applies beside others to the same value. */
  #sameValue(schema: JsonValue): boolean | Draft {
    if (!isJsonObject(schema)) return schema !== false;
    const copy: Draft = {};
    for (const key of PLAIN) {
      const value = member(schema, key);
      if (value !== undefined) copy[key] = value;
    }
    const reference = copy['$ref'];
    if (typeof reference === 'string') {
      copy['$ref'] = this.#document.localReference(reference);
      copy[WORK_KEYWORD] = countNodes(this.#document.resolve(reference) ?? true);
    }
    for (const key of SAME_VALUE_ONE) this.#one(schema, copy, key, (one) => this.#sameValue(one));
    for (const key of SAME_VALUE_LIST) this.#list(schema, copy, key, (one) => this.#sameValue(one));
    for (const key of SAME_VALUE_MAP) this.#map(schema, copy, key, (one) => this.#sameValue(one));
    for (const key of CHILD_ONE) this.#one(schema, copy, key, (one) => this.#repeated(one));
    for (const key of CHILD_LIST) this.#list(schema, copy, key, (one) => this.location(one, false));
    for (const key of CHILD_MAP) this.#map(schema, copy, key, (one) => this.location(one, false));
    for (const key of [...QUESTION, ...CHILD_QUESTION]) this.#one(schema, copy, key, (one) => this.#question(one));
    for (const key of DEFINITIONS) this.#map(schema, copy, key, (one) => this.#sameValue(one));
    this.#dropOpenEnd(copy);
    return copy;
  }

  /** What asks a question keeps its meaning: nothing inside it is closed. */
  #question(schema: JsonValue): JsonValue {
    return this.#closing ? new Copy(this.#document, false).#repeated(schema) : this.#repeated(schema);
  }

  #repeated(schema: JsonValue): JsonValue {
    const copy = this.location(schema, false);
    if (!isJsonObject(copy)) return copy;
    const nodes = countNodes(schema);
    return nodes < WORTH_COUNTING ? copy : { ...copy, [WORK_KEYWORD]: nodes };
  }

  /** Beside named properties an end that accepts everything is no different from a forgotten one. */
  #dropOpenEnd(copy: Draft): void {
    if (!this.#closing) return;
    const named = [copy['properties'], copy['patternProperties']];
    if (!named.some((map) => isJsonObject(map) && Object.keys(map).length > 0)) return;
    for (const key of ['additionalProperties', 'unevaluatedProperties']) {
      const rest = copy[key];
      if (rest !== undefined && acceptsEverything(rest)) delete copy[key];
    }
  }

  #one(schema: JsonObject, copy: Draft, key: string, transform: (one: JsonValue) => JsonValue): void {
    const value = member(schema, key);
    if (value === undefined) return;
    copy[key] = Array.isArray(value) ? value.map(transform) : transform(value);
  }

  #list(schema: JsonObject, copy: Draft, key: string, transform: (one: JsonValue) => JsonValue): void {
    const value = member(schema, key);
    if (Array.isArray(value)) copy[key] = value.map(transform);
  }

  #map(schema: JsonObject, copy: Draft, key: string, transform: (one: JsonValue) => JsonValue): void {
    const value = member(schema, key);
    if (!isJsonObject(value)) return;
    // `dependencies` of draft-07 holds lists of names beside schemas.
    copy[key] = Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, Array.isArray(one) ? one : transform(one)]),
    );
  }
}

const WORTH_COUNTING = 8;

/** Whether a schema says nothing about a value: `true`, `{}`, or annotations alone. */
function acceptsEverything(schema: JsonValue): boolean {
  if (!isJsonObject(schema)) return schema !== false;
  const telling: readonly string[] = [
    ...PLAIN,
    ...SAME_VALUE_ONE,
    ...SAME_VALUE_LIST,
    ...SAME_VALUE_MAP,
    ...QUESTION,
    ...CHILD_ONE,
    ...CHILD_LIST,
    ...CHILD_MAP,
    ...CHILD_QUESTION,
  ];
  return !Object.keys(schema).some((key) => telling.includes(key));
}

/** How many values a schema consists of: what visiting all of it once costs. */
function countNodes(schema: JsonValue): number {
  if (typeof schema !== 'object' || schema === null) return 1;
  const known = nodeCounts.get(schema);
  if (known !== undefined) return known;
  const inner: readonly JsonValue[] = Array.isArray(schema) ? schema : Object.values(schema);
  const nodes = inner.reduce((sum: number, one) => sum + countNodes(one), 1);
  nodeCounts.set(schema, nodes);
  return nodes;
}

const nodeCounts = new WeakMap<object, number>();
