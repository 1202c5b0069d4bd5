import type { Decision, Reason } from '../model/decision.ts';
import type { Outcomes } from './cedar/evaluate-policies.ts';
import type { ParsedPolicy } from './cedar/parse-policies.ts';
import type { Rule } from './rule.ts';

export type RuleOf = (policy: ParsedPolicy) => Rule;

/** A verdict and the reasons that determined it. */
export interface Answer {
  readonly verdict: Decision['verdict'];
  readonly reasons: readonly Reason[];
}

/**
 * What the outcomes of all policies come to. In this order: any evaluation error denies, any plain forbid denies,
 * no permit denies, any `@ask` forbid asks, and only then is it a permit. So adding a forbid can only tighten, and
 * a policy that fails can never be a policy that is absent.
 *
 * @param unpermitted the reason to give where no policy permits.
 */
export function combine(outcomes: Outcomes, ruleOf: RuleOf, unpermitted: () => Reason): Answer {
  const control = combineControls(outcomes, ruleOf);
  if (control?.verdict === 'deny') return control;
  if (outcomes.permits.length === 0) return { verdict: 'deny', reasons: [unpermitted()] };
  return control ?? { verdict: 'permit', reasons: outcomes.permits.flatMap((policy) => ruleOf(policy).reasons) };
}

/** What the controls that a person wrote come to, by themselves. Undefined if none of them says anything. */
export function combineExplicit(outcomes: Outcomes, ruleOf: RuleOf): Answer | undefined {
  return combineControls(
    { ...outcomes, forbids: outcomes.forbids.filter((policy) => ruleOf(policy).explicit) },
    ruleOf,
  );
}

/** Errors and forbids: whatever they say, permits change nothing about it. An error may have been any control. */
function combineControls(outcomes: Outcomes, ruleOf: RuleOf): Answer | undefined {
  if (outcomes.errors.length > 0) {
    return { verdict: 'deny', reasons: outcomes.errors.map(({ policy, message }) => failed(ruleOf(policy), message)) };
  }
  if (outcomes.forbids.length === 0) return undefined;
  const rules = outcomes.forbids.map(ruleOf);
  const forbids = rules.filter((rule) => rule.kind !== 'ask');
  if (forbids.length > 0) return { verdict: 'deny', reasons: forbids.flatMap((rule) => rule.reasons) };
  return { verdict: 'ask', reasons: rules.flatMap((rule) => rule.reasons) };
}

function failed(rule: Rule, message: string): Reason {
  return {
    code: 'E_POLICY_ERROR',
    message: `policy \`${rule.id}\` could not be evaluated: ${message}`,
    policy: rule.id,
    place: rule.place,
  };
}
