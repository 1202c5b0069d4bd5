import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { pointerTo } from './json-pointer.ts';
import { compilePattern } from './linear-pattern.ts';
import type { AppliedSchema, SchemaDocument } from './schema-document.ts';
import { member } from './schema-vocabulary.ts';

/** One name of a dotted path, and what the schema says about leaving it out. */
export interface PathStep {
  readonly name: string;
  /** False where the schema requires the parameter wherever it names it: leaving it out leaves nothing open. */
  readonly optional: boolean;
  /** The defaults the schema declares, one per place that names the parameter. */
  readonly defaults: readonly JsonValue[];
  /** Places that name the parameter as optional and declare no default: the server chooses. */
  readonly undeclared: boolean;
}

/** The result of looking a dotted path up in a schema. */
export type FoundPath =
  | { readonly ok: true; readonly steps: readonly PathStep[] }
  | { readonly ok: false; readonly missing: string; readonly known: ReadonlySet<string> };

/** The names of a dotted path. Lists are walked through, so `items[].url`, `items.url` and `recipients[]` all read. */
export function splitPath(path: string): readonly string[] {
  return path
    .split('.')
    .map((name) => name.replace(/(\[\])+$/, ''))
    .filter((name, index, all) => name !== '' || (index > 0 && index < all.length - 1));
}

/**
 * Looks a dotted path up in a schema, through lists, branches and references. In a free-form object any name is found,
 * as one that may be left out and has no default.
 */
export function findPath(document: SchemaDocument, path: string): FoundPath {
  let places: readonly JsonValue[] = [document.root];
  const steps: PathStep[] = [];
  for (const name of splitPath(path)) {
    const applied = places.flatMap((place) => elementsToo(document, place));
    const holders = applied.flatMap((group) => holdersOf(document, group, name));
    if (holders.length === 0) {
      const known = new Set(applied.flatMap((group) => group.flatMap(({ schema }) => propertyNames(schema))));
      return { ok: false, missing: name, known };
    }
    const open = holders.filter((holder) => !holder.required);
    steps.push({
      name,
      optional: open.length > 0,
      defaults: open.flatMap((holder) => holder.defaults),
      undeclared: open.some((holder) => holder.defaults.length === 0),
    });
    places = holders.map((holder) => holder.schema);
  }
  return steps.length > 0 ? { ok: true, steps } : { ok: false, missing: path, known: new Set() };
}

/** A value a path reaches, with the means to put its canonical form in its place. */
export interface Reached {
  readonly kind: 'value';
  readonly value: JsonValue;
  readonly pointer: string;
  replace(value: JsonValue): void;
}

/** A place where a path ends early: `step` is the index of the name that is not there. */
export interface Missing {
  readonly kind: 'missing';
  readonly pointer: string;
  readonly step: number;
  /** True where something else than an object stands, so that the name could not be there. */
  readonly blocked: boolean;
}

/** Every value at the end of a path, going into every element of every list on the way. */
export function reach(value: JsonValue, names: readonly string[], from = 0, pointer = ''): (Reached | Missing)[] {
  const found: (Reached | Missing)[] = [];
  walk(value, names, from, pointer, () => {}, found);
  return found;
}

function walk(
  value: JsonValue,
  names: readonly string[],
  index: number,
  pointer: string,
  replace: (value: JsonValue) => void,
  found: (Reached | Missing)[],
): void {
  const name = names[index];
  if (name === undefined) {
    found.push({ kind: 'value', value, pointer, replace });
  } else if (Array.isArray(value)) {
    for (const [at, element] of value.entries()) {
      walk(element, names, index, pointerTo(pointer, at), (next) => value.splice(at, 1, next), found);
    }
  } else if (!isJsonObject(value)) {
    found.push({ kind: 'missing', pointer, step: index, blocked: true });
  } else if (!Object.hasOwn(value, name)) {
    found.push({ kind: 'missing', pointer: pointerTo(pointer, name), step: index, blocked: false });
  } else {
    const put = (next: JsonValue) => Object.defineProperty(value, name, { value: next });
    walk(value[name] ?? null, names, index + 1, pointerTo(pointer, name), put, found);
  }
}

interface Holder {
  readonly schema: JsonValue;
  readonly required: boolean;
  readonly defaults: readonly JsonValue[];
}

/** What applies at a place, and at the elements of lists there, list in list included. */
function elementsToo(document: SchemaDocument, place: JsonValue): readonly (readonly AppliedSchema[])[] {
  const groups: (readonly AppliedSchema[])[] = [];
  const seen = new Set<JsonValue>();
  const queue = [place];
  for (const one of queue) {
    if (seen.has(one)) continue;
    seen.add(one);
    const applied = document.applied(one);
    groups.push(applied);
    for (const { schema } of applied) {
      for (const key of ['items', 'prefixItems', 'additionalItems', 'unevaluatedItems', 'contains']) {
        const inner = member(schema, key);
        if (Array.isArray(inner)) queue.push(...inner);
        else if (isJsonObject(inner)) queue.push(inner);
      }
    }
  }
  return groups;
}

function holdersOf(document: SchemaDocument, applied: readonly AppliedSchema[], name: string): readonly Holder[] {
  const requiredAnyway = applied.some(({ schema, conditional }) => !conditional && requires(schema, name));
  const holders: Holder[] = [];
  const hold = (holder: AppliedSchema, schema: JsonValue) => {
    const required = requiredAnyway || requires(holder.schema, name);
    const defaults = document.applied(schema).map((one) => member(one.schema, 'default'));
    holders.push({ schema, required, defaults: defaults.filter((one) => one !== undefined) });
  };
  for (const one of applied) {
    const properties = member(one.schema, 'properties');
    const named = isJsonObject(properties) ? member(properties, name) : undefined;
    if (named !== undefined) hold(one, named);
    const patterns = member(one.schema, 'patternProperties');
    if (!isJsonObject(patterns)) continue;
    for (const [pattern, schema] of Object.entries(patterns)) if (compilePattern(pattern).test(name)) hold(one, schema);
  }
  if (holders.length > 0) return holders;
  for (const one of applied) {
    const rest = member(one.schema, 'additionalProperties') ?? member(one.schema, 'unevaluatedProperties');
    if (isJsonObject(rest) && Object.keys(rest).length > 0) hold(one, rest);
  }
  if (holders.length > 0) return holders;
  const named = applied.some(({ schema }) => isJsonObject(member(schema, 'properties')));
  const freeForm = applied.find(({ schema }) => !named && mayBeObject(schema) && !takesNothing(document, schema));
  if (freeForm) hold(freeForm, true);
  return holders;
}

function requires(schema: JsonValue, name: string): boolean {
  const required = isJsonObject(schema) ? member(schema, 'required') : undefined;
  return Array.isArray(required) && required.includes(name);
}

function mayBeObject(schema: JsonValue): boolean {
  if (!isJsonObject(schema) || member(schema, 'additionalProperties') === false) return false;
  const type = member(schema, 'type');
  return type === undefined || [type].flat().includes('object');
}

/** `{"type": "object"}` at the root is a tool without parameters; see `closeSchema`. */
function takesNothing(document: SchemaDocument, schema: JsonObject): boolean {
  return schema === document.root && member(schema, 'additionalProperties') === undefined;
}

function propertyNames(schema: JsonValue): string[] {
  const properties = isJsonObject(schema) ? member(schema, 'properties') : undefined;
  return isJsonObject(properties) ? Object.keys(properties) : [];
}
