import type { Decision } from '../model/decision.ts';
import type { Run } from '../model/run.ts';
import type { DecisionRequest, Kernel } from '../policy/kernel.ts';

const STRICTNESS = { permit: 0, ask: 1, deny: 2 } as const;

/**
 * What policy says of a call, to its agent and to every agent its run was started from: delegation only narrows, so what
 * one of them may not do is not done for it by another. The strictest answer stands, with the duties of all of them.
 */
export function decideForLineage(kernel: Kernel, request: DecisionRequest, run: Run): Decision {
  let decision = kernel.decide(request);
  const above = new Set((run.lineage ?? []).map(({ agent }) => agent));
  above.delete(run.principal.agent);
  for (const agent of above) {
    decision = stricter(decision, kernel.decide({ ...request, principal: { ...request.principal, agent } }));
  }
  return decision;
}

function stricter(one: Decision, other: Decision): Decision {
  const obligations = [...one.obligations, ...other.obligations];
  if (STRICTNESS[other.verdict] > STRICTNESS[one.verdict]) return { ...other, obligations };
  const bothAsk = one.verdict === 'ask' && other.verdict === 'ask';
  return { ...one, obligations, reasons: bothAsk ? [...one.reasons, ...other.reasons] : one.reasons };
}
