import { errorEntry } from '../../base/errors.ts';
import { Fault } from '../../base/fault.ts';
import { findJsonProblem, isJsonObject, type JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { RpcId, RpcMessage, RpcRequest } from '../../model/json-rpc.ts';
import { readClientCapabilities } from '../../model/mcp-capabilities.ts';
import { answerRequest, knowsMethod } from './answer-request.ts';
import { checkHeaderParameters } from './check-header-parameters.ts';
import { findForeignSite } from './check-site.ts';
import { type Channel, type DoorAnswer, fail, type McpClient, methodNotFound } from './client.ts';
import type { DoorState } from './door-state.ts';
import type { McpCaller } from './gate.ts';
import { HttpExchange } from './http-exchange.ts';
import { LegacySession } from './legacy-session.ts';
import type { Peers } from './peers.ts';
import { LEGACY_VERSIONS, LOG_LEVELS, META, MODERN_VERSION } from './protocol.ts';
import { readBody } from './read-body.ts';
import { readInbound } from './read-inbound.ts';
import type { Sessions } from './sessions.ts';
import { openSubscription } from './subscription.ts';

export interface HttpState {
  readonly door: DoorState;
  readonly peers: Peers;
  readonly sessions: Sessions;
  /** Host names this endpoint answers for. */
  readonly hosts: ReadonlySet<string>;
  /** Ends every subscription in good order when the door closes. */
  readonly subscriptions: Set<() => void>;
}

/** Answers one HTTP request at the MCP endpoint. Never rejects. `parsed` is its body, where that was read already. */
export async function handleHttp(
  state: HttpState,
  request: Request,
  credentials: unknown,
  parsed: unknown,
): Promise<Response> {
  try {
    const foreign = findForeignSite(request.headers, state.hosts);
    if (foreign !== undefined)
      return errorResponse(errorEntry('E_ORIGIN').http, null, -32_000, `Forbidden: ${foreign}`);
    const { method } = request;
    if (method !== 'POST' && method !== 'GET' && method !== 'DELETE') return methodNotAllowed();
    const caller = await state.door.gate.admit(credentials);
    return method === 'POST' ? await post(state, request, caller, parsed) : onSession(state, request, caller);
  } catch (problem) {
    if (problem instanceof Fault) {
      const { http, toModel } = errorEntry(problem.code);
      return errorResponse(http, null, http, toModel, { 'chaperone/code': problem.code });
    }
    state.door.onProblem(problem);
    return errorResponse(500, null, -32_603, 'Internal error');
  }
}

async function post(state: HttpState, request: Request, caller: McpCaller, parsed: unknown): Promise<Response> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? '')) {
    return errorResponse(415, null, -32_000, 'Unsupported Media Type: send application/json');
  }
  let body = parsed;
  if (body === undefined) {
    const text = await readBody(request, limits.requestBytes);
    if (text === undefined) return errorResponse(413, null, -32_000, 'The request is too large');
    try {
      body = JSON.parse(text);
    } catch {
      return errorResponse(400, null, -32_700, 'Parse error');
    }
  }
  const problem = findJsonProblem(body, limits.jsonDepth);
  if (problem) return errorResponse(400, null, -32_600, `Invalid Request: ${problem.message}`);
  if (isEnvelopeTooLarge(body)) {
    const { http, meaning } = errorEntry('E_LIMIT');
    const data = { 'chaperone/code': 'E_LIMIT' };
    return errorResponse(http, null, -32_600, `Invalid Request: ${meaning}: mcpEnvelopeBytes`, data);
  }
  const inbound = readInbound(body, request.headers);
  switch (inbound.kind) {
    case 'rejected': {
      const { status, id, error } = inbound;
      return jsonResponse(status, { jsonrpc: '2.0', id, error });
    }
    case 'legacy':
      return postLegacy(state, request, caller, inbound.message);
    case 'modern':
      return postModern(state, request, caller, inbound.message, inbound.meta);
  }
}

