import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { durationSchema } from './duration.ts';
import { secretReferenceSchema } from './secret-reference.ts';

/** A model that guesses which writes a task needs. It is sent the user's own words and the tools' descriptions. */
export const plannerSchema = z.strictObject({
  kind: z
    .enum(['openai', 'anthropic'])
    .describe('What the endpoint speaks: OpenAI’s chat completions or Anthropic’s messages, or what is compatible.'),
  url: z.url({ protocol: /^https?$/, error: 'an `https://` or `http://` address' }).meta({
    description: 'The base address, without the dialect’s own path.',
    examples: ['https://api.openai.com/v1', 'https://api.anthropic.com'],
  }),
  model: z.string().min(1).max(256).describe('The model, as the endpoint names it.'),
  key: secretReferenceSchema.describe('The key that is sent to this endpoint alone.').optional(),
  timeout: durationSchema
    .refine((ms) => ms > 0 && ms <= limits.plannerTimeoutMs, 'a duration of up to `60s`')
    .default(10_000)
    .meta({ description: 'How long a run waits for it before it goes on without.', examples: ['10s'] }),
});
