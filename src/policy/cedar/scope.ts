import type { PolicyJson } from './policy-json.ts';
import { EntityUid } from './value.ts';

/** A scope names one of these for principal, action and resource: anything, one entity, what is in one, or a type. */
export type Bucket = string;
export const ANY: Bucket = '*';
export const exactly = (key: string): Bucket => `=${key}`;
export const within = (key: string): Bucket => `<${key}`;
export const ofType = (type: string): Bucket => `:${type}`;

/** Where a policy's scope puts it. One entry per action it names. */
export interface Scope {
  readonly actions: readonly Bucket[];
  readonly principal: Bucket;
  readonly resource: Bucket;
  /** `is T in G` is filed under `G`; the types are then still to be checked. */
  readonly principalType?: string;
  readonly resourceType?: string;
}

export function scopeOf(policy: Pick<PolicyJson, 'principal' | 'action' | 'resource'>): Scope {
  const principal = bucketOf(policy.principal);
  const resource = bucketOf(policy.resource);
  return {
    actions: bucketsOfAction(policy.action),
    principal: principal.bucket,
    resource: resource.bucket,
    ...(principal.type === undefined ? {} : { principalType: principal.type }),
    ...(resource.type === undefined ? {} : { resourceType: resource.type }),
  };
}

type EntityConstraint = PolicyJson['principal'];
type UidJson = { __entity: { type: string; id: string } } | { type: string; id: string };

function keyOfUid(json: UidJson): string {
  const { type, id } = '__entity' in json ? json.__entity : json;
  return new EntityUid(type, id).key;
}

function keyOfConstraint(constraint: { entity: UidJson } | { slot: string }): string {
  // The parser refuses templates, so a slot cannot stand here. Filed where no request looks, it would grant nothing.
  return 'slot' in constraint ? '' : keyOfUid(constraint.entity);
}

function bucketOf(constraint: EntityConstraint): { bucket: Bucket; type?: string } {
  switch (constraint.op) {
    case 'All':
      return { bucket: ANY };
    case '==':
      return { bucket: exactly(keyOfConstraint(constraint)) };
    case 'in':
      return { bucket: within(keyOfConstraint(constraint)) };
    case 'is':
      return constraint.in === undefined
        ? { bucket: ofType(constraint.entity_type) }
        : { bucket: within(keyOfConstraint(constraint.in)), type: constraint.entity_type };
  }
}

function bucketsOfAction(constraint: PolicyJson['action']): Bucket[] {
  switch (constraint.op) {
    case 'All':
      return [ANY];
    case '==':
      return [exactly(keyOfConstraint(constraint))];
    case 'in': {
      const uids = 'entities' in constraint ? constraint.entities : [constraint.entity];
      return [...new Set(uids.map((uid) => within(keyOfUid(uid))))];
    }
  }
}
