import type { CedarValueJson, Context, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import type { CedarRequest } from './cedar-request.ts';
import { Decimal } from './decimal.ts';
import { EvaluationError } from './evaluation-error.ts';
import { IpAddress } from './ip-address.ts';
import { DateTime } from './time.ts';
import { CedarRecord, CedarSet, EntityUid, Opaque, opaqueError, type Value } from './value.ts';

/** A request as Cedar itself takes it. */
export interface CedarRequestJson {
  readonly principal: TypeAndId;
  readonly action: TypeAndId;
  readonly resource: TypeAndId;
  readonly context: Context;
  readonly entities: EntityJson[];
}

/** Keys that Cedar's JSON form gives a meaning to. A record that has one cannot be written in it. */
const ESCAPES = new Set(['__entity', '__extn', '__expr']);

/** The request in Cedar's JSON form. Throws `EvaluationError` if any part of it has none: nothing is left out. */
export function toCedarJson(request: CedarRequest): CedarRequestJson {
  return {
    principal: uidJson(request.principal),
    action: uidJson(request.action),
    resource: uidJson(request.resource),
    context: membersJson(request.context),
    entities: [...request.entities.values()].map((entity) => ({
      uid: uidJson(entity.uid),
      attrs: membersJson(entity.attributes),
      parents: [...entity.ancestors.values()].map(uidJson),
      ...(entity.tags ? { tags: membersJson(entity.tags) } : {}),
    })),
  };
}

function uidJson(uid: EntityUid): TypeAndId {
  return { type: uid.type, id: uid.id };
}

function membersJson(record: CedarRecord): Record<string, CedarValueJson> {
  const members: [string, CedarValueJson][] = [];
  for (const [name, value] of record.members) {
    if (ESCAPES.has(name)) throw new EvaluationError(`the attribute \`${name}\` cannot be handed to Cedar`);
    members.push([name, valueJson(value)]);
  }
  return Object.fromEntries(members); // defines properties, so that `__proto__` is a name like any other
}

function valueJson(value: Value): CedarValueJson {
  if (typeof value === 'boolean' || typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'bigint') throw new EvaluationError(`the long ${value} cannot be handed to Cedar exactly`);
  if (value instanceof EntityUid) return { __entity: uidJson(value) };
  if (value instanceof CedarSet) return [...value].map(valueJson);
  if (value instanceof CedarRecord) return membersJson(value);
  if (value instanceof Opaque) throw opaqueError(value);
  if (value instanceof Decimal) return { __extn: { fn: 'decimal', arg: value.toString() } };
  if (value instanceof IpAddress) return { __extn: { fn: 'ip', arg: value.text } };
  if (value instanceof DateTime) {
    const since = { __extn: { fn: 'duration', arg: `${value.ms}ms` } };
    return { __extn: { fn: 'offset', args: [{ __extn: { fn: 'datetime', arg: '1970-01-01' } }, since] } };
  }
  return { __extn: { fn: 'duration', arg: `${value.ms}ms` } };
}
