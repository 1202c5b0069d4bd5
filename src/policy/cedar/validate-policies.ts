import type { SchemaJson, ValidationError } from '@cedar-policy/cedar-wasm/nodejs';
import { useCedar } from './cedar-engine.ts';
import type { ParsedPolicy } from './parse-policies.ts';
import { describeError, policyFault } from './policy-fault.ts';

export type CedarSchema = SchemaJson<string>;

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
    throw policyFault(
      answer.errors.map((error) => `the policies cannot be checked against the tools: ${error.message}`),
    );
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
  if (problems.length > 0) throw policyFault(problems);
  return [...new Set(describe(answer.validationWarnings))];
}
