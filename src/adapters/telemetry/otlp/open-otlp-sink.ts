import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { limits } from '../../../base/limits.ts';
import { revealText, type Secret } from '../../../base/secret.ts';
import type { Delivery, EventSink } from '../../../ports/event-sink.ts';
import { describeResource } from './describe-resource.ts';
import { makeSpans } from './to-spans.ts';

export interface OtlpOptions {
  /** The collector, without a path: `http://127.0.0.1:4318`. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | Secret>>;
  readonly tenant: string;
}

const BATCH = 200;
const SUCCESS = 0;
/** What the collector says of what it was sent. */
const REFUSED = new Set([400, 413, 415, 422]);

/** Sends calls as traces by OTLP over HTTP, in protobuf. */
export function openOtlpSink({ url, headers, tenant }: OtlpOptions): EventSink {
  const exporter = new OTLPTraceExporter({
    url: signalUrl(url, 'traces'),
    headers: revealHeaders(headers),
    timeoutMillis: limits.sinkTimeoutMs,
  });
  const resource = describeResource(tenant);
  return {
    batch: BATCH,
    async deliver(events) {
      const spans = makeSpans(events, resource);
      if (spans.length === 0) return { kind: 'accepted' };
      return new Promise<Delivery>((resolve) => {
        exporter.export(spans, ({ code, error }) => resolve(code === SUCCESS ? { kind: 'accepted' } : explain(error)));
      });
    },
    close: () => exporter.shutdown(),
  };
}

/** Where a signal goes, below the address of the collector. */
export function signalUrl(url: URL, signal: 'traces' | 'metrics'): string {
  return new URL(`v1/${signal}`, url.href.endsWith('/') ? url : `${url.href}/`).href;
}

export function revealHeaders(headers: OtlpOptions['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, revealText(value)]));
}

function explain(error: Error | undefined): Delivery {
  const status = error !== undefined && 'code' in error ? Number(error.code) : Number.NaN;
  // Of a collector that is busy, the exporter does not tell what it answered: it has asked again until its time was over.
  if (!(status >= 100)) return { kind: 'unavailable', message: 'the collector could not be reached, or is busy' };
  const message = `the collector answered with HTTP status ${status}`;
  return { kind: REFUSED.has(status) ? 'refused' : 'unavailable', message };
}
