import { createHash } from 'node:crypto';
import { type Attributes, SpanKind, type SpanStatus, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type ExportedEvent, exportEvent } from '../../../contract/exported-event.ts';
import type { StoredEvent } from '../../../model/event.ts';

const SCOPE = { name: 'chaperone' };
const TRACE_ID_CHARS = 32;
const SPAN_ID_CHARS = 16;
/** Calls whose beginning is remembered until they end. */
const CALLS_REMEMBERED = 10_000;
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/**
 * Makes spans of the record: one for each call that ended, refused ones too, named and described as the GenAI conventions
 * of OpenTelemetry have it. Ids come from the ids in the record, so that a span that is sent twice is the same span, and
 * all calls of a run are one trace unless their caller brought one.
 */
export class SpanMaker {
  readonly #resource: Resource;
  readonly #begun = new Map<string, number>();

  constructor(resource: Resource) {
    this.#resource = resource;
  }

  /** Events have to come in the order of the record. */
  make(events: readonly StoredEvent[]): ReadableSpan[] {
    return events.flatMap((event) => this.#makeOne(event) ?? []);
  }

  #makeOne(event: StoredEvent): ReadableSpan | undefined {
    const { kind, callId, atMs } = event;
    if (callId === undefined) return undefined;
    if (kind === 'call.intended') this.#remember(callId, atMs);
    const waits = event.body['code'] === 'E_APPROVAL_PENDING';
    if (kind !== 'call.completed' && (kind !== 'call.refused' || waits)) return undefined;
    const begunMs = this.#begun.get(callId);
    this.#begun.delete(callId);
    return this.#span(
      exportEvent(event),
      Math.min(begunMs ?? atMs, atMs),
      atMs,
      begunMs === undefined && kind === 'call.completed',
    );
  }

  #span(event: ExportedEvent, startMs: number, endMs: number, durationUnknown: boolean): ReadableSpan {
    const { call = event.id, run = event.id, tool = 'unknown', facts } = event;
    const caller = TRACEPARENT.exec(String(facts['trace'] ?? ''));
    const traceId = caller?.[1] ?? hexOf(`trace ${event.tenant} ${run}`, TRACE_ID_CHARS);
    const parent = caller?.[2];
    const context = (spanId: string) => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED });
    const spanContext = context(hexOf(`span ${event.tenant} ${call}`, SPAN_ID_CHARS));
    return {
      name: `execute_tool ${tool}`,
      kind: SpanKind.INTERNAL,
      spanContext: () => spanContext,
      ...(parent === undefined ? {} : { parentSpanContext: { ...context(parent), isRemote: true } }),
      startTime: hrTimeOf(startMs),
      endTime: hrTimeOf(endMs),
      duration: hrTimeOf(endMs - startMs),
      status: statusOf(event),
      attributes: { ...attributesOf(event), ...(durationUnknown ? { 'chaperone.duration.unknown': true } : {}) },
      links: [],
      events: [],
      ended: true,
      resource: this.#resource,
      instrumentationScope: SCOPE,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
  }

  #remember(callId: string, atMs: number): void {
    this.#begun.set(callId, atMs);
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > CALLS_REMEMBERED && oldest !== undefined) this.#begun.delete(oldest);
  }
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
  const error = errorOf(kind, facts);
  return error === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function hexOf(text: string, chars: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, chars);
}

/** Seconds and nanoseconds. */
function hrTimeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1_000_000)];
}
