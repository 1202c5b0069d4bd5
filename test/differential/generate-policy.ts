import type { Random } from './random.ts';
import {
  actionIds,
  addresses,
  attributeOf,
  badAddresses,
  badDatetimes,
  badDecimals,
  badDurations,
  datetimes,
  decimals,
  durations,
  entityText,
  entityTypes,
  longs,
  quote,
  type TypeName,
  tagNames,
  texts,
  types,
} from './vocabulary.ts';

/** A random policy in Cedar's text form: every operator and function, mostly well typed, now and then not. */
export function generatePolicy(random: Random, effect: 'permit' | 'forbid'): string {
  // Half are one construct alone and apply to anything: in a long expression a wrong part is often hidden by the rest.
  const isFocused = random.chance(0.5);
  const scope = isFocused
    ? ['principal', 'action', 'resource']
    : [entityScope(random, 'principal'), actionScope(random), entityScope(random, 'resource')];
  const body = () => (isFocused ? focused(random) : boolean(random, random.pick([1, 2, 3, 4])));
  const clauses = random.list(random.chance(0.05) ? 0 : 1, random.chance(0.2) ? 2 : 1, () => {
    return `${random.pick(['when', 'when', 'unless'])} { ${body()} }`;
  });
  // What an index may go by: tests at the head of the conditions, one clause or several.
  if (random.chance(0.25)) clauses.unshift(...random.list(1, 2, () => `when { ${heads(random)} }`));
  if (random.chance(0.1)) clauses.unshift(`when { ${heads(random)} && ${body()} }`);
  return `${effect} (${scope.join(', ')}) ${clauses.join(' ')};`;
}

/** One to three tests as people write them first: of an attribute or a variable against a constant. */
function heads(random: Random): string {
  return random.list(1, 3, () => head(random)).join(' && ');
}

function head(random: Random): string {
  const owner = random.pick(['context', 'context', 'principal', 'resource', 'context.r', 'context.e', 'action']);
  const action = () => `Action::${quote(random.pick(actionIds))}`;
  const [left, right] = random.pick([
    () => [access(owner, attributeOf.string, random), quote(random.pick(texts))],
    () => [access(owner, attributeOf.bool, random), random.pick(['true', 'false', 'false'])],
    () => [access(owner, attributeOf.entity, random), entityText(random)],
    () => [access(owner, random.pick(Object.values(attributeOf)), random), quote(random.pick(texts))],
    () => [random.pick(['principal', 'resource']), entityText(random)],
    () => ['action', action()],
  ])();
  const side = random.pick(['principal', 'resource']);
  return random.pick([
    `${left} == ${right}`,
    `${left} == ${right}`,
    `${left} == ${right}`,
    `${right} == ${left}`,
    `${side} in ${entityText(random)}`,
    `${side} is ${random.pick(entityTypes)}`,
    `action in ${action()}`,
    `action in [${action()}, ${action()}]`,
  ]);
}

function entityScope(random: Random, name: 'principal' | 'resource'): string {
  if (random.chance(0.75)) return name;
  const type = random.pick(entityTypes);
  return random.pick([
    `${name} == ${entityText(random)}`,
    `${name} in ${entityText(random)}`,
    `${name} is ${type}`,
    `${name} is ${type} in ${entityText(random)}`,
  ]);
}

function actionScope(random: Random): string {
  if (random.chance(0.7)) return 'action';
  const one = () => `Action::${quote(random.pick(actionIds))}`;
  return random.pick([`action == ${one()}`, `action in ${one()}`, `action in [${random.list(0, 3, one).join(', ')}]`]);
}

/** An expression that is mostly of the type asked for. */
function expression(random: Random, type: TypeName, depth: number): string {
  const actual = random.chance(depth <= 0 ? 0.05 : 0.015) ? random.pick(types) : type;
  if (actual === 'bool') return boolean(random, depth);
  if (depth > 0 && random.chance(0.1)) {
    return `(if ${boolean(random, depth - 1)} then ${expression(random, actual, depth - 1)} else ${expression(random, actual, depth - 1)})`;
  }
  if (random.chance(0.4)) return attribute(random, actual, depth);
  return constructed(random, actual, depth);
}

