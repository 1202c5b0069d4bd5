import type { CedarRequest, Closure } from './cedar-request.ts';
import { cedarLanguage, compileExpression, type Language } from './compile-expression.ts';
import { typeError } from './evaluation-error.ts';
import { Uncovered } from './operators.ts';
import type { ParsedPolicy } from './parse-policies.ts';
import type { Expression } from './policy-json.ts';
import { type Scope, ScopeIndex, scopeOf } from './scope-index.ts';
import { typeOf } from './value.ts';

export interface CompiledPolicy {
  readonly policy: ParsedPolicy;
  readonly ordinal: number;
  readonly scope: Scope;
  /**
   * Whether the conditions hold, given that the scope does. Throws `EvaluationError`. Absent where the compiler has
   * no closure; `uncovered` then says for what, and Cedar itself evaluates the policy.
   */
  readonly holds?: (request: CedarRequest) => boolean;
  readonly uncovered?: string;
}

export interface CompiledPolicies {
  readonly policies: readonly CompiledPolicy[];
  readonly index: ScopeIndex<CompiledPolicy>;
}

/** Compiles policies for `evaluatePolicies`. What has no closure is kept for Cedar itself, never left out. */
export function compilePolicies(parsed: readonly ParsedPolicy[], language: Language = cedarLanguage): CompiledPolicies {
  const policies = parsed.map((policy, ordinal) => compilePolicy(policy, ordinal, language));
  return { policies, index: new ScopeIndex(policies) };
}

function compilePolicy(policy: ParsedPolicy, ordinal: number, language: Language): CompiledPolicy {
  const scope = scopeOf(policy.json);
  try {
    return { policy, ordinal, scope, holds: compileConditions(policy, language) };
  } catch (error) {
    if (error instanceof Uncovered) return { policy, ordinal, scope, uncovered: error.message };
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
