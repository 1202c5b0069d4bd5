import { Fault } from '../../../base/fault.ts';
import { isJsonObject, type JsonObject } from '../../../base/json.ts';
import type { Intent } from '../../../model/intent.ts';
import {
  encodeHeaderValue,
  type HeaderParameter,
  listHeaderParameters,
  readHeaderArgument,
} from '../../../model/mcp-header.ts';
import type { McpCarrier } from '../../../ports/mcp-upstream.ts';
import type { Ran } from '../../../ports/store.ts';
import type { CallCarrier, CallContext, Execution, Over } from '../../../ports/tool-source.ts';
import { toRequest, toToolResult } from './callables.ts';
import type { Connection, Listener, Reply } from './connection.ts';
import { type Links, OWN } from './links.ts';
import type { WireFailure } from './wire.ts';

/** Executes an intent on its server, once. Whatever happens is an `Execution`. */
export async function callServer(
  links: Links,
  intent: Intent,
  context: CallContext,
  carrier: McpCarrier | undefined,
): Promise<Execution> {
  const reached: { over?: Over } = {};
  return { ...(await callOnce(links, intent, context, carrier, reached)), ...reached };
}

async function callOnce(
  links: Links,
  intent: Intent,
  context: CallContext,
  carrier: McpCarrier | undefined,
  reached: { over?: Over },
): Promise<Execution> {
  const holder = carrier?.peer ?? OWN;
  const stop = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stop.abort();
  }, intent.deadlineMs);
  const onCancel = () => stop.abort();
  context.signal.addEventListener('abort', onCancel, { once: true });
  if (context.signal.aborted) stop.abort();
  try {
    const isRead = intent.tool.effect === 'read';
    for (let attempt = 1; ; attempt++) {
      const connection = await reach(links.get(holder), stop.signal);
      if (connection === undefined) return interrupted(late, 'no');
      // What may change something is not sent twice, so it goes out only on a session that is there.
      if (!isRead && attempt === 1 && !(await connection.hasSession(stop.signal))) {
        links.drop(holder);
        continue;
      }
      if (stop.signal.aborted) return interrupted(late, 'no');
      reached.over = connection.over;
      const reply = await send(connection, intent, context, carrier, stop.signal);
      if (reply.kind !== 'failure') return conclude(intent, reply);
      if (reply.failure.kind === 'aborted') return interrupted(late, reply.failure.ran);
      if (reply.failure.kind === 'session') links.drop(holder);
      if (reply.failure.kind !== 'session' || attempt > 1 || !isRead) return toExecution(reply.failure);
    }
  } catch (error) {
    return notConnected(error);
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener('abort', onCancel);
  }
}

function send(
  connection: Connection,
  intent: Intent,
  context: CallContext,
  carrier: McpCarrier | undefined,
  signal: AbortSignal,
): Promise<Reply> {
  const { tool } = intent.tool;
  const { method, params } = toRequest(tool.name, intent.call.arguments);
  const { input } = context;
  const meta =
    carrier?.logLevel === undefined || connection.negotiated.era === 'legacy'
      ? context.meta
      : { ...context.meta, 'io.modelcontextprotocol/logLevel': carrier.logLevel };
  return connection.ask({
    method,
    params:
      input === undefined
        ? params
        : {
            ...params,
            ...(input.responses === undefined ? {} : { inputResponses: input.responses }),
            ...(input.state === undefined ? {} : { requestState: input.state }),
          },
    signal,
    ...(method === 'tools/call' ? { headers: repeatInHeaders(tool.inputSchema, intent.call.arguments) } : {}),
    ...(meta === undefined ? {} : { meta }),
    ...(carrier === undefined ? {} : { capabilities: carrier.capabilities }),
    ...(context.onProgress === undefined ? {} : { onProgress: context.onProgress }),
    ...(carrier === undefined ? {} : { listener: listenFor(carrier, intent.call.id) }),
  });
}

function listenFor(carrier: McpCarrier, callId: string): Listener {
  return {
    onNotification: (method, params) => carrier.onNotification(method, params),
    onRequest: (method, params, signal) => carrier.onRequest(method, params, signal, callId),
  };
}

/** A carrier made by an MCP door; one of another protocol means nothing here. */
export function readCarrier(carrier: CallCarrier | undefined): McpCarrier | undefined {
  // The protocol's name is what tells carriers apart, and only the MCP door makes this one.
  return carrier?.protocol === 'mcp' ? (carrier as McpCarrier) : undefined;
}

/** The connection, or `undefined` if the call was stopped while it was being made. */
async function reach(link: Promise<Connection>, signal: AbortSignal): Promise<Connection | undefined> {
  if (signal.aborted) return undefined;
  const { promise: stopped, resolve } = Promise.withResolvers<undefined>();
  const onAbort = () => resolve(undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([link, stopped]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

const headerParameters = new WeakMap<JsonObject, readonly HeaderParameter[]>();

function repeatInHeaders(schema: JsonObject, args: JsonObject): Record<string, string> {
  let parameters = headerParameters.get(schema);
  if (parameters === undefined) {
    parameters = listHeaderParameters(schema) ?? [];
    headerParameters.set(schema, parameters);
  }
  const headers: Record<string, string> = {};
  for (const { header, path } of parameters) {
    const value = readHeaderArgument(args, path);
    if (value !== undefined) headers[header] = encodeHeaderValue(value);
  }
  return headers;
}

/** Errors with which a server says that it did not get as far as running anything. */
const BEFORE_RUNNING = new Set([-32_700, -32_600, -32_601, -32_020, -32_021, -32_022]);

function conclude(intent: Intent, reply: Exclude<Reply, { kind: 'failure' }>): Execution {
  if (reply.kind === 'error') {
    const { code, message, data } = reply.error;
    return {
      ok: false,
      ran: BEFORE_RUNNING.has(code) ? 'no' : 'unknown',
      code: 'E_UPSTREAM_FAILED',
      message: `the server answered with the error code ${code}`,
      protocolError: { code, message, ...(isJsonObject(data) ? { data } : {}) },
    };
  }
  const result = toToolResult(intent.tool.tool.name, reply.result);
  if (result) return { ok: true, result };
  return {
    ok: false,
    ran: 'yes',
    code: 'E_UPSTREAM_FAILED',
    message: 'the server’s result is not in the protocol’s shape',
  };
}

function interrupted(late: boolean, ran: Ran): Execution {
  return late
    ? { ok: false, ran, code: 'E_UPSTREAM_TIMEOUT', message: 'no answer within the deadline' }
    : { ok: false, ran, code: 'E_CANCELLED', message: 'the caller cancelled' };
}

const LOST: ReadonlySet<WireFailure['kind']> = new Set(['lost', 'session']);

function toExecution(failure: WireFailure): Execution {
  const code =
    failure.ran === 'no' ? 'E_UPSTREAM_UNREACHABLE' : LOST.has(failure.kind) ? 'E_UPSTREAM_LOST' : 'E_UPSTREAM_FAILED';
  return { ok: false, ran: failure.ran, code, message: failure.message };
}

/** Codes of a connection that could not be had for a reason of our own. */
const REFUSED = ['E_SERVER_LAUNCH', 'E_SERVER_INTEGRITY', 'E_SERVER_BUSY'] as const;

function notConnected(error: unknown): Execution {
  const known = error instanceof Fault ? REFUSED.find((code) => code === error.code) : undefined;
  const message = error instanceof Error ? error.message : 'the server could not be reached';
  return { ok: false, ran: 'no', code: known ?? 'E_UPSTREAM_UNREACHABLE', message };
}
