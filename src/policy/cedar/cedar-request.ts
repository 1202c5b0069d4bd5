import { EvaluationError } from './evaluation-error.ts';
import type { CedarRecord, EntityUid, Value } from './value.ts';

/** What is known of one entity. `ancestors` is transitively closed and does not hold the entity itself. */
export interface Entity {
  readonly uid: EntityUid;
  readonly attributes: CedarRecord;
  readonly ancestors: ReadonlyMap<string, EntityUid>;
  readonly tags?: CedarRecord;
}

/** One question to the policies, in the value model they are compiled against. */
export interface CedarRequest {
  readonly principal: EntityUid;
  readonly action: EntityUid;
  readonly resource: EntityUid;
  readonly context: CedarRecord;
  /** By `EntityUid.key`: the entities of the request and what they refer to, no others. */
  readonly entities: ReadonlyMap<string, Entity>;
}

/** A policy's expression as a function. Throws `EvaluationError`. */
export type Closure = (request: CedarRequest) => Value;

/** The entity `uid` or an `EvaluationError`. */
export function requireEntity(request: CedarRequest, uid: EntityUid): Entity {
  const entity = request.entities.get(uid.key);
  if (!entity) throw new EvaluationError(`entity \`${uid.key}\` does not exist`);
  return entity;
}

/** Whether `uid` is `group` or below it. An entity nobody described is only in itself. */
export function isIn(request: CedarRequest, uid: EntityUid, group: string): boolean {
  return uid.key === group || request.entities.get(uid.key)?.ancestors.has(group) === true;
}
