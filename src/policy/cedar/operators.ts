import { type CedarRequest, type Closure, isIn, requireEntity } from './cedar-request.ts';
import { EvaluationError, typeError } from './evaluation-error.ts';
import { addLongs, isLong, type Long, multiplyLongs, subtractLongs } from './long.ts';
import { compilePattern } from './match-pattern.ts';
import type { Binary, Expression, Operator, OperatorNodes } from './policy-json.ts';
import { DateTime, Duration } from './time.ts';
import { CedarRecord, CedarSet, EntityUid, equalValues, Opaque, opaqueError, typeOf, type Value } from './value.ts';

/** What the compiler has no closure for. The policy is then served by Cedar itself. */
export class Uncovered extends Error {
  override readonly name = 'Uncovered';
}

export type Compile = (expression: Expression) => Closure;

/** Turns each operator's node into a closure. Handed to the compiler, so that a test can spoil one and be caught. */
export type Operators = { readonly [O in Operator]: (node: OperatorNodes[O], compile: Compile) => Closure };

function asBoolean(value: Value): boolean {
  if (typeof value !== 'boolean') throw typeError('bool', typeOf(value));
  return value;
}
function asLong(value: Value): Long {
  if (!isLong(value)) throw typeError('long', typeOf(value));
  return value;
}
function asText(value: Value): string {
  if (typeof value !== 'string') throw typeError('string', typeOf(value));
  return value;
}
function asEntity(value: Value): EntityUid {
  if (!(value instanceof EntityUid)) throw typeError('entity', typeOf(value));
  return value;
}
function asSet(value: Value): CedarSet {
  if (!(value instanceof CedarSet)) throw typeError('set', typeOf(value));
  return value;
}

/** The members of a record, or the attributes of an entity, which has none if nobody described it. */
function membersOf(value: Value, request: CedarRequest): ReadonlyMap<string, Value> | undefined {
  if (value instanceof CedarRecord) return value.members;
  if (value instanceof EntityUid) return request.entities.get(value.key)?.attributes.members;
  throw typeError('record or entity', typeOf(value));
}

function read(members: ReadonlyMap<string, Value>, name: string, owner: Value): Value {
  const value = members.get(name);
  if (value === undefined) {
    const what = owner instanceof EntityUid ? `\`${owner.key}\`` : 'the record';
    throw new EvaluationError(`${what} does not have the attribute \`${name}\``);
  }
  if (value instanceof Opaque) throw opaqueError(value);
  return value;
}

function isInSet(request: CedarRequest, uid: EntityUid, groups: CedarSet): boolean {
  // One element that is no entity spoils the whole set, even if another matches.
  if (!groups.onlyEntities) throw typeError('set of entities', 'set of other values');
  if (groups.composites.has(uid.key)) return true;
  const ancestors = request.entities.get(uid.key)?.ancestors;
  if (ancestors) for (const key of ancestors.keys()) if (groups.composites.has(key)) return true;
  return false;
}

function isInValue(request: CedarRequest, uid: EntityUid, groups: Value): boolean {
  if (groups instanceof EntityUid) return isIn(request, uid, groups.key);
  if (groups instanceof CedarSet) return isInSet(request, uid, groups);
  throw typeError('entity or set of entities', typeOf(groups));
}

type Order = (a: Long, b: Long) => boolean;

function compare(node: Binary, compile: Compile, holds: Order): Closure {
  const left = compile(node.left);
  const right = compile(node.right);
  return (request) => {
    const a = left(request);
    const b = right(request);
    if (isLong(a)) return holds(a, asLong(b));
    if (a instanceof DateTime && b instanceof DateTime) return holds(a.ms, b.ms);
    if (a instanceof Duration && b instanceof Duration) return holds(a.ms, b.ms);
    if (a instanceof DateTime || a instanceof Duration) throw typeError(a.kind, typeOf(b));
    throw typeError('long, datetime or duration', typeOf(a));
  };
}

function calculate(node: Binary, compile: Compile, apply: (a: Long, b: Long) => Long): Closure {
  const left = compile(node.left);
  const right = compile(node.right);
  return (request) => apply(asLong(left(request)), asLong(right(request)));
}

function ofSets(node: Binary, compile: Compile, holds: (a: CedarSet, b: CedarSet) => boolean): Closure {
  const left = compile(node.left);
  const right = compile(node.right);
  return (request) => holds(asSet(left(request)), asSet(right(request)));
}

function literal(value: unknown): Value {
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  // Beyond 2^53 the parser's JSON has already rounded; the text has not, so Cedar itself reads that policy.
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  const uid = (value as { __entity?: { type: string; id: string } } | null)?.__entity;
  if (uid && typeof uid.type === 'string' && typeof uid.id === 'string') return new EntityUid(uid.type, uid.id);
  throw new Uncovered('a literal that JSON does not carry exactly');
}

