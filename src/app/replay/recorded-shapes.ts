import { z } from 'zod';
import type { Digest } from '../../base/digest.ts';
import { Fault } from '../../base/fault.ts';
import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { Reason } from '../../model/decision.ts';
import { consequenceSchema, effectSchema } from '../../model/effect.ts';
import { userSchema } from '../../model/principal.ts';
import type { GovernedTool, Tool, ToolName } from '../../model/tool.ts';

/*
 * The shapes of what is read back from the record. It was written by this version or by one before it, and may have been
 * damaged since: nothing is taken for what it should be. Members that a later version added are let be.
 */

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const digestSchema = z.custom<Digest>((value) => typeof value === 'string' && DIGEST.test(value), 'not a digest');
const nameSchema = z.custom<ToolName>(
  (value) => typeof value === 'string' && value.includes('/'),
  'not the name of a tool',
);
/** Not gone into: it is JSON, since it was read as such, and what is in it is the caller's. */
const jsonSchema = z.custom<JsonObject>(isJsonObject, 'not an object');
/** Codes of another version are let be: they are compared, and decide nothing. */
const codeSchema = z.custom<Reason['code']>((value) => typeof value === 'string', 'not a code');
const placeSchema = z.object({ file: z.string(), line: z.number(), column: z.number() });
const verdictSchema = z.enum(['permit', 'ask', 'deny']);

const reasonSchema = z.object({
  code: codeSchema,
  message: z.string(),
  policy: z.string().exactOptional(),
  place: placeSchema.exactOptional(),
  path: z.string().exactOptional(),
});

const labelSchema = z.object({
  integrity: z.enum(['trusted', 'untrusted']),
  secrecy: z.enum(['public', 'internal', 'secret']),
  origins: z.array(z.string()),
  flagged: z.literal(true).exactOptional(),
});

export const runSchema = z.object({ attested: z.boolean(), task: z.string(), label: labelSchema });

export const flowSchema = z.object({
  verdict: verdictSchema,
  declared: z.boolean(),
  proved: z.boolean(),
  authority: z.enum(['read', 'granted', 'unasked', 'refused', 'unknown']),
  outward: z.boolean(),
  reasons: z.array(reasonSchema),
});

/** Of a finding, what makes a decision stricter: as `recordLeaving` writes it. */
const leavingSchema = z.object({
  kind: z.string(),
  path: z.string(),
  callsFor: z.enum(['nothing', 'ask', 'deny']),
  wherever: z.boolean(),
});
export type RecordedFinding = z.infer<typeof leavingSchema>;

/** What `recordDecided` writes of everything a decision rested on. */
export const decisionSchema = z.object({
  bundle: digestSchema,
  governed: digestSchema,
  arguments: jsonSchema,
  user: userSchema.nullable().optional(),
  run: runSchema,
  flow: flowSchema,
  leaving: z.array(leavingSchema),
  decidedAtMs: z.number(),
  verdict: verdictSchema,
  observed: z.enum(['ask', 'deny']).exactOptional(),
  obligations: z.array(jsonSchema),
});

export const toolSchema = z.object({
  server: z.string(),
  name: z.string(),
  title: z.string().exactOptional(),
  description: z.string(),
  inputSchema: jsonSchema,
  outputSchema: jsonSchema.exactOptional(),
  annotations: jsonSchema.exactOptional(),
}) satisfies z.ZodType<Tool>;

const sinkSchema = z.object({
  path: z.string(),
  carries: z.enum(['destination', 'recipient', 'authority', 'data']),
  from: z.array(z.string()).exactOptional(),
  declared: z.boolean(),
});

const yieldsSchema = z.object({
  integrity: labelSchema.shape.integrity.exactOptional(),
  secrecy: labelSchema.shape.secrecy.exactOptional(),
  identifiers: z.array(z.string()).exactOptional(),
});

export const governedToolSchema = z.object({
  tool: toolSchema,
  name: nameSchema,
  pin: digestSchema,
  effect: effectSchema,
  consequence: consequenceSchema,
  declared: z.boolean(),
  sinks: z.array(sinkSchema),
  audience: z.string().exactOptional(),
  yields: yieldsSchema.exactOptional(),
  place: placeSchema.exactOptional(),
}) satisfies z.ZodType<GovernedTool>;

/**
 * A value of that shape.
 *
 * @throws Fault E_STORE_CORRUPT that says what it is and where it is not what was written, and quotes nothing of it.
 */
export function readRecorded<S extends z.ZodType>(schema: S, value: unknown, what: string): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const path = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new Fault('E_STORE_CORRUPT', `${what} is not what was written${path === '' ? '' : `: ${path}`}`);
}
