import { z } from 'zod';

/**
 * One part of what the user sent. Only `user` parts are the user's own words; a quote or an attachment was written by
 * somebody else and is untrusted however it got into the message.
 */
export const promptPartSchema = z.strictObject({
  kind: z.enum(['user', 'quote', 'attachment']),
  text: z.string().max(1_048_576),
  name: z.string().max(256).optional(),
});
export type PromptPart = z.infer<typeof promptPartSchema>;