/**
 * Whether what stands beside a request's arguments is more than anything honest is. It is held while the request is
 * under way, and has no limit of its own otherwise.
 */
function isEnvelopeTooLarge(body: unknown): boolean {
  const params = isJsonObject(body) ? body['params'] : undefined;
  if (!isJsonObject(params)) return false;
  const { arguments: _arguments, inputResponses: _answers, requestState: _state, ...envelope } = params;
  return Buffer.byteLength(JSON.stringify(envelope)) > limits.mcpEnvelopeBytes;
}

async function postModern(
  state: HttpState,
  request: Request,
  caller: McpCaller,
  message: RpcMessage,
  meta: JsonObject,
): Promise<Response> {
  // A stream that is closed cancels; no notification means anything between requests without a session.
  if (!('method' in message) || !('id' in message)) return new Response(null, { status: 202 });
  const { id, method, params = {} } = message;
  if (!knowsMethod('modern', method)) return jsonResponse(404, toResponse(id, methodNotFound));
  const { door, peers } = state;
  const wrong =
    method === 'tools/call' ? await checkHeaderParameters(door, caller, params, request.headers) : undefined;
  if (wrong) return jsonResponse(400, toResponse(id, wrong));
  const { peer, done } = peers.hold(caller);
  const level = meta[META.logLevel];
  const client: McpClient = {
    caller,
    era: 'modern',
    peer,
    capabilities: readClientCapabilities(meta[META.capabilities]),
    ...(typeof level === 'string' && LOG_LEVELS.includes(level) ? { logLevel: level } : {}),
  };
  const exchange = openExchange(request);
  if (method === 'subscriptions/listen') {
    void subscribe(state, client, message, params, exchange).finally(done);
    return exchange.response;
  }
  const traceparent = request.headers.get('traceparent');
  const channel: Channel = {
    over: {
      requestId: id,
      version: MODERN_VERSION,
      transport: 'tcp',
      ...(traceparent === null ? {} : { traceparent }),
    },
    signal: exchange.gone,
    notify: (name: string, body: JsonObject) => void exchange.send({ jsonrpc: '2.0', method: name, params: body }),
    ask: () => Promise.resolve(fail(-32_601, 'Method not found')),
  };
  void answerRequest(door, client, { method, params }, channel)
    .then((answer) => exchange.finish(toResponse(id, answer), answer.status))
    .finally(done);
  return exchange.response;
}

async function subscribe(
  state: HttpState,
  client: McpClient,
  request: RpcRequest,
  params: JsonObject,
  exchange: HttpExchange,
): Promise<void> {
  const { door, subscriptions } = state;
  if (subscriptions.size >= limits.mcpSubscriptions) {
    return exchange.finish(toResponse(request.id, fail(-32_603, 'Too many subscriptions')));
  }
  // Counted from here on, so that many at once do not all slip in while they are being opened.
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  subscriptions.add(close);
  try {
    const opened = await openSubscription(door, client, request.id, params, (message) => exchange.send(message));
    if ('ok' in opened) return exchange.finish(toResponse(request.id, opened));
    exchange.gone.addEventListener('abort', () => close(), { once: true });
    if (opened.idle || exchange.gone.aborted) close();
    await closed;
    opened.stop();
    exchange.finish(toResponse(request.id, opened.goodbye));
  } catch (problem) {
    door.onProblem(problem);
    exchange.finish(toResponse(request.id, fail(-32_603, 'Internal error')));
  } finally {
    subscriptions.delete(close);
  }
}

