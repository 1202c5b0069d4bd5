import { limits } from '../../base/limits.ts';
import { startRunSchema } from '../../contract/http.ts';
import type { NewTokenClaims } from '../../contract/tokens.ts';
import type { Run } from '../../model/run.ts';
import { recordReading } from './record-reading.ts';
import { RequestRefused, respondJson } from './refuse.ts';
import { ofTenant, type Route, type RouteRequest, route } from './route.ts';
import { viewRun, viewTime } from './views.ts';

type FoundRun = Run & { readonly endedAtMs?: number; readonly pausedFor?: string };

/** Runs: a host application starts them, attesting user and prompt, and gets the token its agent works with. */
export const runRoutes: readonly Route[] = [
  route('POST', '/v1/runs', ['host'], async (request) => {
    const { claims, runtime, clock, signer } = request;
    const { user, lifetime, parent, ...wanted } = await request.read(startRunSchema);
    if (parent !== undefined && (user !== undefined || wanted.prompt.length > 0)) {
      const detail = '/parent: user and prompt are those of the run it is started from';
      throw new RequestRefused('E_REQUEST_INVALID', { detail });
    }
    const started = await runtime.startRun({
      ...wanted,
      tenant: claims.tenant,
      ...(user && { user }),
      ...(lifetime !== undefined && { lifetimeMs: lifetime }),
      ...(parent !== undefined && { parent }),
    });
    const run = owned(request, started);
    const expiresAtMs = Math.min(run.expiresAtMs, clock.nowMs() + limits.tokenLifeMs);
    const token: NewTokenClaims = { kind: 'agent', sub: run.principal.agent, tenant: claims.tenant, run: run.id };
    let signed: string;
    try {
      signed = await signer.sign(token, request.audience, expiresAtMs);
    } catch (error) {
      await runtime.endRun(claims.tenant, run.id); // a run nobody holds a token of must not stay open
      throw error;
    }
    return respondJson(201, { run: viewRun(run), token: signed, expiresAt: viewTime(expiresAtMs) });
  }),

  route('GET', '/v1/runs/:id', ['host', 'person', 'agent'], async (request) => {
    const run = await readRun(request);
    await recordReading(request, `run ${run.id}`);
    return respondJson(200, { run: viewRun(run) });
  }),

  route('POST', '/v1/runs/:id/resume', ['person'], async (request) => {
    const { claims, runtime } = request;
    const run = await readRun(request);
    const { tenant, sub, presence } = claims;
    await runtime.resumeRun({ tenant, runId: run.id, by: sub, presence });
    return respondJson(200, { run: viewRun(await readRun(request)) });
  }),

  route('DELETE', '/v1/runs/:id', ['host'], async (request) => {
    const run = await readRun(request);
    await request.runtime.endRun(request.claims.tenant, run.id);
    return respondJson(200, { run: viewRun(await readRun(request)) });
  }),
];

export async function readRun(request: RouteRequest): Promise<FoundRun> {
  const { claims, id } = request;
  const found = owned(request, await request.runtime.readRun(claims.tenant, id));
  // An agent sees the run its token is bound to and no other, not even another one of its own.
  if (claims.kind === 'agent' && (claims.run !== id || claims.sub !== found.principal.agent)) {
    throw new RequestRefused('E_RUN_UNKNOWN');
  }
  return found;
}

function owned(request: RouteRequest, run: FoundRun | undefined): FoundRun {
  const found = ofTenant(request, request.claims.tenant, run, ({ principal }) => principal.tenant);
  if (!found) throw new RequestRefused('E_RUN_UNKNOWN');
  return found;
}
