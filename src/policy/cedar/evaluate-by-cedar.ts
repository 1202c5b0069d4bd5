import { Fault } from '../../base/fault.ts';
import { useCedar } from './cedar-engine.ts';
import type { CedarRequest } from './cedar-request.ts';
import { EvaluationError } from './evaluation-error.ts';
import type { ParsedPolicy } from './parse-policies.ts';
import { toCedarJson } from './to-cedar-json.ts';

/**
 * Whether one policy holds, by Cedar itself: the slow path for what has no closure, some 200 µs. The policy is sent as
 * text, which is exact where JSON is not. Throws `EvaluationError` as a closure does, and `Fault` if the engine fails.
 */
export function evaluateByCedar(policy: ParsedPolicy, request: CedarRequest): boolean {
  const json = toCedarJson(request);
  const policies = { staticPolicies: { policy: policy.text } };
  const answer = useCedar((cedar) => cedar.isAuthorized({ ...json, policies }));
  if (answer.type === 'failure') {
    throw new Fault('E_INTERNAL', `Cedar refused the request: ${answer.errors.map((e) => e.message).join('; ')}`);
  }
  const [error] = answer.response.diagnostics.errors;
  if (error) throw new EvaluationError(error.error.message);
  return answer.response.diagnostics.reason.length > 0;
}
