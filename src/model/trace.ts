import { digestBytes } from '../base/digest.ts';

/** Where a call belongs in a trace of other programs (W3C Trace Context). */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Of the span that the call is part of, 16 hexadecimal digits. */
  readonly parentId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Reads a `traceparent`. Undefined where it is none: whoever gets one that is malformed goes on without. */
export function parseTrace(traceparent: unknown): Trace | undefined {
  const [, traceId = '', parentId = '', flags = ''] =
    typeof traceparent === 'string' ? (TRACEPARENT.exec(traceparent) ?? []) : [];
  if (/^0*$/.test(traceId) || /^0*$/.test(parentId)) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The trace of a run whose caller brought none: all of its calls are one trace, and it follows from the run's id. */
export function traceOfRun(tenant: string, runId: string): string {
  return digestBytes(`trace ${tenant} ${runId}`).slice('sha256:'.length).slice(0, 32);
}

/** The span id of a call: it follows from the call's id, so that each is found from the other. */
export function spanOf(callId: string): string {
  return digestBytes(callId).slice('sha256:'.length).slice(0, 16);
}

/**
 * The `traceparent` that a call's tool is told: the call is its parent, and the trace is the caller's, or else the run's own.
 * Nothing else of what the caller sent is in it.
 */
export function printChildTrace(trace: Pick<Trace, 'traceId' | 'sampled'>, callId: string): string {
  return `00-${trace.traceId}-${spanOf(callId)}-${trace.sampled ? '01' : '00'}`;
}
