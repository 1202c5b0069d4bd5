import { z } from 'zod';
import type { JsonObject, JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { presences } from '../model/approval.ts';
import { durationSchema } from '../model/duration.ts';
import { agentNameSchema, userSchema } from '../model/principal.ts';
import { promptPartSchema } from '../model/prompt.ts';

/**
 * What the HTTP door takes and gives, for both ends of the wire: browser-safe. Requests are strict, since a member that
 * is misspelt must not be a member that is absent. Answers may gain members. Times are ISO 8601 in UTC.
 */
const idSchema = z.string().min(1).max(128);
const timeSchema = z.iso.datetime();
const jsonObjectSchema: z.ZodType<JsonObject> = z.record(z.string(), z.json());
const jsonValueSchema: z.ZodType<JsonValue> = z.json();

// requests

/** `POST /v1/runs`, by a host application, which attests the user and the prompt. */
export const startRunSchema = z.strictObject({
  agent: agentNameSchema,
  user: userSchema.optional(),
  task: z.string().min(1).max(4_096),
  prompt: z.array(promptPartSchema).max(256).default([]),
  /** As in the config: `30m`, `8h`. Without it, as long as the gateway lets runs live. */
  lifetime: durationSchema
    .refine((ms) => ms >= 1_000 && ms <= limits.tokenLifeMs, `from 1s to ${limits.tokenLifeMs / 3_600_000}h`)
    .optional(),
  /** The run it is started from. User and prompt are that run's then, and are not given. */
  parent: idSchema.optional(),
});

/** `POST /v1/runs/:id/usage`: what a model used, as the application knows it. Advisory: Chaperone did not see it. */
export const reportUsageSchema = z.strictObject({
  tokens: z.int().min(0).max(1_000_000_000).optional(),
  /** `0.031 USD` */
  spend: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,6})? USD$/, 'an amount such as `0.031 USD`')
    .optional(),
  model: z.string().min(1).max(256).optional(),
});

/** `POST /v1/calls`, by an agent. Depth and type of `arguments` are checked before this schema is. */
export const callSchema = z.strictObject({
  tool: z.string().min(3).max(limits.toolNameChars),
  /** None, unless told; with `approval` the call that was asked about, unless told. */
  arguments: z.record(z.string(), z.unknown()).optional(),
  /** The approval a person gave for exactly this call. */
  approval: idSchema.optional(),
  /** What the agent says the call is for. Shown to approvers as a quotation. */
  purpose: z.string().max(limits.quotationChars).optional(),
});

/** `POST /v1/approvals/:id/answer`, by a person. */
export const answerSchema = z.strictObject({
  approve: z.boolean(),
  /** What the card says has to be repeated, to approve what can do much harm. */
  confirm: z.string().max(limits.toolNameChars).optional(),
});

const sourceNameSchema = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/i, 'letters, digits, `_` and `-` only');

/** `POST /v1/runs/:id/ingest`: content that no tool brought, or, as `messages`, the whole conversation so far. */
export const ingestSchema = z.union([
  z.strictObject({ content: z.string(), source: sourceNameSchema }),
  z.strictObject({ messages: z.array(jsonObjectSchema).max(limits.historyMessages) }),
]);

/** `POST /v1/scan`: a text to look at, and what it is. Nothing is recorded. */
export const scanSchema = z.strictObject({ text: z.string(), source: sourceNameSchema.default('document') });

