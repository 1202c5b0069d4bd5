import { z } from 'zod';

/** What may not follow what: once a run has read `from`, it may not, or not without a person, do `to`. */
export const flowSchema = z.strictObject({
  from: z
    .string()
    .regex(/^[a-zA-Z0-9_-]+\/(\*|[^\s*]+)$/, '`server/tool` or `server/*`')
    .describe('What the run has read: `server/tool` or `server/*`.'),
  to: z
    .string()
    .regex(/^(outside|write|[a-zA-Z0-9_-]+\/(\*|[^\s*]+))$/, '`outside`, `write`, `server/tool` or `server/*`')
    .describe(
      'What it does next: `outside` for all that may leave the organisation, `write`, `server/tool`, `server/*`.',
    ),
  // biome-ignore lint/suspicious/noThenProperty: a word of the file's language; its value is never a function
  then: z.enum(['deny', 'ask']).default('deny').describe('Whether that is denied, or a person is asked.'),
});
export type Flow = z.infer<typeof flowSchema>;

/** What a fact about a user may be, in the words of Cedar. */
const attributeTypeSchema = z.enum(['String', 'Long', 'Boolean']);

/** Who is inside. */
export const organisationSchema = z.strictObject({
  domains: z
    .array(
      z
        .string()
        .regex(
          /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
          'a domain in lower case, `company.com` or `*.company.com`',
        ),
    )
    .default([])
    .meta({
      description: 'Domains whose addresses and hosts are inside; `*.company.com` covers its subdomains only.',
      examples: [['company.com']],
    }),
});

/** What is known of users. */
export const usersSchema = z.strictObject({
  attributes: z
    .record(z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'letters, digits, `.`, `_` and `-`'), attributeTypeSchema)
    .default({})
    .meta({
      description:
        'Attested facts about users that policies can read as `context.user.attributes.<name>`, with their types.',
      examples: [{ department: 'String', level: 'Long' }],
    }),
});