async function postLegacy(
  state: HttpState,
  request: Request,
  caller: McpCaller,
  message: RpcMessage,
): Promise<Response> {
  const id = 'id' in message ? message.id : null;
  const version = request.headers.get('mcp-protocol-version');
  if (version !== null && !LEGACY_VERSIONS.includes(version)) {
    return errorResponse(400, id, -32_000, 'Bad Request: unsupported protocol version');
  }
  if ('method' in message && message.method === 'initialize' && 'id' in message) {
    return initialize(state, caller, message);
  }
  const found = findSession(state, request, caller, id);
  if (found instanceof Response) return found;
  if (!('method' in message)) {
    found.takeResponse(message);
    return new Response(null, { status: 202 });
  }
  if (!('id' in message)) {
    found.takeNotification(message.method, message.params ?? {});
    return new Response(null, { status: 202 });
  }
  const exchange = openExchange(request);
  void found
    .answer(message, (sent) => exchange.send(sent), exchange.gone)
    .then((answer) => exchange.finish(answer && toResponse(message.id, answer), answer ? 200 : 202));
  return exchange.response;
}

async function initialize(state: HttpState, caller: McpCaller, request: RpcRequest): Promise<Response> {
  const session = new LegacySession(state.door, caller, request.params ?? {}, 'tcp');
  let answer: DoorAnswer;
  let id: string;
  try {
    answer = await session.welcome();
    id = state.sessions.add(session);
  } catch (problem) {
    session.end();
    throw problem;
  }
  const headers = { 'content-type': 'application/json', 'mcp-session-id': id };
  return new Response(JSON.stringify(toResponse(request.id, answer)), { status: 200, headers });
}

/** GET opens the stream of what belongs to no request, DELETE ends the session. Modern clients have neither. */
function onSession(state: HttpState, request: Request, caller: McpCaller): Response | Promise<Response> {
  const version = request.headers.get('mcp-protocol-version');
  if (request.headers.get('mcp-session-id') === null || (version !== null && !LEGACY_VERSIONS.includes(version))) {
    return methodNotAllowed();
  }
  const found = findSession(state, request, caller, null);
  if (found instanceof Response) return found;
  if (request.method === 'DELETE') {
    state.sessions.end(request.headers.get('mcp-session-id') ?? '');
    return new Response(null, { status: 200 });
  }
  if (!(request.headers.get('accept') ?? '').includes('text/event-stream')) {
    return errorResponse(406, null, -32_000, 'Not Acceptable: the client must accept text/event-stream');
  }
  const exchange = openExchange(request);
  found.listen(
    (message) => exchange.send(message),
    exchange.gone,
    () => exchange.finish(undefined),
  );
  exchange.open();
  return exchange.response;
}

/** The response in the making, given up as soon as the client has gone. */
function openExchange({ signal }: Request): HttpExchange {
  const exchange = new HttpExchange();
  if (signal.aborted) exchange.leave();
  else signal.addEventListener('abort', () => exchange.leave(), { once: true });
  return exchange;
}

function findSession(
  state: HttpState,
  request: Request,
  caller: McpCaller,
  id: RpcId | null,
): LegacySession | Response {
  const sessionId = request.headers.get('mcp-session-id');
  if (sessionId === null) return errorResponse(400, id, -32_000, 'Bad Request: the Mcp-Session-Id header is missing');
  return state.sessions.find(sessionId, caller) ?? errorResponse(404, id, -32_001, 'Session not found');
}

function toResponse(id: RpcId, answer: DoorAnswer): RpcMessage {
  return answer.ok ? { jsonrpc: '2.0', id, result: answer.result } : { jsonrpc: '2.0', id, error: answer.error };
}

function methodNotAllowed(): Response {
  const response = errorResponse(405, null, -32_000, 'Method not allowed');
  response.headers.set('allow', 'POST');
  return response;
}

function errorResponse(status: number, id: RpcId | null, code: number, message: string, data?: JsonObject): Response {
  return jsonResponse(status, {
    jsonrpc: '2.0',
    id,
    error: { code, message, ...(data === undefined ? {} : { data }) },
  });
}

function jsonResponse(status: number, message: RpcMessage): Response {
  return new Response(JSON.stringify(message), { status, headers: { 'content-type': 'application/json' } });
}
