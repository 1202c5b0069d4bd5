import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';

/**
 * What Cedar can say of an argument. JSON Schema says more; what Cedar has no type for is left out of the Cedar schema
 * and listed, so no policy can mention it, and its value is opaque at run time.
 *
 * - `integer` → Long, `number` → decimal, `string` → String, `boolean` → Boolean
 * - `array` → Set of its `items`: order and repetition are gone
 * - `object` → record of its `properties`, optional unless required; other members are opaque
 * - null is never a value: an argument that may be null has the type of what else it may be, and null is opaque
 */
export type ArgumentType =
  | { readonly kind: 'string' | 'long' | 'decimal' | 'boolean' }
  | { readonly kind: 'set'; readonly element: ArgumentType }
  | { readonly kind: 'record'; readonly members: ReadonlyMap<string, ArgumentMember> };

export interface ArgumentMember {
  readonly type: ArgumentType;
  readonly required: boolean;
}

/** An argument that policies cannot mention. */
export interface OmittedArgument {
  /** Dotted, `[]` for the elements of a list, as in the manifest. Empty for the arguments as a whole. */
  readonly path: string;
  readonly reason: string;
}

export interface ArgumentTypes {
  readonly type: ArgumentType & { readonly kind: 'record' };
  readonly omitted: readonly OmittedArgument[];
}

/** Keys that Cedar's JSON form gives a meaning to. A tool must not be able to choose it. */
const RESERVED = new Set(['__entity', '__extn', '__expr', '__proto__']);

/** The Cedar types of a tool's arguments. Never throws: the schema was written by the tool's server. */
export function readArgumentTypes(inputSchema: JsonObject): ArgumentTypes {
  const omitted: OmittedArgument[] = [];
  const reader = new TypeReader(inputSchema, omitted);
  const type = reader.read(inputSchema, '', limits.toolSchemaDepth);
  if (type?.kind === 'record') return { type, omitted };
  return { type: { kind: 'record', members: new Map() }, omitted };
}

/** Types read from one schema at most: references can make a small schema very large. */
const TYPES_READ = 10_000;

class TypeReader {
  readonly #root: JsonObject;
  readonly #omitted: OmittedArgument[];
  #budget = TYPES_READ;

  constructor(root: JsonObject, omitted: OmittedArgument[]) {
    this.#root = root;
    this.#omitted = omitted;
  }

  read(schema: JsonValue | undefined, path: string, depth: number): ArgumentType | undefined {
    if (depth <= 0 || this.#budget-- <= 0) return this.#omit(path, 'nested too deeply, or refers to itself');
    if (!isJsonObject(schema)) return this.#omit(path, 'the schema does not say what it is');
    if (typeof schema['$ref'] === 'string') return this.read(this.#resolve(schema['$ref']), path, depth - 1);
    const only = onlyAlternative(schema);
    if (only) return this.read(only, path, depth - 1);
    const name = typeName(schema);
    switch (name) {
      case 'string':
      case 'boolean':
        return { kind: name };
      case 'integer':
        return { kind: 'long' };
      case 'number':
        return { kind: 'decimal' };
      case 'array':
        return this.#readSet(schema, path, depth);
      case 'object':
        return { kind: 'record', members: this.#readMembers(schema, path, depth) };
      default:
        return this.#omit(path, 'it may be of several types, or of a type Cedar does not have');
    }
  }

  #readSet(schema: JsonObject, path: string, depth: number): ArgumentType | undefined {
    if (schema['prefixItems'] !== undefined || Array.isArray(schema['items'])) {
      return this.#omit(path, 'a tuple has no Cedar type');
    }
    const element = this.read(schema['items'], `${path}[]`, depth - 1);
    return element && { kind: 'set', element };
  }

  #readMembers(schema: JsonObject, path: string, depth: number): Map<string, ArgumentMember> {
    const members = new Map<string, ArgumentMember>();
    const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
    const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
    for (const [name, property] of Object.entries(properties)) {
      const inner = path === '' ? name : `${path}.${name}`;
      const type = RESERVED.has(name)
        ? this.#omit(inner, 'the name is reserved')
        : this.read(property, inner, depth - 1);
      if (type) members.set(name, { type, required: required.has(name) });
    }
    return members;
  }

  /** Local references only. Others are for whoever checks arguments to refuse. */
  #resolve(reference: string): JsonValue | undefined {
    if (!reference.startsWith('#')) return undefined;
    let at: JsonValue | undefined = this.#root;
    for (const part of reference.slice(1).split('/').slice(1)) {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
      at = isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
    }
    return at;
  }

  #omit(path: string, reason: string): undefined {
    this.#omitted.push({ path, reason });
    return undefined;
  }
}

/** The one alternative that is not null, where a schema offers alternatives and there is only one. */
function onlyAlternative(schema: JsonObject): JsonValue | undefined {
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const alternatives = schema[keyword];
    if (!Array.isArray(alternatives) || schema['properties'] !== undefined) continue;
    const rest = alternatives.filter((one) => !(isJsonObject(one) && one['type'] === 'null'));
    if (rest.length === 1) return rest[0];
    if (schema['type'] === undefined) return undefined;
  }
  return undefined;
}

/** The one type besides null that the schema names or that all its constants have. */
function typeName(schema: JsonObject): string | undefined {
  const { type } = schema;
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) return theOne(type.filter((one) => one !== 'null'));
  if (isJsonObject(schema['properties'])) return 'object';
  const constants = Array.isArray(schema['enum'])
    ? schema['enum']
    : schema['const'] === undefined
      ? []
      : [schema['const']];
  const values = constants.filter((one) => one !== null);
  const kind = theOne(values.map((one) => typeof one));
  if (kind === 'number') return values.every(Number.isSafeInteger) ? 'integer' : 'number';
  return kind === 'string' || kind === 'boolean' ? kind : undefined;
}

function theOne(names: readonly unknown[]): string | undefined {
  const [name, ...others] = new Set(names);
  return typeof name === 'string' && others.length === 0 ? name : undefined;
}
