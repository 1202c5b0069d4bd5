import type { ReportedBody, TemplateBody } from '../../contract/http.ts';
import { modelStepSchema, templateSchema } from '../../contract/model-step.ts';
import { respondJson } from './refuse.ts';
import { type Route, route } from './route.ts';
import { readRun } from './run-routes.ts';

/** What models did, as whoever asked them reports it: written here, and never read. */
export const stepRoutes: readonly Route[] = [
  route('POST', '/v1/runs/:id/steps', ['host', 'agent'], async (request) => {
    const run = await readRun(request);
    const step = await request.read(modelStepSchema);
    const { tenant, agent } = run.principal;
    const attested = request.claims.kind === 'host';
    const id = await request.runtime.reportStep({ tenant, agent, runId: run.id, attested, step });
    return respondJson(201, { id } satisfies ReportedBody);
  }),

  route('POST', '/v1/templates', ['host'], async (request) => {
    const template = await request.read(templateSchema);
    const digest = await request.runtime.registerTemplate(request.claims.tenant, template);
    return respondJson(201, { id: template.id, version: template.version, digest } satisfies TemplateBody);
  }),
];
