import { errorEntry } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { type CallAnswerBody, type CallReceiptBody, callSchema } from '../../contract/http.ts';
import type { Trace } from '../../model/trace.ts';
import { parseTrace } from '../../model/trace.ts';
import { recordReading } from './record-reading.ts';
import { RequestRefused, respondJson, respondRefusal, viewReceipt } from './refuse.ts';
import { ofTenant, type Route, type RouteRequest, route } from './route.ts';
import type { AgentCaller } from './runtime.ts';
import { viewResult, viewTool } from './views.ts';

/** What an agent may do: see its tools and call them, and have it proved that its calls are on record. */
export const callRoutes: readonly Route[] = [
  route('GET', '/v1/tools', ['agent'], async (request) => {
    const tools = await request.runtime.listTools(callerOf(request));
    return respondJson(200, { tools: tools.map(viewTool) });
  }),

  route('POST', '/v1/calls', ['agent'], async (request) => {
    const wanted = await request.read(callSchema);
    // the body was checked to be JSON all the way down
    const given = wanted.arguments as JsonObject | undefined;
    const args = given ?? (wanted.approval === undefined ? {} : undefined);
    const call = {
      tool: wanted.tool,
      ...(args !== undefined && { arguments: args }),
      ...(wanted.approval !== undefined && { approvalId: wanted.approval }),
      ...(wanted.purpose !== undefined && { purpose: wanted.purpose }),
      ...readKey(request),
      ...readTrace(request),
      ...readRequestId(request),
    };
    const answer = await request.runtime.call(callerOf(request), call, request.signal);
    const { callId } = answer;
    const receipt = answer.receipt === undefined ? {} : { receipt: viewReceipt(answer.receipt) };
    if (answer.kind === 'result') {
      return respondJson(200, {
        status: 'completed',
        callId,
        result: viewResult(answer.result),
        ...receipt,
      } satisfies CallAnswerBody);
    }
    if (answer.code === 'E_APPROVAL_PENDING' && answer.approvalId !== undefined) {
      const { http, toModel } = errorEntry(answer.code);
      const approval = { id: answer.approvalId };
      const pending = { status: 'pending', callId, message: toModel, approval, ...receipt } satisfies CallAnswerBody;
      return respondJson(http, pending);
    }
    const { retryAfterMs } = answer;
    return respondRefusal(answer.code, 'model', {
      callId,
      ran: answer.ran,
      ...receipt,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }),

  route('GET', '/v1/calls/:id/receipt', ['agent', 'host', 'person'], async (request) => {
    const { claims, runtime, id } = request;
    const caller =
      claims.kind === 'agent' ? { agent: claims.sub, ...(claims.run && { runId: claims.run }) } : undefined;
    const read = await runtime.readReceipt(claims.tenant, id, caller);
    const found = ofTenant(request, claims.tenant, read, ({ tenant }) => tenant);
    if (found === undefined) throw new RequestRefused('E_NOT_FOUND');
    await recordReading(request, `receipt ${id}`);
    const receipt = { callId: id, ...viewReceipt(found) };
    if (found.proof === undefined) {
      const pending = { status: 'pending', ...receipt } satisfies CallReceiptBody;
      return respondJson(202, pending, { 'retry-after': '1' });
    }
    return respondJson(200, { status: 'proved', ...receipt, proof: found.proof } satisfies CallReceiptBody);
  }),
];

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** The caller's own key for the call, where it sends one. Quoted or not, it is the text as it stands. */
function readKey({ head }: RouteRequest): { readonly key?: string } {
  const key = head.header('idempotency-key');
  if (key === undefined) return {};
  if (key.length <= limits.callKeyChars && VISIBLE_ASCII.test(key)) return { key };
  throw new RequestRefused('E_REQUEST_INVALID', {
    detail: `Idempotency-Key: expected 1 to ${limits.callKeyChars} visible ASCII characters, without spaces`,
  });
}

function readTrace({ head }: RouteRequest): { readonly trace?: Trace } {
  const trace = parseTrace(head.header('traceparent'));
  return trace === undefined ? {} : { trace };
}

/** The caller's own id of its request, for the record. */
function readRequestId({ head }: RouteRequest): { readonly requestId?: string } {
  const requestId = head.header('x-request-id');
  return requestId === undefined ? {} : { requestId };
}

function callerOf({ claims }: RouteRequest<'agent'>): AgentCaller {
  return { tenant: claims.tenant, agent: claims.sub, ...(claims.run !== undefined && { runId: claims.run }) };
}
