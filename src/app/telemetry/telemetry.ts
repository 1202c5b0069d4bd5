import { EventMeasurer, type Measurement } from '../../adapters/telemetry/metrics/measure-event.ts';
import { openPrometheus } from '../../adapters/telemetry/metrics/open-prometheus.ts';
import type { OtlpMetrics } from '../../adapters/telemetry/otlp/open-otlp-metrics.ts';
import type { Clock } from '../../base/clock.ts';
import type { NewEvent } from '../../model/event.ts';
import type { Store } from '../../ports/store.ts';
import { watchCommits } from '../../runtime/outbox/watch-commits.ts';
import { openSinks, resolveHeaders, type SinkWorld } from './open-sinks.ts';
import { Outbox } from './outbox.ts';

export interface TelemetryParts extends SinkWorld {
  readonly data: string;
  readonly inFlight: { readonly count: number };
}

const MOST_COUNTED = 1_000;

/** What a gateway tells other systems: metrics of what this process records, and the record itself to receivers. */
export class Telemetry {
  readonly #prometheus = openPrometheus();
  readonly #measurer: EventMeasurer;
  readonly #store: Store;
  #parts: TelemetryParts | undefined;
  #outbox: Outbox | undefined;
  #otlp: OtlpMetrics | undefined;

  constructor(store: Store, clock: Clock) {
    this.#measurer = new EventMeasurer(() => clock.monotonicMs());
    this.#store = watchCommits(store, (events) => this.#look(events));
  }

  /** The store that the gateway works on, watched. */
  get store(): Store {
    return this.#store;
  }

  /** Begins to tell receivers. Throws a `ConfigFault` for a secret that is not there. */
  async start(parts: TelemetryParts): Promise<void> {
    this.#parts = parts;
    const { metrics } = parts.loaded.manifest.telemetry;
    const { tenant } = parts.loaded.manifest;
    if (metrics !== undefined) {
      const headers = await resolveHeaders(parts, ['telemetry', 'metrics'], metrics.headers);
      const { openOtlpMetrics } = await import('../../adapters/telemetry/otlp/open-otlp-metrics.ts');
      this.#otlp = openOtlpMetrics({ url: new URL(metrics.otlp), headers, tenant, everyMs: metrics.every });
    }
    this.#outbox = new Outbox({ ...parts, store: this.#store, tenant, sinks: await openSinks(parts) });
  }

  /** What Prometheus scrapes. Rejects with a `Fault` of the store. */
  async printMetrics(tenant: string): Promise<{ readonly contentType: string; readonly text: string }> {
    const [newest] = await this.#store.readEvents({ tenant, newestFirst: true, limit: 1 });
    const sinks = await this.#store.listSinks(tenant);
    return this.#prometheus.print({
      callsInFlight: this.#parts?.inFlight.count ?? 0,
      pendingApprovals: (await this.#store.listApprovals(tenant, 'pending', MOST_COUNTED)).length,
      isolations: (await this.#store.listIsolations()).length,
      sinks: sinks.map(({ sink, seq, putAside }) => ({
        name: sink,
        behind: Math.max(0, (newest?.seq ?? 0) - seq),
        putAside,
      })),
    });
  }

  async close(): Promise<void> {
    await this.#outbox?.close();
    await this.#otlp?.close();
  }

  #look(events: readonly NewEvent[]): void {
    for (const event of events) {
      for (const measurement of this.#measurer.measure(event)) this.#record(measurement);
    }
    this.#outbox?.poke();
  }

  #record(measurement: Measurement): void {
    this.#prometheus.record(measurement);
    this.#otlp?.record(measurement);
  }
}
