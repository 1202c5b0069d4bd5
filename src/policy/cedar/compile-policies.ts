import type { CedarRequest, Closure } from './cedar-request.ts';
import { cedarLanguage, compileExpression, type Language } from './compile-expression.ts';
import { typeError } from './evaluation-error.ts';
import { type Narrowed, narrowScope } from './narrow-scope.ts';
import { Uncovered } from './operators.ts';
import type { ParsedPolicy } from './parse-policies.ts';
import type { Expression } from './policy-json.ts';
import { scopeOf } from './scope.ts';
import { ScopeIndex } from './scope-index.ts';
import { typeOf } from './value.ts';

export interface CompiledPolicy {
  readonly policy: ParsedPolicy;
  readonly ordinal: number;
  readonly filedAt: Narrowed;
  /**
   * Whether the conditions hold, given that the scope does. Throws `EvaluationError`. Absent where the compiler has
   * no closure; `uncovered` then says for what, and Cedar itself evaluates the policy.
   */
  readonly holds?: (request: CedarRequest) => boolean;
  readonly uncovered?: string;
}

export interface CompiledPolicies {
  readonly policies: readonly CompiledPolicy[];
  /** Every policy that can come to something for a request, and as few others as can be told by looking. */
  readonly index: ScopeIndex<CompiledPolicy>;
  /** The policies whose scope, as it is written, holds for a request. For people who ask why; slower. */
  inScope(request: CedarRequest): readonly CompiledPolicy[];
}

/** Compiles policies for `evaluatePolicies`. What has no closure is kept for Cedar itself, never left out. */
export function compilePolicies(parsed: readonly ParsedPolicy[], language: Language = cedarLanguage): CompiledPolicies {
  const policies = parsed.map((policy, ordinal) => compilePolicy(policy, ordinal, language));
  let byScope: ScopeIndex<CompiledPolicy> | undefined;
  return {
    policies,
    index: new ScopeIndex(policies),
    inScope(request) {
      byScope ??= new ScopeIndex(
        policies.map((policy) => ({ ...policy, filedAt: { scope: scopeOf(policy.policy.json), guards: [] } })),
      );
      return byScope.find(request);
    },
  };
}

function compilePolicy(policy: ParsedPolicy, ordinal: number, language: Language): CompiledPolicy {
  const filedAt = narrowScope(policy.json, language);
  try {
    return { policy, ordinal, filedAt, holds: compileConditions(policy, language) };
  } catch (error) {
    if (error instanceof Uncovered) return { policy, ordinal, filedAt, uncovered: error.message };
    throw error;
  }
}

function compileConditions(policy: ParsedPolicy, language: Language): (request: CedarRequest) => boolean {
  const clauses = policy.json.conditions.map(({ kind, body }) => {
    // An expression is an object with one member named for its operator; the engine's own type is a union of those.
    const closure = compileExpression(body as unknown as Expression, language);
    return kind === 'when' ? asTest(closure, true) : asTest(closure, false);
  });
  const [first, second] = clauses;
  if (!first) return () => true;
  if (!second) return first;
  return (request) => clauses.every((clause) => clause(request));
}

function asTest(closure: Closure, wanted: boolean): (request: CedarRequest) => boolean {
  return (request) => {
    const value = closure(request);
    if (typeof value !== 'boolean') throw typeError('bool', typeOf(value));
    return value === wanted;
  };
}