/** `GET /v1/events?after=&limit=`, as the query writes them. */
export const eventsQuerySchema = z.strictObject({
  after: z.coerce.number().int().nonnegative().default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

// answers

export const errorSchema = z.object({
  error: z.object({
    code: z.string().startsWith('E_'),
    message: z.string(),
    next: z.string(),
    callId: idSchema.optional(),
    /** Of a call: where it stands in the record. */
    receipt: z.lazy(() => receiptSchema).optional(),
    /** Of a call that failed: whether its tool can have had an effect. */
    ran: z.enum(['yes', 'no', 'unknown']).optional(),
    /** When the same call may go ahead, where time alone can bring that about. */
    retryAfterMs: z.int().positive().optional(),
    /** What exactly is wrong with the request. */
    detail: z.string().optional(),
    /** Names the record of an internal error. */
    id: idSchema.optional(),
  }),
});
export type ErrorBody = z.infer<typeof errorSchema>;

export const runSchema = z.object({
  id: idSchema,
  agent: agentNameSchema,
  user: userSchema.optional(),
  task: z.string(),
  attested: z.boolean(),
  label: z.object({
    integrity: z.enum(['trusted', 'untrusted']),
    secrecy: z.enum(['public', 'internal', 'secret']),
    /** Whether something the run has read was flagged by scanning. */
    flagged: z.boolean().optional(),
  }),
  startedAt: timeSchema,
  expiresAt: timeSchema,
  endedAt: timeSchema.optional(),
  /** Until a person resumes it, none of its calls is granted. */
  paused: z.boolean().optional(),
});
export type RunBody = z.infer<typeof runSchema>;

/** How much of each budget is used. `advisory`: counted from what was reported, not from what Chaperone saw. */
export const usageSchema = z.object({
  budgets: z.array(
    z.object({
      kind: z.enum(['calls', 'resultBytes', 'callTime', 'tokens', 'spend']),
      /** `this run`, `everybody`. */
      whose: z.string(),
      /** Of `callTime` in milliseconds, of `spend` in millionths of a dollar. */
      used: z.number().nonnegative(),
      /** Absent: it is only counted. */
      max: z.number().nonnegative().optional(),
      /** In any span of so many milliseconds. Absent: in the life of the run. */
      windowMs: z.number().positive().optional(),
      advisory: z.boolean(),
    }),
  ),
});
export type UsageBody = z.infer<typeof usageSchema>;

/** The token is the agent's: it is bound to this run and good until `expiresAt`. */
export const startedRunSchema = z.object({ run: runSchema, token: z.string(), expiresAt: timeSchema });

export const toolSchema = z.object({
  name: z.string(),
  title: z.string().optional(),
  description: z.string(),
  inputSchema: jsonObjectSchema,
  outputSchema: jsonObjectSchema.optional(),
  effect: z.enum(['read', 'write']),
  consequence: z.enum(['low', 'medium', 'high']),
});
export type ToolBody = z.infer<typeof toolSchema>;
export const toolsSchema = z.object({ tools: z.array(toolSchema) });

export const resultSchema = z.object({
  content: z.array(jsonObjectSchema),
  structuredContent: jsonValueSchema.optional(),
  isError: z.boolean().optional(),
  /** `chaperone/findings`, where the result was flagged and marked. */
  _meta: jsonObjectSchema.optional(),
});

export type ResultBody = z.infer<typeof resultSchema>;

/** Where an answer stands in the record. `GET /v1/calls/:id/receipt` has the proof once a checkpoint covers it. */
export const receiptSchema = z.object({ event: idSchema, seq: z.int().positive() });

/** 200 with `completed`, 202 with `pending`; everything else is an error. */
export const callAnswerSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('completed'),
    callId: idSchema,
    result: resultSchema,
    receipt: receiptSchema.optional(),
  }),
  z.object({
    status: z.literal('pending'),
    callId: idSchema,
    message: z.string(),
    approval: z.object({ id: idSchema }),
    receipt: receiptSchema.optional(),
  }),
]);
export type CallAnswerBody = z.infer<typeof callAnswerSchema>;

/** 200 with `proved`, 202 with `pending` until a checkpoint covers the event. */
export const callReceiptSchema = z.discriminatedUnion('status', [
  receiptSchema.extend({
    status: z.literal('proved'),
    callId: idSchema,
    /** A proof file (`c2sp.org/tlog-proof@v1`), to be verified anywhere with the public key of the ledger. */
    proof: z.string(),
  }),
  receiptSchema.extend({ status: z.literal('pending'), callId: idSchema }),
]);
export type CallReceiptBody = z.infer<typeof callReceiptSchema>;

/** Names the record of a step. */
export const reportedSchema = z.object({ id: idSchema });
export type ReportedBody = z.infer<typeof reportedSchema>;

export const registeredTemplateSchema = z.object({ id: z.string(), version: z.string(), digest: z.string() });
export type TemplateBody = z.infer<typeof registeredTemplateSchema>;

const findingSchema = z.object({
  detector: z.string(),
  kind: z.string(),
  path: z.string().optional(),
  severity: z.enum(['low', 'medium', 'high']),
  layers: z.array(z.string()),
});

/** What scanning came to: a sign. Nothing is permitted for a low risk. */
export const scannedSchema = z.object({
  risk: z.number().min(0).max(1),
  flagged: z.boolean(),
  source: z.string(),
  findings: z.array(findingSchema),
});
export type ScannedBody = z.infer<typeof scannedSchema>;

export const ingestedSchema = scannedSchema.extend({
  /** Names the record. */
  id: idSchema,
  /** What to hand to the model, of content. */
  text: z.string().optional(),
  /** Of a history: how many messages are new. */
  added: z.int().nonnegative().optional(),
  /** Of a history: how it differs from what was recorded, from the first message that does. */
  altered: z
    .object({
      message: z.int().nonnegative(),
      how: z.enum(['altered', 'dropped', 'inserted', 'reordered', 'shortened']),
    })
    .optional(),
});
export type IngestedBody = z.infer<typeof ingestedSchema>;

const reasonSchema = z.object({
  code: z.string(),
  message: z.string(),
  policy: z.string().optional(),
  place: z.object({ file: z.string(), line: z.int(), column: z.int() }).optional(),
  path: z.string().optional(),
});

const presenceSchema = z.enum(presences);