function attribute(random: Random, type: TypeName, depth: number): string {
  if (type === 'entity' && random.chance(0.5)) return random.pick(['principal', 'resource']);
  const owner = random.pick([
    'context',
    'context',
    'context',
    'principal',
    'resource',
    'context.r',
    'action',
    'nested',
  ]);
  const base = owner === 'nested' ? `(${expression(random, random.pick(['record', 'entity']), depth - 2)})` : owner;
  if (random.chance(0.06)) return `${entityOf(random, depth)}.getTag(${expression(random, 'string', 0)})`;
  return access(base, attributeOf[type], random);
}

function access(base: string, name: string, random: Random): string {
  return /^[a-z]+$/.test(name) && random.chance(0.5) ? `${base}.${name}` : `${base}[${quote(name)}]`;
}

function entityOf(random: Random, depth: number): string {
  return random.pick(['principal', 'resource', `(${expression(random, 'entity', depth - 1)})`, entityText(random)]);
}

function constructed(random: Random, type: TypeName, depth: number): string {
  const of = (inner: TypeName) => expression(random, inner, depth - 1);
  const call = (name: string, good: readonly string[], bad: readonly string[]) => {
    if (depth > 1 && random.chance(0.05)) return `${name}(${of('string')})`;
    return `${name}(${quote(random.pick(random.chance(0.08) ? bad : good))})`;
  };
  switch (type) {
    case 'bool':
      return depth > 0 ? boolean(random, depth) : random.pick(['true', 'false']);
    case 'long':
      return depth > 0 && random.chance(0.5) ? arithmetic(random, of) : longLiteral(random);
    case 'string':
      return quote(random.pick([...texts, ...tagNames]));
    case 'entity':
      return entityText(random);
    case 'longs':
      return `[${random.list(0, 3, () => of('long')).join(', ')}]`;
    case 'strings':
      return `[${random.list(0, 3, () => of('string')).join(', ')}]`;
    case 'entities':
      return `[${random.list(0, 3, () => of('entity')).join(', ')}]`;
    case 'record':
      return recordLiteral(random, depth);
    case 'decimal':
      return call('decimal', decimals, badDecimals);
    case 'ip':
      return call('ip', addresses, badAddresses);
    case 'datetime':
      if (depth > 0 && random.chance(0.35)) {
        return random.chance(0.6) ? `${of('datetime')}.offset(${of('duration')})` : `${of('datetime')}.toDate()`;
      }
      return call('datetime', datetimes, badDatetimes);
    case 'duration':
      if (depth > 0 && random.chance(0.35)) {
        return random.chance(0.6) ? `${of('datetime')}.durationSince(${of('datetime')})` : `${of('datetime')}.toTime()`;
      }
      return call('duration', durations, badDurations);
  }
}

function longLiteral(random: Random): string {
  if (random.chance(0.01)) return random.pick(['9007199254740993', '9223372036854775807', '(-9223372036854775808)']);
  const value = random.pick(longs);
  return value < 0 ? `(${value})` : String(value);
}

function arithmetic(random: Random, of: (type: TypeName) => string): string {
  if (random.chance(0.15)) return `(-(${of('long')}))`;
  if (random.chance(0.2)) {
    return `${of('duration')}.${random.pick(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'])}()`;
  }
  return `(${of('long')} ${random.pick(['+', '-', '*'])} ${of('long')})`;
}

function recordLiteral(random: Random, depth: number): string {
  const names = types.filter((type) => type !== 'record' && random.chance(0.25));
  return `{${names.map((type) => `${quote(attributeOf[type])}: ${expression(random, type, depth - 2)}`).join(', ')}}`;
}

const decimalOrder = ['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'] as const;

type Maker = (random: Random, of: (type: TypeName) => string, depth: number) => string;

