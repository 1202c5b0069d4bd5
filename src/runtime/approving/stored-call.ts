import type { CallRequest } from '../line/call-request.ts';
import { type Refusal, refuse } from '../line/refusal.ts';
import type { World } from '../world.ts';

/**
 * The request that is meant by an approval and nothing else: the call that was asked about, as it is stored. Whoever
 * gives arguments as well is held to them, and to everything that any call is held to.
 */
export async function readStoredCall(world: World, request: CallRequest): Promise<CallRequest | Refusal> {
  const { approvalId, principal, runId } = request;
  if (approvalId === undefined || request.arguments !== undefined) return request;
  try {
    const approval = await world.store.readApproval(principal.tenant, approvalId);
    if (approval === undefined || approval.runId !== runId || approval.agent !== principal.agent)
      return refuse('E_APPROVAL_UNKNOWN', 'this run has no such approval');
    const { arguments: args, input } = approval;
    return {
      ...request,
      arguments: args,
      ...(input === undefined ? {} : { input: { ...request.input, responses: input } }),
    };
  } catch {
    return refuse('E_STORE', 'the approval could not be read');
  }
}
