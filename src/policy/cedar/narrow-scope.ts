import type { Closure } from './cedar-request.ts';
import { compileExpression, type Language } from './compile-expression.ts';
import { Uncovered } from './operators.ts';
import type { Expression, PolicyJson } from './policy-json.ts';
import { ANY, type Scope, scopeOf } from './scope.ts';
import { EntityUid } from './value.ts';

/** A test that a policy's conditions begin with: an attribute equals a constant. */
export interface Guard {
  /** Equal for two guards exactly when they look at the same attribute. */
  readonly attribute: string;
  /** The attribute of a request. Throws `EvaluationError` as the condition itself would. */
  readonly read: Closure;
  /** The constant: a string, a truth value, or the key of an entity. */
  readonly constant: string | boolean;
}

/** Where the conditions of a policy allow it to be filed, besides its scope. */
export interface Narrowed {
  readonly scope: Scope;
  /** In the order in which the conditions look. */
  readonly guards: readonly Guard[];
}

/**
 * Reads what a policy's conditions begin with, so that a policy written without a scope is found as fast as one that has
 * it. Only what is looked at first counts, and only while looking cannot fail, so that leaving a policy out where one of
 * these tests is false is exactly what evaluating it would have come to:
 *
 * - at the head, tests of `principal`, `action` and `resource` against constants never fail: they narrow the scope;
 * - an attribute that equals a constant is a guard: a request in which it can be read and is another leaves the policy
 *   out, one in which it cannot be read still evaluates it.
 */
export function narrowScope(policy: PolicyJson, language: Language): Narrowed {
  let scope = scopeOf(policy);
  const guards: Guard[] = [];
  for (const { kind, body } of policy.conditions) {
    if (kind !== 'when') break;
    // An expression is an object with one member named for its operator; the engine's own type is a union of those.
    for (const conjunct of conjunctsOf(body as unknown as Expression)) {
      const test = guards.length === 0 ? asScopeTest(conjunct) : undefined;
      const guard = test === undefined ? asGuard(conjunct, language) : undefined;
      if (test !== undefined) scope = intersect(scope, test);
      else if (guard !== undefined) guards.push(guard);
      else return { scope, guards };
    }
  }
  return { scope, guards };
}

/** `a && b && c`, in the order of evaluation. */
function* conjunctsOf(expression: Expression): Generator<Expression> {
  const both = expression['&&'] as { left: Expression; right: Expression } | undefined; // the parser promises the shape
  if (both === undefined) return yield expression;
  yield* conjunctsOf(both.left);
  yield* conjunctsOf(both.right);
}

type Variable = 'principal' | 'action' | 'resource';
/** The part of a policy that a scope test would be, had it been written there. */
type ScopeTest = Partial<Pick<PolicyJson, Variable>>;

/** A test of one variable as the scope would write it. Undefined for all else, such as a test of one against another. */
function asScopeTest(expression: Expression): ScopeTest | undefined {
  const [operator] = Object.keys(expression);
  if (operator !== '==' && operator !== 'in' && operator !== 'is') return undefined;
  // The parser promises the shape.
  const node = expression[operator] as { left: Expression; right?: Expression; entity_type?: string; in?: Expression };
  const variable = node.left['Var'];
  if (variable !== 'principal' && variable !== 'action' && variable !== 'resource') return undefined;
  if (operator === 'is') {
    // The scope of an action has no `is`, so such a test is left where it is.
    if (variable === 'action' || node.entity_type === undefined || node.in !== undefined) return undefined;
    return { [variable]: { op: 'is', entity_type: node.entity_type } };
  }
  const entity = node.right && entityOf(node.right);
  if (entity) return { [variable]: { op: operator, entity } };
  if (variable !== 'action' || operator !== 'in' || !Array.isArray(node.right?.['Set'])) return undefined;
  const entities = (node.right['Set'] as readonly Expression[]).map(entityOf); // the parser promises a list
  return entities.every((one) => one !== undefined) ? { action: { op: 'in', entities } } : undefined;
}

function entityOf(expression: Expression): { type: string; id: string } | undefined {
  const value = expression['Value'] as { __entity?: { type: string; id: string } } | null | undefined; // any JSON
  return value !== null && typeof value === 'object' ? value.__entity : undefined;
}

/** Both, where the scope does not say anything of the variable yet; else the scope alone, which finds no less. */
function intersect(scope: Scope, test: ScopeTest): Scope {
  const all = { op: 'All' } as const;
  const other = scopeOf({ principal: all, action: all, resource: all, ...test });
  const { principalType, resourceType } = other;
  const free = {
    principal: scope.principal === ANY && scope.principalType === undefined,
    action: scope.actions.length === 1 && scope.actions[0] === ANY,
    resource: scope.resource === ANY && scope.resourceType === undefined,
  };
  return {
    ...scope,
    ...(test.principal && free.principal && { principal: other.principal, ...(principalType && { principalType }) }),
    ...(test.action && free.action && { actions: other.actions }),
    ...(test.resource && free.resource && { resource: other.resource, ...(resourceType && { resourceType }) }),
  };
}

function asGuard(expression: Expression, language: Language): Guard | undefined {
  const both = expression['=='] as { left: Expression; right: Expression } | undefined; // the parser promises the shape
  if (both === undefined) return undefined;
  return guardOf(both.left, both.right, language) ?? guardOf(both.right, both.left, language);
}

function guardOf(attribute: Expression, literal: Expression, language: Language): Guard | undefined {
  if (!isAttribute(attribute)) return undefined;
  const value = literal['Value'];
  const entity = entityOf(literal);
  const constant = entity === undefined ? value : new EntityUid(entity.type, entity.id).key;
  // Numbers have more than one form, and are left to the comparison itself.
  if (typeof constant !== 'string' && typeof constant !== 'boolean') return undefined;
  try {
    return { attribute: JSON.stringify(attribute), read: compileExpression(attribute, language), constant };
  } catch (error) {
    if (error instanceof Uncovered) return undefined;
    throw error;
  }
}

/** `context.run.integrity`, `resource.name`, `principal`: reading it does nothing but follow names. */
function isAttribute(expression: Expression): boolean {
  if ('Var' in expression) return true;
  const access = expression['.'] as { left: Expression } | undefined; // the parser promises the shape
  return access !== undefined && isAttribute(access.left);
}
