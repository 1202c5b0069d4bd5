import type { NewEvent } from '../../../model/event.ts';

export interface Instrument {
  readonly name: string;
  /** By the conventions of OpenTelemetry, where those have a name for it. */
  readonly otelName: string;
  readonly kind: 'counter' | 'histogram';
  readonly help: string;
  readonly unit: string;
  readonly labels: readonly string[];
}

const counter = (name: string, otelName: string, help: string, labels: readonly string[]): Instrument => ({
  name: `chaperone_${name}_total`,
  otelName,
  kind: 'counter',
  help,
  unit: '1',
  labels,
});

/**
 * What is counted. Labels take few values: never an agent, a run, a call or a text that somebody else chose, and of tools
 * only those that are known.
 */
export const instruments = {
  events: counter('events', 'chaperone.events', 'Events that this process recorded, by kind.', ['kind']),
  calls: counter('calls', 'chaperone.calls', 'Calls that ended, by server and by what became of them.', [
    'server',
    'outcome',
  ]),
  refusals: counter('refusals', 'chaperone.refusals', 'Calls that were refused before they ran, by code.', ['code']),
  findings: counter('findings', 'chaperone.findings', 'What detectors found, by detector and severity.', [
    'detector',
    'severity',
  ]),
  approvals: counter('approvals', 'chaperone.approvals', 'Questions to people, by what became of them.', ['answer']),
  duration: {
    name: 'chaperone_call_duration_seconds',
    otelName: 'chaperone.call.duration',
    kind: 'histogram',
    help: 'From the intent of a call to its outcome, tool included.',
    unit: 's',
    labels: ['server', 'outcome'],
  },
  operation: {
    name: 'mcp_server_operation_duration_seconds',
    otelName: 'mcp.server.operation.duration',
    kind: 'histogram',
    help: 'Of calls that came by MCP: from the request to its end, refusals and waiting included.',
    unit: 's',
    labels: ['method', 'outcome'],
  },
} as const satisfies Readonly<Record<string, Instrument>>;

/** Upper bounds of the histogram, seconds. */
export const DURATION_BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export interface Measurement {
  readonly instrument: keyof typeof instruments;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

const CALLS_REMEMBERED = 10_000;

/** Turns what this process records into measurements. Remembers when calls began, of so many at a time. */
export class EventMeasurer {
  readonly #monotonicMs: () => number;
  readonly #begun = new Map<string, number>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  measure(event: NewEvent): readonly Measurement[] {
    const { kind, body, callId = '' } = event;
    const measured: Measurement[] = [{ instrument: 'events', value: 1, labels: { kind } }];
    if (kind === 'call.intended') this.#remember(callId);
    if (kind === 'call.asked') measured.push({ instrument: 'approvals', value: 1, labels: { answer: 'asked' } });
    if (kind === 'approval.answered') {
      const answer = body['approve'] === true ? 'approved' : 'denied';
      measured.push({ instrument: 'approvals', value: 1, labels: { answer } });
    }
    if (kind === 'call.refused') {
      measured.push({ instrument: 'refusals', value: 1, labels: { code: String(body['code'] ?? 'unknown') } });
    }
    if (kind === 'call.completed') measured.push(...this.#measureOutcome(event));
    measured.push(...measureOperation(event));
    return [...measured, ...measureFindings(event)];
  }

  #measureOutcome({ body, callId = '', tool }: NewEvent): readonly Measurement[] {
    const labels = {
      // A call that has an intent was of a tool that exists.
      server: tool?.slice(0, tool.indexOf('/')) ?? 'unknown',
      outcome: outcomeOf(body),
    };
    const begunMs = this.#begun.get(callId);
    this.#begun.delete(callId);
    return [
      { instrument: 'calls', value: 1, labels },
      ...(begunMs === undefined
        ? []
        : [{ instrument: 'duration' as const, value: (this.#monotonicMs() - begunMs) / 1_000, labels }]),
    ];
  }

  #remember(callId: string): void {
    this.#begun.set(callId, this.#monotonicMs());
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > CALLS_REMEMBERED && oldest !== undefined) this.#begun.delete(oldest);
  }
}

function outcomeOf(body: NewEvent['body']): string {
  if (body['ok'] === true) return body['isError'] === true ? 'tool_error' : 'ok';
  return String(body['code'] ?? 'failed');
}

/** A request by MCP that has ended. One that waits for a person has not. */
function measureOperation({ kind, body, atMs }: NewEvent): readonly Measurement[] {
  if ((kind !== 'call.completed' && kind !== 'call.refused') || body['code'] === 'E_APPROVAL_PENDING') return [];
  const { method, atMs: cameAtMs } = (body['via'] ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof method !== 'string' || typeof cameAtMs !== 'number') return [];
  const value = Math.max(0, atMs - cameAtMs) / 1_000; // a clock may go back
  return [{ instrument: 'operation', value, labels: { method, outcome: outcomeOf(body) } }];
}

function measureFindings({ body }: NewEvent): readonly Measurement[] {
  const { findings } = body;
  if (!Array.isArray(findings)) return [];
  return findings.flatMap((finding) => {
    const { detector, severity } = (finding ?? {}) as Readonly<Record<string, unknown>>;
    return typeof detector === 'string' && typeof severity === 'string'
      ? [{ instrument: 'findings' as const, value: 1, labels: { detector, severity } }]
      : [];
  });
}
