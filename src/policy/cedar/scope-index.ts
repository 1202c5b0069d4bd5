import type { CedarRequest } from './cedar-request.ts';
import { EvaluationError } from './evaluation-error.ts';
import type { Guard, Narrowed } from './narrow-scope.ts';
import { ANY, type Bucket, exactly, ofType, type Scope, within } from './scope.ts';
import { EntityUid } from './value.ts';

type ByResource<T extends Filed> = Map<Bucket, GuardedList<T>>;
type ByPrincipal<T extends Filed> = Map<Bucket, ByResource<T>>;

/** What can be found by scope and guards. */
interface Filed {
  readonly ordinal: number;
  readonly filedAt: Narrowed;
}

/** Policies by scope, so that a request meets only those that apply to it, however many there are. */
export class ScopeIndex<T extends Filed> {
  readonly #byAction = new Map<Bucket, ByPrincipal<T>>();

  constructor(policies: readonly T[]) {
    for (const policy of policies) {
      const { scope, guards } = policy.filedAt;
      for (const action of scope.actions) {
        const byPrincipal = getOrAdd(this.#byAction, action, () => new Map());
        const byResource: ByResource<T> = getOrAdd(byPrincipal, scope.principal, () => new Map());
        getOrAdd(byResource, scope.resource, () => new GuardedList<T>()).add(policy, guards);
      }
    }
  }

  /** The policies whose scope holds for `request` and that no guard leaves out, in the order they were given. */
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
          byResource.get(resource)?.collect(request, found);
        }
      }
    }
    if (found.length < 2) return found;
    found.sort((a, b) => a.ordinal - b.ordinal);
    // A policy that names two actions is found twice by a request that is in both.
    return found.filter((policy, i) => policy !== found[i - 1]);
  }
}

/** Policies of one scope, by the attributes their conditions look at first. */
class GuardedList<T extends Filed> {
  readonly #open: T[] = [];
  readonly #branches = new Map<string, Branch<T>>();

  add(policy: T, [guard, ...others]: readonly Guard[]): void {
    if (guard === undefined) {
      this.#open.push(policy);
      return;
    }
    const branch = getOrAdd(this.#branches, guard.attribute, (): Branch<T> => {
      return { read: guard.read, all: [], byConstant: new Map() };
    });
    branch.all.push(policy);
    getOrAdd(branch.byConstant, guard.constant, () => new GuardedList<T>()).add(policy, others);
  }

  collect(request: CedarRequest, found: T[]): void {
    take(this.#open, request, found);
    for (const { read, all, byConstant } of this.#branches.values()) {
      const value = readKey(read, request);
      // What cannot be read is for the condition itself to fail on.
      if (value === undefined) take(all, request, found);
      else byConstant.get(value)?.collect(request, found);
    }
  }
}

interface Branch<T extends Filed> {
  readonly read: Guard['read'];
  readonly all: T[];
  readonly byConstant: Map<Guard['constant'], GuardedList<T>>;
}

function take<T extends Filed>(policies: readonly T[], request: CedarRequest, found: T[]): void {
  for (const policy of policies) if (typesHold(policy.filedAt.scope, request)) found.push(policy);
}

/** An attribute as guards compare it. Undefined where it cannot be read, or is nothing that a guard is compared with. */
function readKey(read: Guard['read'], request: CedarRequest): Guard['constant'] | undefined {
  try {
    const value = read(request);
    if (typeof value === 'string' || typeof value === 'boolean') return value;
    return value instanceof EntityUid ? value.key : undefined;
  } catch (error) {
    if (error instanceof EvaluationError) return undefined;
    throw error;
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
