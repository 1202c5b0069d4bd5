import { describe, expect, it } from 'vitest';
import type { EventKind, NewEvent } from '../../../model/event.ts';
import { EventMeasurer, instruments } from './measure-event.ts';
import { openPrometheus } from './open-prometheus.ts';

function event(kind: EventKind, body: NewEvent['body'], over: Partial<NewEvent> = {}): NewEvent {
  return {
    id: 'e',
    kind,
    tenant: 'acme',
    callId: 'call_1',
    agent: 'support',
    tool: 'mail/send',
    atMs: 1,
    body,
    ...over,
  };
}

const gauges = {
  callsInFlight: 3,
  pendingApprovals: 2,
  isolations: 1,
  sinks: [{ name: 'soc', behind: 7, putAside: 4 }],
};

describe('metrics', () => {
  it('count what is recorded, and time calls from intent to outcome', async () => {
    let nowMs = 0;
    const measurer = new EventMeasurer(() => nowMs);
    const prometheus = openPrometheus();
    const record = (one: NewEvent) => measurer.measure(one).forEach(prometheus.record);
    record(event('call.intended', {}));
    nowMs = 30;
    record(event('call.completed', { ok: true }));
    record(event('call.completed', { ok: true, isError: true }, { callId: 'call_2' }));
    record(event('call.refused', { code: 'E_DENIED' }));
    record(event('approval.answered', { approve: true }));
    const findings = [{ detector: 'secrets', kind: 'aws', severity: 'high' }, { more: 3 }, null];
    record(event('call.refused', { code: 'E_DENIED', findings }));
    const via = { method: 'tools/call', version: '2026-07-28', transport: 'tcp', atMs: 1_000 };
    record(event('call.refused', { code: 'E_TAINT_EGRESS', via }, { atMs: 3_000 }));
    record(event('call.refused', { code: 'E_APPROVAL_PENDING', via }, { atMs: 3_000 }));
    const { contentType, text } = await prometheus.print(gauges);
    expect(contentType).toContain('text/plain');
    for (const line of [
      'chaperone_calls_total{server="mail",outcome="ok"} 1',
      'chaperone_calls_total{server="mail",outcome="tool_error"} 1',
      'chaperone_refusals_total{code="E_DENIED"} 2',
      'chaperone_approvals_total{answer="approved"} 1',
      'chaperone_findings_total{detector="secrets",severity="high"} 1',
      'chaperone_call_duration_seconds_count{server="mail",outcome="ok"} 1',
      'chaperone_call_duration_seconds_bucket{le="0.025",server="mail",outcome="ok"} 0',
      'chaperone_call_duration_seconds_bucket{le="0.05",server="mail",outcome="ok"} 1',
      'mcp_server_operation_duration_seconds_sum{method="tools/call",outcome="E_TAINT_EGRESS"} 2',
      'mcp_server_operation_duration_seconds_count{method="tools/call",outcome="E_TAINT_EGRESS"} 1',
      'chaperone_calls_in_flight 3',
      'chaperone_approvals_pending 2',
      'chaperone_isolations 1',
      'chaperone_sink_events_behind{sink="soc"} 7',
      'chaperone_sink_events_put_aside{sink="soc"} 4',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text, 'process figures too').toContain('process_resident_memory_bytes');
  });

  it('have base units, and no label that a caller can make up', () => {
    for (const { name, labels, kind } of Object.values(instruments)) {
      expect(name).toMatch(kind === 'counter' ? /_total$/ : /_seconds$/);
      for (const label of labels)
        expect(['kind', 'server', 'method', 'outcome', 'code', 'detector', 'severity', 'answer']).toContain(label);
    }
  });

  it('remember no more calls than they may', () => {
    const measurer = new EventMeasurer(() => 0);
    for (let i = 0; i < 10_001; i++) measurer.measure(event('call.intended', {}, { callId: `call_${i}` }));
    const timed = (callId: string) =>
      measurer
        .measure(event('call.completed', { ok: true }, { callId }))
        .some(({ instrument }) => instrument === 'duration');
    expect(timed('call_0')).toBe(false);
    expect(timed('call_10000')).toBe(true);
  });
});
