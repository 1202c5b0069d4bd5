import type { CedarRequest } from './cedar-request.ts';
import type { PolicyJson } from './policy-json.ts';
import { EntityUid } from './value.ts';

/** A scope names one of these for principal, action and resource: anything, one entity, what is in one, or a type. */
type Bucket = string;
const ANY: Bucket = '*';
const exactly = (key: string): Bucket => `=${key}`;
const within = (key: string): Bucket => `<${key}`;
const ofType = (type: string): Bucket => `:${type}`;

type ByResource<T> = Map<Bucket, T[]>;
type ByPrincipal<T> = Map<Bucket, ByResource<T>>;

/** Where a policy's scope puts it. One entry per action it names. */
export interface Scope {
  readonly actions: readonly Bucket[];
  readonly principal: Bucket;
  readonly resource: Bucket;
  /** `is T in G` is filed under `G`; the types are then still to be checked. */
  readonly principalType?: string;
  readonly resourceType?: string;
}

export function scopeOf(policy: PolicyJson): Scope {
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

/** Policies by scope, so that a request meets only those that apply to it, however many there are. */
export class ScopeIndex<T extends { readonly ordinal: number; readonly scope: Scope }> {
  readonly #byAction = new Map<Bucket, ByPrincipal<T>>();

  constructor(policies: readonly T[]) {
    for (const policy of policies) {
      for (const action of policy.scope.actions) {
        const byPrincipal = getOrAdd(this.#byAction, action, () => new Map());
        const byResource: ByResource<T> = getOrAdd(byPrincipal, policy.scope.principal, () => new Map());
        getOrAdd(byResource, policy.scope.resource, () => []).push(policy);
      }
    }
  }

  /** The policies whose scope holds for `request`, in the order they were given. */
  find(request: CedarRequest): T[] {
    const found: T[] = [];
    const principals = bucketsFor(request, request.principal);
    const resources = bucketsFor(request, request.resource);
    for (const action of bucketsFor(request, request.action)) {
      const byPrincipal = this.#byAction.get(action);
      if (!byPrincipal) continue;
      for (const principal of principals) {
        const byResource = byPrincipal.get(principal);
        if (!byResource) continue;
        for (const resource of resources) {
          const policies = byResource.get(resource);
          if (policies) for (const policy of policies) if (typesHold(policy.scope, request)) found.push(policy);
        }
      }
    }
    if (found.length < 2) return found;
    found.sort((a, b) => a.ordinal - b.ordinal);
    // A policy that names two actions is found twice by a request that is in both.
    return found.filter((policy, i) => policy !== found[i - 1]);
  }
}

function typesHold(scope: Scope, request: CedarRequest): boolean {
  return (
    (scope.principalType === undefined || scope.principalType === request.principal.type) &&
    (scope.resourceType === undefined || scope.resourceType === request.resource.type)
  );
}

const cached = new WeakMap<EntityUid, { ancestors: unknown; buckets: readonly Bucket[] }>();

/** Every bucket `uid` is in. Kept per uid object, since tools and agents come back call after call. */
function bucketsFor(request: CedarRequest, uid: EntityUid): readonly Bucket[] {
  const ancestors = request.entities.get(uid.key)?.ancestors;
  const known = cached.get(uid);
  if (known && known.ancestors === ancestors) return known.buckets;
  const buckets = [ANY, exactly(uid.key), within(uid.key), ofType(uid.type)];
  if (ancestors) for (const key of ancestors.keys()) buckets.push(within(key));
  cached.set(uid, { ancestors, buckets });
  return buckets;
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