const tests: readonly Maker[] = [
  (_, of) => `(${of('bool')} && ${of('bool')})`,
  (_, of) => `(${of('bool')} || ${of('bool')})`,
  (_, of) => `(!(${of('bool')}))`,
  (_, of) => `(if ${of('bool')} then ${of('bool')} else ${of('bool')})`,
  (random, of) => {
    const type = random.pick(types);
    return `(${of(type)} ${random.pick(['==', '!='])} ${of(random.chance(0.1) ? random.pick(types) : type)})`;
  },
  (random, of) => {
    const type = random.pick(['long', 'datetime', 'duration'] as const);
    const same = of(type);
    return `(${same} ${random.pick(['<', '<=', '>', '>='])} ${same})`;
  },
  (random, of) => {
    const same = of('decimal');
    return `${same}.${random.pick(decimalOrder)}(${same})`;
  },
  (random, of) => `(${of('long')} ${random.pick(['==', '!='])} ${of('long')})`,
  (random, of) => {
    const type = random.pick(['long', 'long', 'datetime', 'duration'] as const);
    return `(${of(type)} ${random.pick(['<', '<=', '>', '>='])} ${of(random.chance(0.05) ? random.pick(types) : type)})`;
  },
  (random, of) => `(${of('entity')} in ${of(random.pick(['entity', 'entities']))})`,
  (random, of) => `(${of('entity')} is ${random.pick(entityTypes)})`,
  (random, of) => `(${of('entity')} is ${random.pick(entityTypes)} in ${of(random.pick(['entity', 'entities']))})`,
  (random, of) => `(${of(random.pick(['record', 'entity']))} has ${quote(attributeOf[random.pick(types)])})`,
  (random) =>
    `(${random.pick(['context', 'principal', 'resource'])} has ${random.pick(['r', 'e', 'b', 'ns'])}.${random.pick(['n', 'b', 'r', 'e'])})`,
  (random) => {
    const base = random.pick(['context', 'principal', 'resource']);
    const name = attributeOf.bool;
    return `(${base} has ${name} && ${base}.${name})`;
  },
  (random, of) => `(${of('string')} like ${likePattern(random)})`,
  (random, of) => {
    const [set, element] = random.pick([
      ['longs', 'long'],
      ['strings', 'string'],
      ['entities', 'entity'],
    ] as const);
    return `${of(set)}.contains(${of(element)})`;
  },
  (random, of) => {
    const set = random.pick(['longs', 'strings', 'entities'] as const);
    return `${of(set)}.${random.pick(['containsAll', 'containsAny'])}(${of(set)})`;
  },
  (random, of) => `${of(random.pick(['longs', 'strings', 'entities']))}.isEmpty()`,
  (_, of) => `[${of('record')}, ${of('longs')}, ${of('decimal')}].contains(${of('longs')})`,
  (random, of, depth) => `${entityOf(random, depth)}.hasTag(${of('string')})`,
  (random, of) => {
    const owner = random.pick(['principal', 'resource']);
    const name = quote(random.pick(tagNames));
    return `(${owner}.hasTag(${name}) && ${owner}.getTag(${name}) == ${of(random.pick(types))})`;
  },
  (random, of) => `${of('decimal')}.${random.pick(decimalOrder)}(${of('decimal')})`,
  (random, of) => `${of('ip')}.${random.pick(['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'])}()`,
  (_, of) => `${of('ip')}.isInRange(${of('ip')})`,
];

function boolean(random: Random, depth: number): string {
  if (depth <= 0 || random.chance(0.1)) {
    if (random.chance(0.4)) return random.pick(['true', 'false']);
    return attribute(random, 'bool', 0);
  }
  const of = (type: TypeName) => expression(random, type, depth - 1);
  return random.pick(tests)(random, of, depth);
}

