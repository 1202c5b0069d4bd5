import { createHash } from 'node:crypto';
import { type Attributes, SpanKind, type SpanStatus, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { isJsonObject, type JsonValue } from '../../../base/json.ts';
import { type ExportedEvent, exportEvent } from '../../../contract/exported-event.ts';
import type { StoredEvent } from '../../../model/event.ts';
import { spanOf, traceOfRun } from '../../../model/trace.ts';
import { mcpCallables } from '../../../ports/mcp-upstream.ts';

const SCOPE = { name: 'chaperone' };
const SPAN_ID_CHARS = 16;

/**
 * Makes spans of the record, as the GenAI and MCP conventions of OpenTelemetry have them: for each call that ended, refused
 * ones too, `execute_tool`; around it, where it came in by MCP, the SERVER span of the request; and within it, where its
 * server was reached by MCP, the CLIENT span, which is the parent of what that server does. All that goes into a span is in
 * one event, and ids come from ids in the record: a span that is sent twice is the same span. The calls of a run are one
 * trace unless their callers brought their own.
 */
export function makeSpans(events: readonly StoredEvent[], resource: Resource): ReadableSpan[] {
  return events.flatMap((event) => spansOf(event, resource));
}

function spansOf(event: StoredEvent, resource: Resource): readonly ReadableSpan[] {
  const { kind, callId, atMs, body } = event;
  if (callId === undefined || (kind !== 'call.completed' && kind !== 'call.refused')) return [];
  if (body['code'] === 'E_APPROVAL_PENDING') return []; // it has not ended: a person is asked
  const told = exportEvent(event);
  const { tool = 'unknown', tenant } = told;
  const via = readVia(body['via']);
  const upstream = readUpstream(body['upstream']);
  const begunMs = numberOf(body['begunAtMs']);
  const id = (what: string) => hexOf(`${what} ${tenant} ${callId}`, SPAN_ID_CHARS);
  const ids = { server: id('server'), call: id('span'), client: spanOf(callId) };
  const common = {
    traceId: told.trace?.id ?? traceOfRun(tenant, told.run ?? told.id),
    resource,
    status: statusOf(told),
  };
  const caller = told.trace === undefined ? undefined : { spanId: told.trace.parent, isRemote: true };
  const spans: ReadableSpan[] = [
    toSpan({
      ...common,
      spanId: ids.call,
      parent: via === undefined ? caller : { spanId: ids.server },
      name: `execute_tool ${tool}`,
      kind: SpanKind.INTERNAL,
      startMs: begunMs ?? via?.atMs ?? atMs,
      endMs: atMs,
      attributes: {
        ...attributesOf(told),
        ...(begunMs === undefined && kind === 'call.completed' ? { 'chaperone.duration.unknown': true } : {}),
      },
    }),
  ];
  if (via !== undefined) {
    spans.unshift(
      toSpan({
        ...common,
        spanId: ids.server,
        parent: caller,
        name: via.target === undefined ? via.method : `${via.method} ${via.target}`,
        kind: SpanKind.SERVER,
        startMs: via.atMs,
        endMs: atMs,
        attributes: {
          ...mcpAttributesOf(via, told),
          ...(via.requestId === undefined ? {} : { 'jsonrpc.request.id': via.requestId }),
        },
      }),
    );
  }
  if (upstream !== undefined) {
    const name = tool.slice(tool.indexOf('/') + 1);
    // What was made of its answer here is no error of the server's.
    const error = errorOf(kind, told.facts);
    const ofServer = error === 'tool_error' || /^E_(UPSTREAM|CANCELLED)/.test(error ?? '') ? error : undefined;
    const [method, target] = METHODS[name] === undefined ? ['tools/call', name] : [METHODS[name], undefined];
    spans.push(
      toSpan({
        ...common,
        spanId: ids.client,
        parent: { spanId: ids.call },
        name: target === undefined ? method : `${method} ${target}`,
        kind: SpanKind.CLIENT,
        startMs: upstream.atMs,
        endMs: upstream.atMs + upstream.tookMs,
        attributes: {
          ...mcpAttributesOf({ ...upstream, method, ...(target === undefined ? {} : { target }) }, told),
          'error.type': ofServer,
        },
        status: toStatus(ofServer),
      }),
    );
  }
  return spans;
}

/** The callables that stand for what an MCP server offers besides tools. */
const METHODS: Readonly<Record<string, string>> = {
  [mcpCallables.readResource]: 'resources/read',
  [mcpCallables.getPrompt]: 'prompts/get',
  [mcpCallables.complete]: 'completion/complete',
};

interface SpanFacts {
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: { readonly spanId: string; readonly isRemote?: boolean } | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly status: SpanStatus;
  readonly resource: Resource;
}

function toSpan({ traceId, spanId, parent, startMs, endMs, attributes, ...facts }: SpanFacts): ReadableSpan {
  const spanContext = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  const begunMs = Math.min(startMs, endMs); // a clock may go back
  return {
    ...facts,
    attributes: Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)),
    spanContext: () => spanContext,
    ...(parent === undefined ? {} : { parentSpanContext: { ...spanContext, ...parent } }),
    startTime: hrTimeOf(begunMs),
    endTime: hrTimeOf(endMs),
    duration: hrTimeOf(endMs - begunMs),
    links: [],
    events: [],
    ended: true,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

interface Over {
  readonly version: string;
  readonly transport: string;
  readonly atMs: number;
}

/** What `recordOrigin` wrote; undefined where there is nothing of the kind. */
function readVia(
  via: JsonValue | undefined,
): (Over & { readonly method: string; readonly target?: string; readonly requestId?: string }) | undefined {
  const over = readOver(via);
  if (over === undefined || !isJsonObject(via) || typeof via['method'] !== 'string') return undefined;
  const { method, target, requestId } = via;
  return {
    ...over,
    method,
    ...(typeof target === 'string' ? { target } : {}),
    ...(typeof requestId === 'string' || typeof requestId === 'number' ? { requestId: String(requestId) } : {}),
  };
}

function readUpstream(upstream: JsonValue | undefined): (Over & { readonly tookMs: number }) | undefined {
  const over = readOver(upstream);
  const tookMs = isJsonObject(upstream) ? numberOf(upstream['tookMs']) : undefined;
  return over === undefined || tookMs === undefined ? undefined : { ...over, tookMs };
}

function readOver(value: JsonValue | undefined): Over | undefined {
  const { version, transport, atMs } = isJsonObject(value) ? value : {};
  return typeof version === 'string' && typeof transport === 'string' && typeof atMs === 'number'
    ? { version, transport, atMs }
    : undefined;
}

function mcpAttributesOf(
  { method, target, version, transport }: Over & { readonly method: string; readonly target?: string },
  told: ExportedEvent,
): Attributes {
  const named = method === 'prompts/get' ? 'gen_ai.prompt.name' : 'gen_ai.tool.name';
  return {
    'mcp.method.name': method,
    'mcp.protocol.version': version,
    'network.transport': transport,
    ...(transport === 'tcp' ? { 'network.protocol.name': 'http' } : {}),
    ...(method === 'tools/call' ? { 'gen_ai.operation.name': 'execute_tool' } : {}),
    ...(target === undefined ? {} : { [named]: target }),
    'error.type': errorOf(told.kind, told.facts),
  };
}

function attributesOf({
  call,
  run,
  agent,
  tool,
  tenant,
  kind,
  seq,
  digest,
  facts,
  reasons,
  findings,
}: ExportedEvent): Attributes {
  const policies = reasons.flatMap(({ policy }) => policy ?? []);
  return {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': tool,
    'gen_ai.tool.call.id': call,
    'gen_ai.agent.name': agent,
    'gen_ai.conversation.id': run,
    'error.type': errorOf(kind, facts),
    'chaperone.tenant': tenant,
    'chaperone.verdict': textOf(facts['verdict'] ?? (kind === 'call.completed' ? 'permit' : undefined)),
    'chaperone.code': textOf(facts['code']),
    'chaperone.ran': textOf(facts['ran']),
    'chaperone.event.seq': seq,
    'chaperone.event.digest': digest,
    ...(policies.length === 0 ? {} : { 'chaperone.policies': policies }),
    ...(findings.length === 0
      ? {}
      : { 'chaperone.findings': findings.map((found) => `${found.detector}/${found.kind}`) }),
  };
}

/** `tool_error` where the tool itself said so, as the MCP conventions have it. */
function errorOf(kind: string, facts: ExportedEvent['facts']): string | undefined {
  if (facts['isError'] === true) return 'tool_error';
  return kind === 'call.refused' || facts['ok'] === false ? textOf(facts['code']) : undefined;
}

function statusOf({ kind, facts }: ExportedEvent): SpanStatus {
  return toStatus(errorOf(kind, facts));
}

function toStatus(error: string | undefined): SpanStatus {
  return error === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function hexOf(text: string, chars: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, chars);
}

/** Seconds and nanoseconds. */
function hrTimeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)];
}
