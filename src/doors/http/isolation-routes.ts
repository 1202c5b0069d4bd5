import {
  type IsolationsBody,
  resumeSchema,
  type StoppedBody,
  type StopTarget,
  scopeOf,
  stopSchema,
} from '../../contract/isolation.ts';
import { type IsolationScope, printScope } from '../../model/isolation.ts';
import { mayDo } from '../../model/person.ts';
import { RequestRefused, respondJson } from './refuse.ts';
import { type Route, type RouteRequest, route } from './route.ts';
import type { StopOutcome } from './runtime.ts';
import { viewTime } from './views.ts';

/** Stopping, and letting back. */
export const isolationRoutes: readonly Route[] = [
  route('GET', '/v1/isolations', ['person'], async (request) => {
    const { isolations, switches } = await request.runtime.listIsolations(request.claims.tenant);
    const body: IsolationsBody = {
      isolations: isolations.map(({ scope, reason, atMs, by, incident, seen }) => ({
        scope,
        reason,
        since: viewTime(atMs),
        by: [...by],
        incident,
        seen,
      })),
      switches: switches.map(({ scope, place, broken, seen }) => ({
        scope,
        file: place,
        seen,
        ...(broken === undefined ? {} : { broken }),
      })),
    };
    return respondJson(200, body);
  }),

  route('POST', '/v1/stop', ['person'], async (request) => {
    const { reason, incident, preview, ...target } = await request.read(stopSchema);
    const scope = await ownScope(request, target);
    const { tenant, sub, presence } = request.claims;
    const by = { tenant, person: sub, presence, reason, incident };
    const outcome = preview ? await request.runtime.previewStop(scope, tenant) : await request.runtime.stop(scope, by);
    return respondJson(200, viewStop(printScope(scope), outcome, !preview));
  }),

  route('POST', '/v1/resume', ['person'], async (request) => {
    const { reason, seen, cause, control, ...target } = await request.read(resumeSchema);
    const scope = await ownScope(request, target);
    const { tenant, sub, presence, roles } = request.claims;
    const settles = cause !== undefined && control !== undefined;
    if (settles && !mayDo(roles, 'incident.close')) throw new RequestRefused('E_ROLE_MISSING');
    await request.runtime.resume(scope, {
      tenant,
      person: sub,
      presence,
      reason,
      seen,
      ...(cause === undefined ? {} : { cause }),
      ...(control === undefined ? {} : { control }),
    });
    return respondJson(200, { scope: printScope(scope), stopped: false });
  }),
];

/** The scope that is named, if it is the tenant's own: nobody stops or lets back what is another's. */
async function ownScope(request: RouteRequest<'person'>, target: StopTarget): Promise<IsolationScope> {
  const { tenant } = request.claims;
  const scope = scopeOf(tenant, target);
  if (scope === undefined) throw new RequestRefused('E_REQUEST_INVALID', { detail: 'nothing can be of that name' });
  // Everything is the business of the tenant whose gateway this is.
  if (scope.kind === 'all' && tenant !== request.runtime.tenant) throw new RequestRefused('E_ROLE_MISSING');
  if (scope.kind === 'run' && (await request.runtime.readRun(tenant, scope.run)) === undefined)
    throw new RequestRefused('E_RUN_UNKNOWN');
  return scope;
}

export function viewStop(
  scope: string,
  { inFlight, approvals, leases, effect }: StopOutcome,
  stopped: boolean,
): StoppedBody {
  const running = inFlight.length;
  const verb = stopped ? 'stops new calls immediately' : 'would stop new calls immediately';
  return {
    scope,
    stopped,
    message: `${verb}; ${running} in flight cannot be recalled`,
    inFlight: inFlight.map(({ callId, runId, agent, tool, atMs }) => ({
      callId,
      runId,
      agent,
      tool,
      since: viewTime(atMs),
    })),
    approvals: approvals.length,
    ...(leases === undefined ? {} : { leases: { returned: leases.returned, standing: leases.standing } }),
    ...(effect === undefined
      ? {}
      : {
          effect: {
            commitMs: effect.commitMs,
            gateways: effect.gateways,
            ...(effect.seenMs === undefined ? {} : { seenMs: effect.seenMs }),
            missing: [...effect.missing],
          },
        }),
  };
}
