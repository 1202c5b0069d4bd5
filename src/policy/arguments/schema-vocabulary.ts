import type { JsonObject, JsonValue } from '../../base/json.ts';

/** Keywords that hold one schema for the same value, and carry annotations out of it. */
export const SAME_VALUE_ONE = ['then', 'else'] as const;
/** Keywords that hold a list of schemas for the same value. */
export const SAME_VALUE_LIST = ['allOf', 'anyOf', 'oneOf'] as const;
/** Keywords that hold schemas for the same value under names. `dependencies` may also hold lists of names. */
export const SAME_VALUE_MAP = ['dependentSchemas', 'dependencies'] as const;
/** Keywords whose schema only asks a question of the value: making it stricter would change the answer's meaning. */
export const QUESTION = ['if', 'not'] as const;
/** Keywords that hold a schema for members or elements. `items` may also hold a list. */
export const CHILD_ONE = [
  'additionalProperties',
  'unevaluatedProperties',
  'items',
  'additionalItems',
  'unevaluatedItems',
] as const;
export const CHILD_LIST = ['prefixItems'] as const;
export const CHILD_MAP = ['properties', 'patternProperties'] as const;
/** Keywords whose schema asks a question of elements or names. */
export const CHILD_QUESTION = ['contains', 'propertyNames'] as const;
export const DEFINITIONS = ['$defs', 'definitions'] as const;

/**
 * Keywords that are copied as they are. What stands in none of these lists is dropped before anything is compiled, so
 * that no keyword reaches the compiler that this room has not thought about (`$async` would make every answer a
 * promise, which is truthy).
 */
export const PLAIN = [
  'type',
  'nullable',
  'enum',
  'const',
  'multipleOf',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'format',
  'maxItems',
  'minItems',
  'uniqueItems',
  'minContains',
  'maxContains',
  'maxProperties',
  'minProperties',
  'required',
  'dependentRequired',
  '$ref',
  '$anchor',
] as const;

export type Dialect = '2020-12' | '2019-09' | 'draft-07';

/** The dialect a schema says it is written in, 2020-12 if it says nothing, undefined if it is one we do not know. */
export function readDialect(schema: JsonObject): Dialect | undefined {
  const named = schema['$schema'];
  if (named === undefined) return '2020-12';
  if (typeof named !== 'string') return undefined;
  return DIALECTS[named.replace(/^https?:\/\//, '').replace(/#$/, '')];
}

const DIALECTS: Readonly<Record<string, Dialect | undefined>> = Object.assign(Object.create(null), {
  'json-schema.org/draft/2020-12/schema': '2020-12',
  'json-schema.org/draft/2019-09/schema': '2019-09',
  'json-schema.org/draft-07/schema': 'draft-07',
  'json-schema.org/draft-06/schema': 'draft-07', // draft-07 only added keywords to it
});

/** The member of an object that is its own, never its prototype's. */
export function member(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Every schema that stands directly inside `schema`, with its pointer below it. */
export function* subschemas(schema: JsonObject): Generator<readonly [pointer: string, schema: JsonValue]> {
  for (const key of [...SAME_VALUE_ONE, ...QUESTION, ...CHILD_ONE, ...CHILD_QUESTION]) {
    const value = member(schema, key);
    if (value === undefined) continue;
    if (Array.isArray(value)) for (const [index, one] of value.entries()) yield [`/${key}/${index}`, one];
    else yield [`/${key}`, value];
  }
  for (const key of [...SAME_VALUE_LIST, ...CHILD_LIST]) {
    const value = member(schema, key);
    if (Array.isArray(value)) for (const [index, one] of value.entries()) yield [`/${key}/${index}`, one];
  }
  for (const key of [...SAME_VALUE_MAP, ...CHILD_MAP, ...DEFINITIONS]) {
    const value = member(schema, key);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    for (const [name, one] of Object.entries(value)) {
      if (!Array.isArray(one)) yield [`/${key}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, one];
    }
  }
}
