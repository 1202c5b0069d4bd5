import { reportUsageSchema, type UsageBody } from '../../contract/http.ts';
import { spendSchema } from '../../model/budget.ts';
import { respondJson } from './refuse.ts';
import { type Route, route } from './route.ts';
import { readRun } from './run-routes.ts';
import type { BudgetUse } from './runtime.ts';

/** What a run has used, and what an application says its model used. */
export const usageRoutes: readonly Route[] = [
  route('POST', '/v1/runs/:id/usage', ['host', 'agent'], async (request) => {
    const { claims, runtime } = request;
    const run = await readRun(request);
    const { tokens, spend, model } = await request.read(reportUsageSchema);
    await runtime.reportUsage({
      tenant: claims.tenant,
      runId: run.id,
      by: claims.kind,
      ...(tokens !== undefined && { tokens }),
      ...(spend !== undefined && { spend: spendSchema.parse(spend) }),
      ...(model !== undefined && { model }),
    });
    return respondJson(200, viewUsage(await runtime.readUsage(claims.tenant, run.id)));
  }),

  route('GET', '/v1/runs/:id/usage', ['host', 'person', 'agent'], async (request) => {
    const run = await readRun(request);
    return respondJson(200, viewUsage(await request.runtime.readUsage(request.claims.tenant, run.id)));
  }),
];

function viewUsage(budgets: readonly BudgetUse[]): UsageBody {
  return {
    budgets: budgets.map(({ kind, whose, used, max, windowMs, advisory }) => ({
      kind,
      whose,
      used,
      ...(max !== undefined && { max }),
      ...(windowMs !== undefined && { windowMs }),
      advisory,
    })),
  };
}
