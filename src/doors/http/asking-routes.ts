import type { JsonObject } from '../../base/json.ts';
import { type DelegatedBody, dutySchema, type PlannedBody, planSchema } from '../../contract/asking.ts';
import { RequestRefused, respondJson, respondRefusal } from './refuse.ts';
import { type Route, route } from './route.ts';
import { readRun } from './run-routes.ts';
import { viewTime } from './views.ts';

/** Asking people about several calls at once, and letting somebody else answer. */
export const askingRoutes: readonly Route[] = [
  route('POST', '/v1/runs/:id/plans', ['host', 'agent'], async (request) => {
    const { principal, id: runId } = await readRun(request);
    const { calls } = await request.read(planSchema);
    const answer = await request.runtime.askPlan({
      principal,
      runId,
      calls: calls.map(({ tool, arguments: args, purpose }) => ({
        tool,
        arguments: args as JsonObject, // the body was checked to be JSON all the way down
        ...(purpose === undefined ? {} : { purpose }),
      })),
    });
    if (answer.kind === 'refused')
      return respondRefusal(answer.code, 'model', { detail: `/calls/${answer.index}`, ran: 'no' });
    const asked = answer.kind === 'asked';
    const body: PlannedBody = {
      status: asked ? 'pending' : 'permitted',
      ...(asked ? { plan: answer.planId } : {}),
      approvals: asked ? answer.approvals.map((each) => each ?? null) : calls.map(() => null),
    };
    return respondJson(asked ? 202 : 200, body);
  }),

  route('POST', '/v1/duties', ['person'], async (request) => {
    const { to, for: lifeMs } = await request.read(dutySchema);
    const { tenant, sub, presence } = request.claims;
    const delegated = await request.runtime.delegateDuty({ tenant, from: sub, to, lifeMs, presence });
    if (delegated.tenant !== tenant) throw new RequestRefused('E_NOT_FOUND');
    const { from, to: deputy, untilMs } = delegated;
    return respondJson(200, { from, to: deputy, until: viewTime(untilMs) } satisfies DelegatedBody);
  }),
];
