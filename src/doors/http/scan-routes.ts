import { type IngestedBody, ingestSchema, type ScannedBody, scanSchema } from '../../contract/http.ts';
import { respondJson, respondRefusal } from './refuse.ts';
import { type Route, route } from './route.ts';
import { readRun } from './run-routes.ts';
import { viewScan } from './views.ts';

/** Content that no tool brought: looked at, and, for a run, recorded as read. */
export const scanRoutes: readonly Route[] = [
  route('POST', '/v1/runs/:id/ingest', ['host', 'agent'], async (request) => {
    const { claims, runtime } = request;
    const run = await readRun(request);
    const what = await request.read(ingestSchema);
    const { tenant, agent } = run.principal;
    const answer = await runtime.ingest({ tenant, agent, runId: run.id, attested: claims.kind === 'host', what });
    if (answer.kind === 'refused') return respondRefusal(answer.code, claims.kind === 'host' ? 'operator' : 'model');
    const { id, text, added, altered, scan } = answer;
    return respondJson(200, {
      id,
      ...viewScan(scan),
      ...(text !== undefined && { text }),
      ...(added !== undefined && { added }),
      ...(altered !== undefined && { altered: { message: altered.message, how: altered.how } }),
    } satisfies IngestedBody);
  }),

  route('POST', '/v1/scan', ['host', 'agent', 'person'], async (request) => {
    const wanted = await request.read(scanSchema);
    const scan = await request.runtime.scan({ tenant: request.claims.tenant, ...wanted });
    return respondJson(200, viewScan(scan) satisfies ScannedBody);
  }),
];
