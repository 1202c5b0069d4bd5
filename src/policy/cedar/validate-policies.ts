import type { SchemaJson, ValidationError } from '@cedar-policy/cedar-wasm/nodejs';
import { Fault } from '../../base/fault.ts';
import { useCedar } from './cedar-engine.ts';
import { describeError, type ParsedPolicy } from './parse-policies.ts';

export type CedarSchema = SchemaJson<string>;

/** Problems listed in one fault. */
const PROBLEMS_SHOWN = 10;

/**
 * Checks policies against a schema with Cedar's strict validation. Throws a `Fault` `E_POLICY_INVALID` listing, as
 * `file:line:column: message`, every misspelt attribute, unknown action, unguarded optional attribute and type error.
 *
 * @returns what is suspicious but no error, in the same form: a policy that can never apply, say.
 */
export function validatePolicies(policies: readonly ParsedPolicy[], schema: CedarSchema): string[] {
  // Numbered, not named by id: the engine hands the names back and an id is whatever an author wrote.
  const staticPolicies = Object.fromEntries(policies.map((policy, i) => [`p${i}`, policy.text]));
  const answer = useCedar((cedar) => cedar.validate({ schema, policies: { staticPolicies } }));
  if (answer.type === 'failure') {
    const reasons = answer.errors.map((error) => error.message).slice(0, PROBLEMS_SHOWN);
    throw new Fault('E_POLICY_INVALID', `the policies cannot be checked against the tools: ${reasons.join('\n')}`);
  }
  const ordinalOf = (problem: ValidationError) => Number(problem.policyId.slice(1));
  const describe = (found: readonly ValidationError[]) =>
    [...found] // the engine lists them in no order
      .sort((a, b) => ordinalOf(a) - ordinalOf(b))
      .map((problem) => {
        const policy = policies[ordinalOf(problem)];
        return policy ? describeError(policy, problem.error) : problem.error.message;
      });
  const problems = [...new Set(describe(answer.validationErrors))];
  if (problems.length > 0) {
    const rest = problems.length - PROBLEMS_SHOWN;
    const shown = problems.slice(0, PROBLEMS_SHOWN);
    if (rest > 0) shown.push(`and ${rest} more`);
    throw new Fault('E_POLICY_INVALID', shown.join('\n'));
  }
  return [...new Set(describe(answer.validationWarnings))];
}
