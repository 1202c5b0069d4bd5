import { answerSchema, eventsQuerySchema } from '../../contract/http.ts';
import type { Approval } from '../../model/approval.ts';
import { recordReading } from './record-reading.ts';
import { RequestRefused, respondJson } from './refuse.ts';
import { ofTenant, parseRequest, type Route, type RouteRequest, route } from './route.ts';
import { viewApproval, viewCard, viewEvent, viewExplanation } from './views.ts';

const APPROVALS_PER_PAGE = 1_000;

/** What a person may do: answer approvals, and read why something was decided and what happened. */
export const personRoutes: readonly Route[] = [
  route('GET', '/v1/approvals', ['person'], async (request) => {
    const { tenant } = request.claims;
    await recordReading(request, 'approvals');
    const approvals: Approval[] = [];
    for (const approval of await request.runtime.listApprovals(tenant, APPROVALS_PER_PAGE)) {
      if (ofTenant(request, tenant, approval, (found) => found.tenant)) approvals.push(approval);
    }
    return respondJson(200, { approvals: approvals.map(viewApproval) });
  }),

  route('GET', '/v1/approvals/:id', ['person'], async (request) => {
    const approval = await readApproval(request);
    await recordReading(request, `approval ${approval.id}`);
    const card = viewCard(await request.runtime.readCard(approval));
    return respondJson(200, { approval: viewApproval(approval), card });
  }),

  route('POST', '/v1/approvals/:id/answer', ['person'], async (request) => {
    const { approve, confirm } = await request.read(answerSchema);
    const { claims, runtime } = request;
    const { id } = await readApproval(request);
    const answered = await runtime.answerApproval({
      tenant: claims.tenant,
      approvalId: id,
      approve,
      by: claims.sub,
      presence: claims.presence,
      groups: claims.groups,
      ...(confirm !== undefined && { confirm }),
    });
    return respondJson(200, { approval: viewApproval(answered) });
  }),

  route('GET', '/v1/decisions/:id', ['person'], async (request) => {
    const { tenant } = request.claims;
    const found = await request.runtime.explain(tenant, request.id);
    const events = found?.events ?? [];
    const owned = ofTenant(
      request,
      tenant,
      found,
      () => events.find((event) => event.tenant !== tenant)?.tenant ?? tenant,
    );
    // Before it is handed out, and only of what there is: an id that leads nowhere is its sender's own text.
    if (!owned) throw new RequestRefused('E_NOT_FOUND');
    await recordReading(request, `decision ${request.id}`);
    return respondJson(200, viewExplanation(owned));
  }),

  route('GET', '/v1/events', ['person'], async (request) => {
    const { tenant } = request.claims;
    await recordReading(request, 'events');
    const { after, limit } = parseRequest(eventsQuerySchema, Object.fromEntries(request.query));
    const read = await request.runtime.readEvents(tenant, after, limit);
    const events = read.filter((event) => ofTenant(request, tenant, event, (found) => found.tenant));
    return respondJson(200, { events: events.map(viewEvent), next: read.at(-1)?.seq ?? after });
  }),
];

async function readApproval(request: RouteRequest<'person'>): Promise<Approval> {
  const { tenant } = request.claims;
  const read = await request.runtime.readApproval(tenant, request.id);
  const found = ofTenant(request, tenant, read, (approval) => approval.tenant);
  if (!found) throw new RequestRefused('E_NOT_FOUND');
  return found;
}
