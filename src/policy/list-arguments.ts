import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { splitWords } from './split-name.ts';

/** One argument of a tool, as far as its schema tells. */
export interface ArgumentShape {
  /** As the manifest writes it: `recipients`, `options.depth`, `items[].url`; `*` stands for a name left open. */
  readonly path: string;
  /** The words of its own name, lower case. */
  readonly words: readonly string[];
  /** JSON types the schema allows. Empty: any. */
  readonly types: ReadonlySet<string>;
  readonly format?: string;
  /** What the server says about it. */
  readonly description?: string;
  /** The only values allowed, where the schema lists them. */
  readonly values?: readonly JsonValue[];
}

/** Arguments reported, and subschemas visited, at most: references can make a small schema very large. */
const ARGUMENTS = 1_000;
const VISITS = 10_000;
const MAPS = ['additionalProperties', 'unevaluatedProperties'] as const;
const ALTERNATIVES = ['allOf', 'anyOf', 'oneOf'] as const;
const BRANCHES = ['if', 'then', 'else'] as const;

/**
 * The arguments a schema names, in its order, parents before children. Follows local references; whatever it does
 * not understand, or that is too deep, recursive or too much, is reported as an argument `*` of any type, so that a
 * reader who treats the unknown strictly stays strict.
 */
export function listArguments(schema: JsonObject): ArgumentShape[] {
  const found = new Map<string, ArgumentShape>();
  let visits = 0;

  const visit = (node: JsonValue | undefined, path: string, depth: number, seen: readonly string[]): void => {
    if (node === undefined || node === false) return;
    if (node === true || !isJsonObject(node) || depth <= 0 || found.size >= ARGUMENTS || ++visits > VISITS) {
      record(join(path, '*'), {});
      return;
    }
    const reference = node['$ref'];
    if (typeof reference === 'string') {
      const target = seen.includes(reference) ? undefined : follow(schema, reference);
      if (target === undefined) record(join(path, '*'), {});
      else visit(target, path, depth - 1, [...seen, reference]);
    } else if (reference !== undefined || '$dynamicRef' in node) record(join(path, '*'), {});

    if (isJsonObject(node['properties'])) {
      for (const [name, property] of Object.entries(node['properties'])) child(property, join(path, name), depth, seen);
    }
    if (isJsonObject(node['patternProperties'])) {
      for (const property of Object.values(node['patternProperties'])) child(property, join(path, '*'), depth, seen);
    }
    for (const key of MAPS) if (isJsonObject(node[key])) child(node[key], join(path, '*'), depth, seen);
    if (node['additionalProperties'] === true) record(join(path, '*'), {});
    for (const item of [node['items'], ...list(node['prefixItems'])]) {
      if (item !== undefined) child(item, `${path}[]`, depth, seen);
    }
    for (const key of ALTERNATIVES) for (const option of list(node[key])) visit(option, path, depth - 1, seen);
    for (const key of BRANCHES) if (node[key] !== undefined) visit(node[key], path, depth - 1, seen);
  };

  const child = (node: JsonValue, path: string, depth: number, seen: readonly string[]): void => {
    record(path, isJsonObject(node) ? node : {});
    if (isJsonObject(node)) visit(node, path, depth - 1, seen);
  };

  const record = (path: string, node: JsonObject): void => {
    const before = found.get(path);
    const format = typeof node['format'] === 'string' ? node['format'] : before?.format;
    const said = node['description'];
    const description = typeof said === 'string' ? said : before?.description;
    const values = readValues(node);
    found.set(path, {
      path,
      words: splitWords(lastName(path)),
      types: before ? widen(before.types, readTypes(node)) : readTypes(node),
      ...(format === undefined ? {} : { format }),
      ...(description === undefined ? {} : { description }),
      ...(values === undefined || (before && before.values === undefined)
        ? {}
        : { values: [...(before?.values ?? []), ...values] }),
    });
  };

  visit(schema, '', limits.toolSchemaDepth, []);
  return [...found.values()];
}

/** Whether a value of this argument can be text, which can carry anything. */
export function canBeText(argument: ArgumentShape): boolean {
  return argument.values === undefined && (argument.types.size === 0 || argument.types.has('string'));
}

const SCALARS: ReadonlySet<string> = new Set(['number', 'integer', 'boolean', 'null']);

/** Whether the argument itself is a container, whose members are reported beside it. */
export function isContainer(argument: ArgumentShape): boolean {
  return argument.types.size > 0 && [...argument.types].every((type) => type === 'object' || type === 'array');
}

/** Whether the argument is only ever a number, a flag or null. */
export function isScalar(argument: ArgumentShape): boolean {
  return argument.types.size > 0 && [...argument.types].every((type) => SCALARS.has(type));
}

function readTypes(node: JsonObject): ReadonlySet<string> {
  const type = node['type'];
  if (typeof type === 'string') return new Set([type]);
  const named = list(type).filter((entry) => typeof entry === 'string');
  if (named.length > 0) return new Set(named);
  // `anyOf: [{type: string}, {type: null}]` is how many generators write an optional argument.
  for (const key of ['anyOf', 'oneOf'] as const) {
    const options = list(node[key]).map((option) => (isJsonObject(option) ? readTypes(option) : new Set<string>()));
    if (options.length > 0 && options.every((types) => types.size > 0))
      return new Set(options.flatMap((types) => [...types]));
  }
  return new Set();
}

/** Any type at all absorbs a list of types. */
function widen(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return a.size === 0 || b.size === 0 ? new Set() : new Set([...a, ...b]);
}

function readValues(node: JsonObject): readonly JsonValue[] | undefined {
  if (node['const'] !== undefined) return [node['const']];
  return Array.isArray(node['enum']) ? node['enum'] : undefined;
}

function follow(root: JsonObject, reference: string): JsonValue | undefined {
  if (!reference.startsWith('#/')) return undefined;
  let node: JsonValue | undefined = root;
  for (const step of reference.slice(2).split('/')) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    node = isJsonObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
  }
  return node;
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** `items[].reply_to[]` → `reply_to`. */
function lastName(path: string): string {
  return path.replaceAll('[]', '').split('.').at(-1) ?? '';
}