/** One construct over operands that are constants or attributes, every construct as often as any other. */
function focused(random: Random): string {
  const of = (type: TypeName) => {
    const actual = random.chance(0.1) ? random.pick(types) : type;
    return random.chance(0.7) ? constructed(random, actual, 0) : expression(random, actual, 0);
  };
  const result = random.pick(calls)(random, of);
  // A long shows best next to a number not far from it.
  return result.type === 'bool' ? result.text : `(${result.text} ${random.pick(['==', '<', '>='])} ${of(result.type)})`;
}

type Call = (random: Random, of: (type: TypeName) => string) => { type: TypeName; text: string };

const method =
  (type: TypeName, receiver: TypeName, name: string, argument?: TypeName): Call =>
  (_, of) => ({ type, text: `${of(receiver)}.${name}(${argument ? of(argument) : ''})` });
const infix =
  (type: TypeName, operand: TypeName, operator: string): Call =>
  (_, of) => ({ type, text: `(${of(operand)} ${operator} ${of(operand)})` });
const construct =
  (type: TypeName, name: string, good: readonly string[], bad: readonly string[]): Call =>
  (random, of) => {
    const argument = random.chance(0.1) ? of('string') : quote(random.pick(random.chance(0.3) ? bad : good));
    // Same against same: a value of these types is otherwise rarely equal to another.
    return {
      type: 'bool',
      text: `(${name}(${argument}) == ${random.chance(0.5) ? `${name}(${quote(random.pick(good))})` : of(type)})`,
    };
  };

const calls: readonly Call[] = [
  ...['+', '-', '*'].map((operator) => infix('long', 'long', operator)),
  ...['==', '!=', '<', '<=', '>', '>='].map((operator) => infix('bool', 'long', operator)),
  ...['&&', '||'].map((operator) => infix('bool', 'bool', operator)),
  ...['<', '>='].flatMap((operator) => [infix('bool', 'datetime', operator), infix('bool', 'duration', operator)]),
  infix('bool', 'entity', 'in'),
  (_, of) => ({ type: 'long', text: `(-(${of('long')}))` }),
  (_, of) => ({ type: 'bool', text: `(!(${of('bool')}))` }),
  (_, of) => ({ type: 'bool', text: `(${of('entity')} in ${of('entities')})` }),
  (random, of) => ({ type: 'bool', text: `(${of('entity')} is ${random.pick(entityTypes)})` }),
  (random, of) => ({ type: 'bool', text: `(${of('record')} has ${quote(attributeOf[random.pick(types)])})` }),
  (random, of) => ({ type: 'bool', text: `(${of('string')} like ${likePattern(random)})` }),
  (random, of) => ({ type: 'bool', text: `${of('entity')}.hasTag(${quote(random.pick(tagNames))})` }),
  (random, of) => ({ type: 'bool', text: `${of('entity')}.getTag(${quote(random.pick(tagNames))})` }),
  ...['containsAll', 'containsAny'].map((name) => method('bool', 'longs', name, 'longs')),
  method('bool', 'longs', 'contains', 'long'),
  method('bool', 'strings', 'isEmpty'),
  ...decimalOrder.map((name) => method('bool', 'decimal', name, 'decimal')),
  ...['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'].map((name) => method('bool', 'ip', name)),
  method('bool', 'ip', 'isInRange', 'ip'),
  construct('decimal', 'decimal', decimals, badDecimals),
  construct('ip', 'ip', addresses, badAddresses),
  construct('datetime', 'datetime', datetimes, badDatetimes),
  construct('duration', 'duration', durations, badDurations),
  method('datetime', 'datetime', 'offset', 'duration'),
  method('datetime', 'datetime', 'toDate'),
  method('duration', 'datetime', 'toTime'),
  method('duration', 'datetime', 'durationSince', 'datetime'),
  ...['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'].map((name) => method('long', 'duration', name)),
];

function likePattern(random: Random): string {
  const pieces = random.list(0, 4, () => random.pick(['*', '*', 'a', 'b', 'ab', '\\*', 'é', '😀', '\\\\']));
  return `"${pieces.join('')}"`;
}
