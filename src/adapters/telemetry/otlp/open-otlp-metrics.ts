import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { limits } from '../../../base/limits.ts';
import { DURATION_BOUNDS_S, type Instrument, instruments, type Measurement } from '../metrics/measure-event.ts';
import { describeResource } from './describe-resource.ts';
import { type OtlpOptions, revealHeaders, signalUrl } from './open-otlp-sink.ts';

export interface OtlpMetrics {
  record(measurement: Measurement): void;
  /** Sends what there is, then ends. Never rejects. */
  close(): Promise<void>;
}

/** What the conventions of MCP name the labels of an operation. */
function byConvention({ method = '', outcome }: Measurement['labels']): Record<string, string> {
  return { 'mcp.method.name': method, ...(outcome === undefined || outcome === 'ok' ? {} : { 'error.type': outcome }) };
}

/** Sends the metrics of one gateway by OTLP over HTTP, every so often. What a collector misses is in the next numbers. */
export function openOtlpMetrics(options: OtlpOptions & { readonly everyMs: number }): OtlpMetrics {
  const exporter = new OTLPMetricExporter({
    url: signalUrl(options.url, 'metrics'),
    headers: revealHeaders(options.headers),
    timeoutMillis: Math.min(limits.sinkTimeoutMs, options.everyMs),
  });
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: options.everyMs });
  const provider = new MeterProvider({ resource: describeResource(options.tenant), readers: [reader] });
  const meter = provider.getMeter('chaperone');
  const make = ({ kind, otelName, help, unit }: Instrument) => {
    if (kind === 'counter') {
      const counter = meter.createCounter(otelName, { description: help, unit });
      return ({ value, labels }: Measurement) => counter.add(value, labels);
    }
    const advice = { explicitBucketBoundaries: DURATION_BOUNDS_S };
    const histogram = meter.createHistogram(otelName, { description: help, unit, advice });
    return ({ instrument, value, labels }: Measurement) =>
      histogram.record(value, instrument === 'operation' ? byConvention(labels) : labels);
  };
  const recorders = Object.fromEntries(
    Object.entries(instruments).map(([key, instrument]) => [key, make(instrument)]),
  ) as Readonly<Record<Measurement['instrument'], (measurement: Measurement) => void>>; // the keys of `instruments`
  return {
    record: (measurement) => recorders[measurement.instrument](measurement),
    close: () => provider.shutdown({ timeoutMillis: limits.drainMs }).catch(() => {}),
  };
}
