import { isJsonObject, type JsonObject } from '../base/json.ts';
import type { Tool } from '../model/tool.ts';
import type { Inferred } from './infer-effect.ts';
import { listArguments } from './list-arguments.ts';

/**
 * Whether a result can carry words that an outsider wrote. It can, unless the tool promises a result whose every field
 * is a number, a flag or one of a closed list: results are held to their output schema, so that promise is kept.
 */
export function inferSource(tool: Tool): Inferred<boolean> {
  const { outputSchema } = tool;
  if (outputSchema === undefined) return { value: true, because: 'its result can be any text' };
  const open = findOpenField(outputSchema);
  if (open === undefined)
    return { value: false, because: 'every field of its result is a number, a flag or a listed value' };
  return {
    value: true,
    because: open === '' ? 'its output schema leaves fields open' : `its result has text in \`${open}\``,
  };
}

/** The path of a field that can hold open text, `''` for unnamed fields, undefined if there is none. */
function findOpenField(schema: JsonObject): string | undefined {
  if (!isClosed(schema)) return '';
  const fields = listArguments(schema);
  if (fields.length === 0) return '';
  return fields.find((field) => {
    if (field.path.endsWith('*')) return true;
    if (field.values !== undefined) return false;
    return field.types.size === 0 || field.types.has('string');
  })?.path;
}

/** Every object in the schema refuses properties it does not name, and no keyword is used that opens it again. */
function isClosed(schema: JsonObject): boolean {
  const type = schema['type'];
  if (Object.keys(schema).some((key) => !PLAIN_KEYWORDS.has(key))) return false;
  if (type === 'object') {
    if (schema['additionalProperties'] !== false || !isJsonObject(schema['properties'])) return false;
    return Object.values(schema['properties']).every((property) => isJsonObject(property) && isClosed(property));
  }
  if (type === 'array') return isJsonObject(schema['items']) && isClosed(schema['items']);
  return typeof type === 'string' || Array.isArray(schema['enum']) || schema['const'] !== undefined;
}

const PLAIN_KEYWORDS: ReadonlySet<string> = new Set([
  ...['$schema', '$id', 'title', 'description', 'type', 'properties', 'required', 'additionalProperties', 'items'],
  ...['enum', 'const', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minItems'],
  ...['maxItems', 'uniqueItems', 'default', 'format', 'minLength', 'maxLength', 'pattern', 'examples'],
]);
