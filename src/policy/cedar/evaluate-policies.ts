import { Fault } from '../../base/fault.ts';
import type { CedarRequest } from './cedar-request.ts';
import type { CompiledPolicies, CompiledPolicy } from './compile-policies.ts';
import { evaluateByCedar } from './evaluate-by-cedar.ts';
import { EvaluationError } from './evaluation-error.ts';
import type { ParsedPolicy } from './parse-policies.ts';

/** What each policy whose scope holds came to. Policies that did not apply are in none of the lists. */
export interface Outcomes {
  readonly permits: readonly ParsedPolicy[];
  readonly forbids: readonly ParsedPolicy[];
  /** Policies that could not be evaluated. Cedar would skip them; whoever decides here must deny. */
  readonly errors: readonly PolicyError[];
}

export interface PolicyError {
  readonly policy: ParsedPolicy;
  readonly message: string;
}

/** Evaluates the policies that apply to `request`. Lists are in the order the policies were given. Throws for bugs only. */
export function evaluatePolicies(compiled: CompiledPolicies, request: CedarRequest): Outcomes {
  const permits: ParsedPolicy[] = [];
  const forbids: ParsedPolicy[] = [];
  const errors: PolicyError[] = [];
  for (const candidate of compiled.index.find(request)) {
    const { policy } = candidate;
    const outcome = evaluate(candidate, request);
    if (typeof outcome === 'string') errors.push({ policy, message: outcome });
    else if (outcome) (policy.effect === 'permit' ? permits : forbids).push(policy);
  }
  return { permits, forbids, errors };
}

/** Whether the policy holds, or why that cannot be told. */
function evaluate(candidate: CompiledPolicy, request: CedarRequest): boolean | string {
  try {
    return candidate.holds ? candidate.holds(request) : evaluateByCedar(candidate.policy, request);
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof Fault) return error.message;
    // Policies and arguments come from outside; a stack they exhaust is theirs, and denies like any other failure.
    if (error instanceof RangeError) return 'the evaluation needs too much memory or depth';
    throw error;
  }
}
