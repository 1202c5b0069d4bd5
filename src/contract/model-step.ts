import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { TEMPLATE_ID, TEMPLATE_VERSION } from '../model/prompt-templates.ts';

const nameSchema = z.string().min(1).max(256);
const tokensSchema = z.int().nonnegative().max(1_000_000_000);

/** A prompt template by name and version, as it was registered. */
export const templateNameSchema = z.strictObject({
  id: z.string().regex(TEMPLATE_ID, 'letters, digits, `_`, `.` and `-` only'),
  version: z.string().regex(TEMPLATE_VERSION, 'letters, digits, `_`, `.`, `+` and `-` only'),
});

export const templateSchema = templateNameSchema.extend({ text: z.string().min(1).max(limits.promptBytes) });
export type Template = z.infer<typeof templateSchema>;

/** `POST /v1/runs/:id/steps`: one request to a model and what it answered, as whoever made it reports it. */
export const modelStepSchema = z.strictObject({
  /** As the provider names it. */
  model: nameSchema,
  provider: nameSchema.optional(),
  template: templateNameSchema.optional(),
  /** What the model was sent: of texts longer than `limits.recordedChars` only the digest is kept. */
  input: z.string().max(limits.scanChars).optional(),
  output: z.string().max(limits.scanChars).optional(),
  reasoning: z.string().max(limits.scanChars).optional(),
  finishReason: nameSchema.optional(),
  /** Tools it asked for, by the names it used. */
  toolCalls: z
    .array(z.strictObject({ id: nameSchema.optional(), name: nameSchema }))
    .max(200)
    .optional(),
  usage: z
    .strictObject({
      inputTokens: tokensSchema.optional(),
      outputTokens: tokensSchema.optional(),
      reasoningTokens: tokensSchema.optional(),
      cachedTokens: tokensSchema.optional(),
    })
    .optional(),
  latencyMs: z.number().nonnegative().max(86_400_000).optional(),
  /** The provider's own id of the request. */
  requestId: nameSchema.optional(),
  /** Counting from 1; more where it was tried again. */
  attempt: z.int().min(1).max(1_000).optional(),
  /** The model that failed before this one took its place. */
  fallbackFrom: nameSchema.optional(),
  error: z.string().max(4_096).optional(),
  traceparent: z.string().max(128).optional(),
});
export type ModelStep = z.infer<typeof modelStepSchema>;
