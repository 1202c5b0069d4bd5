import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { DURATION_BOUNDS_S, type Instrument, instruments, type Measurement } from './measure-event.ts';

/** What is not counted but looked up when somebody asks. */
export interface Gauges {
  readonly callsInFlight: number;
  readonly pendingApprovals: number;
  readonly isolations: number;
  readonly sinks: readonly { readonly name: string; readonly behind: number; readonly putAside: number }[];
}

export interface PrometheusMetrics {
  record(measurement: Measurement): void;
  /** In the text format of Prometheus. */
  print(gauges: Gauges): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** The metrics of one gateway, to be scraped. */
export function openPrometheus(): PrometheusMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const make = (instrument: Instrument) => {
    const common = {
      name: instrument.name,
      help: instrument.help,
      labelNames: [...instrument.labels],
      registers: [registry],
    };
    if (instrument.kind === 'histogram') {
      const histogram = new Histogram({ ...common, buckets: DURATION_BOUNDS_S });
      return ({ labels, value }: Measurement) => histogram.observe({ ...labels }, value);
    }
    const counter = new Counter(common);
    return ({ labels, value }: Measurement) => counter.inc({ ...labels }, value);
  };
  const recorders = Object.fromEntries(
    Object.entries(instruments).map(([key, instrument]) => [key, make(instrument)]),
  ) as Readonly<Record<Measurement['instrument'], (measurement: Measurement) => void>>; // the keys of `instruments`
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `chaperone_${name}`, help, labelNames, registers: [registry] });
  const inFlight = gauge('calls_in_flight', 'Calls under way in this process.');
  const pending = gauge('approvals_pending', 'Questions that wait for a person, up to a thousand.');
  const isolations = gauge('isolations', 'Scopes that are stopped.');
  const behind = gauge('sink_events_behind', 'Events that a receiver was not told of yet.', ['sink']);
  const putAside = gauge('sink_events_put_aside', 'Events that a receiver would not have.', ['sink']);
  return {
    record: (measurement) => recorders[measurement.instrument](measurement),
    async print(gauges) {
      inFlight.set(gauges.callsInFlight);
      pending.set(gauges.pendingApprovals);
      isolations.set(gauges.isolations);
      for (const sink of gauges.sinks) {
        behind.set({ sink: sink.name }, sink.behind);
        putAside.set({ sink: sink.name }, sink.putAside);
      }
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
