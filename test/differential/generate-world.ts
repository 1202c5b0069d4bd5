import type { CedarRequest, Entity } from '../../src/policy/cedar/cedar-request.ts';
import { parseDecimal } from '../../src/policy/cedar/decimal.ts';
import { parseIpAddress } from '../../src/policy/cedar/ip-address.ts';
import { parseDateTime, parseDuration } from '../../src/policy/cedar/time.ts';
import { CedarRecord, CedarSet, EntityUid, type Value } from '../../src/policy/cedar/value.ts';
import type { Random } from './random.ts';
import {
  actionIds,
  addresses,
  attributeOf,
  datetimes,
  decimals,
  durations,
  entityTypes,
  ids,
  longs,
  type TypeName,
  tagNames,
  texts,
  types,
} from './vocabulary.ts';

const allUids = entityTypes.flatMap((type) => ids.map((id) => new EntityUid(type, id)));
const actions = actionIds.map((id) => new EntityUid('Action', id));

/** A random request with entities around it: some missing, some with attributes missing or of the wrong type. */
export function generateRequest(random: Random): CedarRequest {
  const entities = new Map<string, Entity>();
  const described = allUids.filter(() => random.chance(0.85));
  for (const [i, uid] of described.entries()) {
    // Parents only among those before it: no cycles.
    const parents = described.slice(0, i).filter(() => random.chance(0.2));
    entities.set(uid.key, describe(random, uid, parents, entities));
  }
  const [x, y, all] = actions as [EntityUid, EntityUid, EntityUid];
  entities.set(all.key, describe(random, all, [], entities, false));
  entities.set(y.key, describe(random, y, random.chance(0.5) ? [all] : [], entities, false));
  entities.set(x.key, describe(random, x, [all], entities, false));
  return {
    principal: random.pick(allUids),
    action: random.pick([x, y]),
    resource: random.pick(allUids),
    context: generateRecord(random, 2),
    entities,
  };
}

function describe(
  random: Random,
  uid: EntityUid,
  parents: readonly EntityUid[],
  known: ReadonlyMap<string, Entity>,
  withAttributes = true,
): Entity {
  const ancestors = new Map<string, EntityUid>();
  for (const parent of parents) {
    ancestors.set(parent.key, parent);
    for (const [key, above] of known.get(parent.key)?.ancestors ?? []) ancestors.set(key, above);
  }
  const attributes = withAttributes ? generateRecord(random, 1) : new CedarRecord(new Map());
  if (!withAttributes) return { uid, attributes, ancestors };
  const tags = tagNames
    .filter(() => random.chance(0.6))
    .map((name) => [name, generateValue(random, random.chance(0.6) ? 'bool' : random.pick(types), 1)] as const);
  return { uid, attributes, ancestors, tags: new CedarRecord(new Map(tags)) };
}

function generateRecord(random: Random, depth: number): CedarRecord {
  const members: [string, Value][] = [];
  for (const type of types) {
    if (type === 'record' && depth <= 0) continue;
    if (random.chance(0.1)) continue;
    members.push([
      attributeOf[type],
      generateValue(random, random.chance(0.04) ? random.pick(types) : type, depth - 1),
    ]);
  }
  return new CedarRecord(new Map(members));
}

function generateValue(random: Random, type: TypeName, depth: number): Value {
  switch (type) {
    case 'bool':
      return random.chance(0.5);
    case 'long':
      return random.pick(longs);
    case 'string':
      return random.pick(texts);
    case 'entity':
      return random.pick(allUids);
    case 'longs':
      return new CedarSet(random.list(0, 3, () => random.pick(longs)));
    case 'strings':
      return new CedarSet(random.list(0, 3, () => random.pick(texts)));
    case 'entities':
      return new CedarSet(random.list(0, 3, () => random.pick(allUids)));
    case 'record':
      return depth > 0 ? generateRecord(random, depth) : new CedarRecord(new Map([['n', random.pick(longs)]]));
    case 'decimal':
      return parseDecimal(random.pick(decimals));
    case 'ip':
      return parseIpAddress(random.pick(addresses));
    case 'datetime':
      return parseDateTime(random.pick(datetimes));
    case 'duration':
      return parseDuration(random.pick(durations));
  }
}
