import type { Decision } from '../model/decision.ts';
import type { Outcomes } from './cedar/evaluate-policies.ts';
import { toCedarRequest } from './cedar/to-cedar-request.ts';
import type { DecisionRequest, Explanation, TraceStep } from './kernel.ts';
import { findNearestChange } from './nearest-change.ts';
import type { Rule } from './rule.ts';
import type { Ground } from './what-if.ts';

/** The inside of a kernel, as an explanation needs it. */
export interface KernelParts extends Ground {
  conclude(request: DecisionRequest, outcomes: Outcomes): Decision;
}

/** Decides once more, and tells what every rule of the book did. Throws for bugs only. */
export function explain(request: DecisionRequest, parts: KernelParts): Explanation {
  const { book } = parts;
  const cedarRequest = toCedarRequest(request, parts.manifest.users.attributes);
  const outcomes = book.evaluate(cedarRequest);
  const decision = parts.conclude(request, outcomes);
  const nearestChange = findNearestChange(request, parts);

  const inScope = new Set(book.inScope(cedarRequest));
  const satisfied = new Set([...outcomes.permits, ...outcomes.forbids].map(book.ruleOf));
  const failed = new Map(outcomes.errors.map(({ policy, message }) => [book.ruleOf(policy), message]));
  const determining = new Set(decision.reasons.map((reason) => reason.policy));
  const outcomeOf = (rule: Rule): TraceStep['outcome'] => {
    if (failed.has(rule)) return 'error';
    if (satisfied.has(rule)) return 'satisfied';
    return inScope.has(rule) ? 'unsatisfied' : 'out-of-scope';
  };
  const trace = book.rules.map((rule): TraceStep => {
    const { id, kind, place, explicit } = rule;
    const message = failed.get(rule);
    return {
      id,
      kind,
      place,
      explicit,
      outcome: outcomeOf(rule),
      determining: determining.has(id),
      ...(message === undefined ? {} : { message }),
    };
  });
  return { decision: nearestChange === undefined ? decision : { ...decision, nearestChange }, trace };
}
