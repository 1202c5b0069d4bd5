import { z } from 'zod';

/** A secret, by reference only: `env:NAME` or `file:/path`. Secret values are never written in the file. */
export const secretReferenceSchema = z.strictObject({
  secret: z
    .string()
    .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, '`env:NAME` or `file:/path`')
    .describe('Where the value is: `env:NAME` of the gateway’s environment, or `file:/path` readable by it alone.'),
});

const lendableSchema = z
  .string()
  .regex(
    /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|cred:[A-Za-z][A-Za-z0-9_-]{0,62}(\.[A-Za-z]{1,32})?)$/,
    '`env:NAME`, `file:/path` or `cred:NAME`',
  );

/** The same for what may be lent a credential as well: `cred:NAME`, or `cred:NAME.part` of one with parts. */
export const lentReferenceSchema = z.strictObject({
  secret: lendableSchema.describe(
    'Where the value is: `env:NAME`, `file:/path`, or `cred:NAME` of `credentials`, leased while it is used.',
  ),
});
export type LentReference = z.infer<typeof lentReferenceSchema>;

/** The same for servers. */
const serverReferenceSchema = z.strictObject({
  secret: lendableSchema.describe(
    'Where the value is: `env:NAME`, `file:/path`, or `cred:NAME` of `credentials`, leased while the server runs.',
  ),
  prefix: z.string().max(32).describe('What stands before it, such as `Bearer `.').optional(),
});

export const serverValueSchema = z.union([z.string(), serverReferenceSchema]);
export type ServerReference = z.infer<typeof serverReferenceSchema>;

export const plainOrSecretSchema = z.union([z.string(), secretReferenceSchema]);
export type PlainOrSecret = z.infer<typeof plainOrSecretSchema>;
