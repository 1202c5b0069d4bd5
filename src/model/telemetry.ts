import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { durationSchema } from './duration.ts';
import { plainOrSecretSchema, secretReferenceSchema } from './secret-reference.ts';

const headersSchema = z
  .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of an HTTP header'), plainOrSecretSchema)
  .default({})
  .describe('Headers sent to this receiver alone: text, or `{ secret: env:NAME }`.');

/** A system that is told what is recorded. Arguments, results and prompts never leave with it. */
export const sinkSchema = z.strictObject({
  kind: z
    .enum(['webhook', 'syslog', 'otlp', 'file'])
    .describe(
      '`webhook` for CloudEvents over HTTP, `syslog` over TCP or TLS, `otlp` for traces, `file` for lines of JSON.',
    ),
  to: z
    .string()
    .min(1)
    .meta({
      description:
        'The receiver: an `https://` address for `webhook`, `tls://` or `tcp://` for `syslog`, a collector’s address for `otlp`, a path for `file`.',
      examples: ['https://hooks.company.com/chaperone', 'tls://siem.company.com:6514'],
    }),
  format: z
    .enum(['json', 'ocsf'])
    .default('json')
    .describe('Of `syslog` and `file`: events as Chaperone has them, or as OCSF 1.8.'),
  from: z
    .enum(['now', 'beginning'])
    .default('now')
    .describe('Whether a new receiver is told what comes from now on, or everything that is on record.'),
  headers: headersSchema,
  secret: secretReferenceSchema
    .describe('Of `webhook`: what it shares with the receiver, to sign what is sent (HMAC-SHA256).')
    .optional(),
  ca: z
    .string()
    .min(1)
    .describe('Of `syslog` with `tls://`: a PEM file of the authority to trust, relative to this file.')
    .optional(),
});
export type SinkConfig = z.infer<typeof sinkSchema>;

export const telemetrySchema = z.strictObject({
  sinks: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,30}$/i, 'up to 31 letters, digits, `_` and `-`'), sinkSchema)
    .refine((sinks) => Object.keys(sinks).length <= limits.sinks, `up to ${limits.sinks} receivers`)
    .default({})
    .describe('Who is told what is recorded, by name; a name stands for how far that receiver is.'),
  metrics: z
    .strictObject({
      otlp: z
        .url({ protocol: /^https?$/, error: 'an `https://` or `http://` address' })
        .meta({ description: 'The collector that metrics are sent to.', examples: ['http://127.0.0.1:4318'] }),
      every: durationSchema.default(60_000).describe('How often.'),
      headers: headersSchema,
    })
    .describe('Metrics by OTLP; `GET /metrics` has them for Prometheus in any case.')
    .optional(),
});
