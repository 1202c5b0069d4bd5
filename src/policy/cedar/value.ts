import type { Decimal } from './decimal.ts';
import { EvaluationError } from './evaluation-error.ts';
import type { IpAddress } from './ip-address.ts';
import type { Long } from './long.ts';
import { isLong } from './long.ts';
import type { DateTime, Duration } from './time.ts';

/** A value of the Cedar language, modelled for speed: scalars are JavaScript scalars, everything else is a class. */
export type Value = Scalar | Composite;
export type Scalar = boolean | Long | string;
export type Composite = EntityUid | CedarSet | CedarRecord | Extension | Opaque;
export type Extension = Decimal | IpAddress | DateTime | Duration;

/** The name of an entity. Two are the same entity exactly when their keys are equal. */
export class EntityUid {
  readonly type: string;
  readonly id: string;
  /** `Type::"id"`, the id quoted as in JSON. */
  readonly key: string;

  constructor(type: string, id: string) {
    this.type = type;
    this.id = id;
    this.key = `${type}::${JSON.stringify(id)}`;
  }
}

/**
 * A value that Cedar has no exact form for (null, a fraction too fine, a list of mixed things). It is there, so `has`
 * sees it; reading it is an evaluation error, so that what cannot be expressed can never slip past a rule.
 */
export class Opaque {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

type Members = ReadonlyMap<string, Value>;

/** A record. Members may be given as a function, run at most once and only if somebody looks. */
export class CedarRecord {
  #members: Members | undefined;
  readonly #load: (() => Members) | undefined;

  constructor(members: Members | (() => Members)) {
    if (typeof members === 'function') this.#load = members;
    else this.#members = members;
  }

  get members(): Members {
    this.#members ??= this.#load?.() ?? new Map();
    return this.#members;
  }
}

/** A set: no order, no duplicates. Membership is a hash lookup whatever the elements are. */
export class CedarSet {
  readonly scalars = new Set<Scalar>();
  /** By `keyOf`. */
  readonly composites = new Map<string, Composite>();

  constructor(elements: Iterable<Value>) {
    for (const element of elements) {
      if (typeof element === 'object') this.composites.set(keyOf(element), element);
      else this.scalars.add(element);
    }
  }

  #onlyEntities: boolean | undefined;

  /** Whether every element is an entity, which `in` asks of a set. */
  get onlyEntities(): boolean {
    this.#onlyEntities ??= this.scalars.size === 0 && [...this.composites.values()].every(isEntity);
    return this.#onlyEntities;
  }

  get size(): number {
    return this.scalars.size + this.composites.size;
  }

  has(value: Value): boolean {
    if (typeof value !== 'object') return this.scalars.has(value);
    return this.composites.size > 0 && this.composites.has(keyOf(value));
  }

  hasAll(other: CedarSet): boolean {
    if (other.scalars.size > this.scalars.size || other.composites.size > this.composites.size) return false;
    for (const scalar of other.scalars) if (!this.scalars.has(scalar)) return false;
    for (const key of other.composites.keys()) if (!this.composites.has(key)) return false;
    return true;
  }

  hasAny(other: CedarSet): boolean {
    for (const scalar of other.scalars) if (this.scalars.has(scalar)) return true;
    for (const key of other.composites.keys()) if (this.composites.has(key)) return true;
    return false;
  }

  *[Symbol.iterator](): Generator<Value> {
    yield* this.scalars;
    yield* this.composites.values();
  }
}

function isEntity(value: Value): boolean {
  return value instanceof EntityUid;
}

/** A text that two values share exactly when Cedar calls them equal. Throws for what is opaque. */
function keyOf(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof EntityUid) return value.key;
  if (value instanceof Opaque) throw opaqueError(value);
  if (value instanceof CedarSet) return `[${[...value].map(keyOf).sort().join(',')}]`;
  if (value instanceof CedarRecord) {
    const members = [...value.members].map(([name, member]) => `${JSON.stringify(name)}:${keyOf(member)}`);
    return `{${members.sort().join(',')}}`;
  }
  return `${value.kind}(${value.key})`;
}

/** Equality as `==` has it: values of different types are unequal, never an error. Throws for what is opaque. */
export function equalValues(a: Value, b: Value): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') {
    if (a instanceof Opaque) throw opaqueError(a);
    if (b instanceof Opaque) throw opaqueError(b);
    return a === b;
  }
  if (a instanceof EntityUid) {
    if (b instanceof Opaque) throw opaqueError(b);
    return b instanceof EntityUid && a.key === b.key;
  }
  if (a instanceof CedarRecord && b instanceof CedarRecord) return equalRecords(a.members, b.members);
  if (a instanceof CedarSet && b instanceof CedarSet) return a.size === b.size && a.hasAll(b);
  return keyOf(a) === keyOf(b);
}

function equalRecords(a: Members, b: Members): boolean {
  if (a.size !== b.size) return false;
  for (const name of a.keys()) if (!b.has(name)) return false;
  for (const [name, member] of a) {
    const other = b.get(name);
    if (other === undefined || !equalValues(member, other)) return false;
  }
  return true;
}

export function opaqueError(value: Opaque): EvaluationError {
  return new EvaluationError(`the value cannot be expressed in Cedar: ${value.reason}`);
}

/** The name of a value's type, for error messages. */
export function typeOf(value: Value): string {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (isLong(value)) return 'long';
  if (value instanceof EntityUid) return `entity of type \`${value.type}\``;
  if (value instanceof CedarSet) return 'set';
  if (value instanceof CedarRecord) return 'record';
  if (value instanceof Opaque) return 'a value that Cedar cannot express';
  return value.kind;
}
