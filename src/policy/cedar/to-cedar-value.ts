import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import type { ArgumentMember, ArgumentType } from './argument-type.ts';
import { decimalOfNumber } from './decimal.ts';
import { CedarRecord, CedarSet, Opaque, type Value } from './value.ts';

/**
 * A JSON value as Cedar sees it, by its type in the Cedar schema. Exact or `Opaque`: a value that is not of its type,
 * a number that would have to be rounded, a null, or a list that holds one of these is opaque as a whole.
 */
export function toCedarValue(value: JsonValue, type: ArgumentType): Value {
  switch (type.kind) {
    case 'string':
      return typeof value === 'string' ? value : new Opaque('it is not a string');
    case 'boolean':
      return typeof value === 'boolean' ? value : new Opaque('it is not a boolean');
    case 'long':
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return new Opaque('it is not an exact integer');
      return value === 0 ? 0 : value; // no -0
    case 'decimal':
      return (
        (typeof value === 'number' ? decimalOfNumber(value) : undefined) ??
        new Opaque('it is not a number with at most four digits after the point')
      );
    case 'set':
      return toSet(value, type.element);
    case 'record':
      if (!isJsonObject(value)) return new Opaque('it is not an object');
      return toCedarRecord(value, type.members);
  }
}

/** A JSON object as a record, converted when first looked at. Members without a type are opaque. */
export function toCedarRecord(value: JsonObject, types: ReadonlyMap<string, ArgumentMember>): CedarRecord {
  return new CedarRecord(() => {
    const members = new Map<string, Value>();
    for (const name of Object.keys(value)) {
      const member = value[name];
      if (member === undefined) continue;
      const known = types.get(name);
      members.set(name, known ? toCedarValue(member, known.type) : new Opaque('its schema gives it no Cedar type'));
    }
    return members;
  });
}

function toSet(value: JsonValue, type: ArgumentType): Value {
  if (!Array.isArray(value)) return new Opaque('it is not a list');
  const elements = value.map((element) => toCedarValue(element, type));
  const opaque = elements.map(findOpaque).find((found) => found !== undefined);
  return opaque ? new Opaque(`an element: ${opaque.reason}`) : new CedarSet(elements);
}

function findOpaque(value: Value): Opaque | undefined {
  if (value instanceof Opaque) return value;
  if (!(value instanceof CedarRecord)) return undefined;
  for (const member of value.members.values()) {
    const found = findOpaque(member);
    if (found) return found;
  }
  return undefined;
}