const approvalAnswerSchema = z.object({
  by: z.string(),
  /** Whose duty it was, where a deputy answered. */
  onDutyOf: z.string().optional(),
  presence: presenceSchema,
  approve: z.boolean(),
  at: timeSchema,
});

/** What a person is asked. The nonce that ties the answer to the call stays inside the gateway. */
export const approvalSchema = z.object({
  id: idSchema,
  state: z.enum(['pending', 'approved', 'denied', 'consumed', 'expired']),
  agent: agentNameSchema,
  runId: idSchema,
  callId: idSchema,
  tool: z.string(),
  arguments: jsonObjectSchema,
  /** Answers to the tool's own questions that would leave with the arguments. */
  input: jsonObjectSchema.optional(),
  callDigest: z.string(),
  /** Where one answer is about several calls. */
  plan: z.object({ id: idSchema, digest: z.string(), members: z.array(idSchema) }).optional(),
  reasons: z.array(reasonSchema),
  askedAt: timeSchema,
  expiresAt: timeSchema,
  /** In order: one no denies, and a rule may take several persons. */
  answers: z.array(approvalAnswerSchema).optional(),
  answeredBy: z.string().optional(),
  answeredAt: timeSchema.optional(),
});
export type ApprovalBody = z.infer<typeof approvalSchema>;
/**
 * What an approver is shown, in the order of its members. The gateway makes all of it from the call itself; `quotation`
 * alone is what the agent says.
 */
export const cardSchema = z.object({
  action: z.string(),
  targets: z.array(z.object({ path: z.string(), carries: z.string(), value: jsonValueSchema })),
  arguments: jsonObjectSchema,
  input: jsonObjectSchema.optional(),
  /** Beside the last call of the agent that was approved for the tool and ran. */
  changes: z.array(
    z.object({
      path: z.string(),
      kind: z.enum(['same', 'added', 'removed', 'changed']),
      before: jsonValueSchema.optional(),
      now: jsonValueSchema.optional(),
    }),
  ),
  comparedWith: idSchema.optional(),
  /** What could be misread. */
  doubts: z.array(z.object({ path: z.string(), message: z.string() })),
  why: z.array(reasonSchema),
  /** Values that nobody trusted chose. */
  untrusted: z.array(z.object({ path: z.string(), origins: z.array(z.string()) })),
  read: z.object({ integrity: z.string(), secrecy: z.string(), origins: z.array(z.string()) }),
  radius: z.object({
    effect: z.string(),
    consequence: z.string(),
    declared: z.boolean(),
    outward: z.boolean(),
    undo: z.string(),
  }),
  expiresAt: timeSchema,
  needs: z.object({
    persons: z.int().positive(),
    approvers: z.array(z.string()),
    presence: z.array(presenceSchema),
    separated: z.boolean(),
    /** What `confirm` has to be, to approve it. */
    confirm: z.string().optional(),
  }),
  plan: z
    .object({ id: idSchema, calls: z.array(z.object({ tool: z.string(), arguments: jsonObjectSchema })) })
    .optional(),
  quotation: z.string().optional(),
});
export type CardBody = z.infer<typeof cardSchema>;
export const approvalsSchema = z.object({ approvals: z.array(approvalSchema) });

export const eventSchema = z.object({
  seq: z.int().positive(),
  id: idSchema,
  kind: z.string(),
  at: timeSchema,
  runId: z.string().optional(),
  callId: z.string().optional(),
  agent: z.string().optional(),
  tool: z.string().optional(),
  body: jsonObjectSchema,
  /** The key of its run was erased: `body` is empty. */
  erased: z.literal(true).optional(),
  digest: z.string(),
});
export type EventBody = z.infer<typeof eventSchema>;
/** `next` is what to pass as `after` for the following page; it does not move while there is nothing new. */
export const eventsSchema = z.object({ events: z.array(eventSchema), next: z.int().nonnegative() });

/** Everything recorded of one call, and its decision where policy was asked. */
export const explanationSchema = z.object({
  callId: idSchema,
  decision: z
    .object({
      verdict: z.enum(['permit', 'ask', 'deny']),
      reasons: z.array(reasonSchema),
      nearestChange: z.string().optional(),
      bundle: z.string(),
      observed: z.enum(['ask', 'deny']).optional(),
    })
    .optional(),
  events: z.array(eventSchema),
});
export type ExplanationBody = z.infer<typeof explanationSchema>;

export const healthSchema = z.object({ status: z.literal('ok') });

/** RFC 9728. */
export const resourceMetadataSchema = z.object({
  resource: z.url(),
  authorization_servers: z.array(z.url()).min(1),
  bearer_methods_supported: z.tuple([z.literal('header')]),
  scopes_supported: z.array(z.string()),
  resource_name: z.string(),
});
export type ResourceMetadata = z.infer<typeof resourceMetadataSchema>;
