import { z } from 'zod';

/** A secret, by reference only: `env:NAME` or `file:/path`. Secret values are never written in the file. */
export const secretReferenceSchema = z.strictObject({
  secret: z
    .string()
    .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, '`env:NAME` or `file:/path`')
    .describe('Where the value is: `env:NAME` of the gateway’s environment, or `file:/path` readable by it alone.'),
});

export const plainOrSecretSchema = z.union([z.string(), secretReferenceSchema]);
export type PlainOrSecret = z.infer<typeof plainOrSecretSchema>;