export const operators: Operators = {
  Value: (node) => {
    const value = literal(node);
    return () => value;
  },
  Var: (node) => {
    switch (node) {
      case 'principal':
        return (request) => request.principal;
      case 'action':
        return (request) => request.action;
      case 'resource':
        return (request) => request.resource;
      case 'context':
        return (request) => request.context;
      default:
        throw new Uncovered(`variable ${String(node satisfies never)}`);
    }
  },

  '!': (node, compile) => {
    const arg = compile(node.arg);
    return (request) => !asBoolean(arg(request));
  },
  '&&': (node, compile) => {
    const left = compile(node.left);
    const right = compile(node.right);
    return (request) => asBoolean(left(request)) && asBoolean(right(request));
  },
  '||': (node, compile) => {
    const left = compile(node.left);
    const right = compile(node.right);
    return (request) => asBoolean(left(request)) || asBoolean(right(request));
  },
  'if-then-else': (node, compile) => {
    const test = compile(node.if);
    const yes = compile(node.then);
    const no = compile(node.else);
    return (request) => (asBoolean(test(request)) ? yes(request) : no(request));
  },

  '==': (node, compile) => {
    const left = compile(node.left);
    const right = compile(node.right);
    return (request) => equalValues(left(request), right(request));
  },
  '!=': (node, compile) => {
    const left = compile(node.left);
    const right = compile(node.right);
    return (request) => !equalValues(left(request), right(request));
  },
  '<': (node, compile) => compare(node, compile, (a, b) => a < b),
  '<=': (node, compile) => compare(node, compile, (a, b) => a <= b),
  '>': (node, compile) => compare(node, compile, (a, b) => a > b),
  '>=': (node, compile) => compare(node, compile, (a, b) => a >= b),

  '+': (node, compile) => calculate(node, compile, addLongs),
  '-': (node, compile) => calculate(node, compile, subtractLongs),
  '*': (node, compile) => calculate(node, compile, multiplyLongs),
  neg: (node, compile) => {
    const arg = compile(node.arg);
    return (request) => subtractLongs(0, asLong(arg(request)));
  },

  in: (node, compile) => {
    const left = compile(node.left);
    const right = compile(node.right);
    return (request) => {
      const uid = asEntity(left(request));
      return isInValue(request, uid, right(request));
    };
  },
  is: (node, compile) => {
    const left = compile(node.left);
    const type = node.entity_type;
    if (node.in === undefined) return (request) => asEntity(left(request)).type === type;
    const groups = compile(node.in);
    return (request) => {
      const uid = asEntity(left(request));
      return uid.type === type && isInValue(request, uid, groups(request));
    };
  },
  '.': (node, compile) => {
    const left = compile(node.left);
    const name = node.attr;
    return (request) => {
      const owner = left(request);
      if (owner instanceof CedarRecord) return read(owner.members, name, owner);
      if (owner instanceof EntityUid) return read(requireEntity(request, owner).attributes.members, name, owner);
      throw typeError('record or entity', typeOf(owner));
    };
  },
  has: (node, compile) => {
    const left = compile(node.left);
    const path = typeof node.attr === 'string' ? [node.attr] : node.attr;
    const last = path.length - 1;
    return (request) => {
      let owner = left(request);
      for (let i = 0; i < last; i++) {
        const value = membersOf(owner, request)?.get(path[i] ?? '');
        if (value === undefined) return false;
        if (value instanceof Opaque) throw opaqueError(value);
        owner = value;
      }
      return membersOf(owner, request)?.has(path[last] ?? '') === true;
    };
  },
  hasTag: (node, compile) => {
    const left = compile(node.left);
    const right = compile(node.right);
    return (request) => {
      const uid = asEntity(left(request));
      const name = asText(right(request));
      return request.entities.get(uid.key)?.tags?.members.has(name) === true;
    };
  },
  getTag: (node, compile) => {
    const left = compile(node.left);
    const right = compile(node.right);
    return (request) => {
      const uid = asEntity(left(request));
      const name = asText(right(request));
      const tag = requireEntity(request, uid).tags?.members.get(name);
      if (tag === undefined) throw new EvaluationError(`\`${uid.key}\` does not have the tag \`${name}\``);
      if (tag instanceof Opaque) throw opaqueError(tag);
      return tag;
    };
  },
  like: (node, compile) => {
    const left = compile(node.left);
    const matches = compilePattern(node.pattern);
    return (request) => matches(asText(left(request)));
  },

  contains: (node, compile) => {
    const left = compile(node.left);
    const right = compile(node.right);
    return (request) => {
      const set = asSet(left(request));
      const element = right(request);
      return set.has(element);
    };
  },
  containsAll: (node, compile) => ofSets(node, compile, (a, b) => a.hasAll(b)),
  containsAny: (node, compile) => ofSets(node, compile, (a, b) => a.hasAny(b)),
  isEmpty: (node, compile) => {
    const arg = compile(node.arg);
    return (request) => asSet(arg(request)).size === 0;
  },
  Set: (node, compile) => {
    const elements = node.map(compile);
    return (request) => new CedarSet(elements.map((element) => element(request)));
  },
  Record: (node, compile) => {
    const members = Object.entries(node).map(([name, member]) => [name, compile(member)] as const);
    return (request) => new CedarRecord(new Map(members.map(([name, member]) => [name, member(request)])));
  },
};
