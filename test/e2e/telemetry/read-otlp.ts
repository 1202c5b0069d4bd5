import { z } from 'zod';

/** A span as a collector understood it. */
export interface Span {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'other';
  readonly traceId: string;
  readonly spanId: string;
  /** Empty of a span that has none. */
  readonly parentSpanId: string;
  /** 1 is well, 2 an error; undefined where nothing is said. */
  readonly status: number | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** The numbers of OTLP. */
const KINDS: Readonly<Record<number, Span['kind']>> = { 1: 'internal', 2: 'server', 3: 'client' };

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const attributes = z
  .array(attribute)
  .default([])
  .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]])));
const scope = { resource: z.object({ attributes }) };
const traces = z.object({
  resourceSpans: z.array(
    z.object({
      ...scope,
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              name: z.string(),
              kind: z.number(),
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().default(''),
              startTimeUnixNano: z.coerce.bigint(),
              endTimeUnixNano: z.coerce.bigint(),
              status: z.object({ code: z.number().optional() }).optional(),
              attributes,
            }),
          ),
        }),
      ),
    }),
  ),
});

/** All spans of requests in OTLP’s JSON, in the order in which they came. */
export function spansOf(messages: readonly unknown[]): readonly Span[] {
  const told = messages.flatMap((message) => traces.safeParse(message).data?.resourceSpans ?? []);
  return told.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ status, kind, startTimeUnixNano: startNs, endTimeUnixNano: endNs, ...span }) => ({
        ...span,
        kind: KINDS[kind] ?? ('other' as const),
        startNs,
        endNs,
        resource: resource.attributes,
        status: status?.code,
      })),
    ),
  );
}

const point = z.object({ asInt: z.string().optional(), asDouble: z.number().optional() });
const metric = z.object({
  name: z.string(),
  unit: z.string().optional(),
  sum: z
    .object({ isMonotonic: z.boolean(), aggregationTemporality: z.number(), dataPoints: z.array(point) })
    .optional(),
  histogram: z.object({ aggregationTemporality: z.number(), dataPoints: z.array(z.unknown()) }).optional(),
});
const measured = z.object({
  resourceMetrics: z.array(z.object({ scopeMetrics: z.array(z.object({ metrics: z.array(metric) })) })),
});

/** What each metric said last. */
export function metricsOf(messages: readonly unknown[]): ReadonlyMap<string, z.infer<typeof metric>> {
  const told = messages.flatMap((message) => measured.safeParse(message).data?.resourceMetrics ?? []);
  const all = told.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
  return new Map(all.map((one) => [one.name, one]));
}
