import { isJsonObject, type JsonObject, type JsonValue } from '../../src/base/json.ts';
import { manifestJsonSchema } from '../../src/contract/manifest-schema.ts';
import { manifestSchema, serverKinds } from '../../src/model/manifest.ts';
import { printDuration } from './print-duration.ts';
import { code, table } from './table.ts';

/** What a member of a mapping is called in a title: the keys of these mappings are names that a person chooses. */
const NAMES: Readonly<Record<string, string>> = {
  servers: '<name>',
  tools: '<server/tool>',
  agents: '<name>',
  arguments: '<path>',
};
const DURATION = /\(ms\|s\|m\|h\|d\)/;

/** Every key of `chaperone.yaml`: one table for each kind of mapping, in the order of the file. */
export function printConfig(): string {
  const printer = new ConfigPrinter();
  printer.print('chaperone.yaml', [], manifestJsonSchema());
  return printer.sections.join('\n\n');
}

class ConfigPrinter {
  readonly sections: string[] = [];
  readonly #titles = new Map<string, string>();
  readonly #defaults = toJson(manifestSchema.parse({ version: 1 }));

  print(title: string, path: readonly string[], schema: JsonObject): void {
    const known = JSON.stringify(schema);
    const same = this.#titles.get(known);
    if (same !== undefined) {
      this.sections.push(`### ${code(title)}\n\nAs ${code(same)}.`);
      return;
    }
    this.#titles.set(known, title);
    const properties = objectOf(schema['properties']);
    const required = Array.isArray(schema['required']) ? schema['required'] : [];
    const rows = Object.entries(properties).map(([key, value]) => {
      const member = objectOf(value);
      const fallback = required.includes(key) ? 'required' : this.#printDefault([...path, key], member);
      return [code(key), printType(member), fallback, printDescription(member)];
    });
    this.sections.push(`### ${code(title)}\n\n${table(['key', 'value', 'default', 'what it says'], rows)}`);
    for (const [key, value] of Object.entries(properties)) this.#printBelow(title, [...path, key], objectOf(value));
  }

  #printBelow(title: string, path: readonly string[], schema: JsonObject): void {
    const key = path.at(-1) ?? '';
    const above = path.length === 1 ? '' : `${title}.`;
    if (isJsonObject(schema['properties'])) this.print(`${above}${key}`, path, schema);
    const members = schema['additionalProperties'];
    if (!isJsonObject(members)) return;
    const name = `${above}${key}.${NAMES[key] ?? '<name>'}`;
    if (isJsonObject(members['properties'])) this.print(name, [...path, '*'], members);
    for (const alternative of alternativesOf(members)) {
      const kind = serverKinds.find((one) => isJsonObject(objectOf(alternative['properties'])[one]));
      if (kind !== undefined) this.print(`${name} with ${kind}`, [...path, '*'], alternative);
    }
  }

  #printDefault(path: readonly string[], schema: JsonObject): string {
    let value: JsonValue | undefined = this.#defaults;
    for (const key of path) value = isJsonObject(value) ? value[key] : undefined;
    value ??= schema['default'];
    if (value === undefined) return '';
    if (typeof value === 'number' && isDuration(schema)) return code(printDuration(value));
    return isJsonObject(value) && Object.keys(value).length > 0 ? '' : code(JSON.stringify(value));
  }
}

function printDescription(schema: JsonObject): string {
  const { description, examples } = schema;
  const text = typeof description === 'string' ? description : '';
  if (!Array.isArray(examples)) return text;
  return `${text} For example ${examples.map((example) => code(typeof example === 'string' ? example : JSON.stringify(example))).join(', ')}.`;
}

function printType(schema: JsonObject): string {
  const { type, enum: constants, const: constant, items, additionalProperties } = schema;
  if (constant !== undefined) return code(JSON.stringify(constant));
  if (Array.isArray(constants)) return constants.map((one) => code(String(one))).join(', ');
  if (isDuration(schema)) return 'duration';
  if (type === 'array') return `list of ${printType(objectOf(items))}`;
  if (type === 'object') return isJsonObject(additionalProperties) ? 'mapping by name' : 'mapping';
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) return alternatives.map(printType).join(' or ');
  return type === 'string' ? 'text' : String(type);
}

function isDuration(schema: JsonObject): boolean {
  return typeof schema['pattern'] === 'string' && DURATION.test(schema['pattern']);
}

function alternativesOf(schema: JsonObject): readonly JsonObject[] {
  const { anyOf } = schema;
  return Array.isArray(anyOf) ? anyOf.map(objectOf) : [];
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function toJson(value: unknown): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject; // a manifest holds nothing that JSON lacks
}
