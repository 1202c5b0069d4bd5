import { z } from 'zod';

/**
 * Limits on one argument, named by its dotted path (`recipients`, `options.depth`, `items[].url`). All that are given
 * must hold; for a list, for every element.
 */
export const constraintSchema = z.strictObject({
  allow: z
    .array(z.string())
    .meta({
      description: 'The value must be one of these; `*` stands for any run of characters, and case counts.',
      examples: [['*@company.com']],
    })
    .optional(),
  deny: z.array(z.string()).describe('The value must be none of these; `*` as in `allow`.').optional(),
  pattern: z.string().max(1_000).describe('A regular expression (RE2) that must match the whole value.').optional(),
  min: z.number().describe('The least number the value may be.').optional(),
  max: z.number().describe('The greatest number the value may be.').optional(),
  maxLength: z.int().nonnegative().describe('The most characters the value may have.').optional(),
  maxItems: z.int().nonnegative().describe('The most items the list may have.').optional(),
  directories: z
    .array(z.string().min(1))
    .describe('The value is a path, and lies in one of these directories after resolution.')
    .optional(),
  hosts: z
    .array(z.string().min(1))
    .meta({
      description: 'The value is a URL whose host is one of these; `*.example.com` covers subdomains only.',
      examples: [['api.example.com', '*.example.com']],
    })
    .optional(),
  is: z
    .string()
    .regex(/^user\.(id|attributes\.[A-Za-z0-9._-]+)$/, '`user.id` or `user.attributes.<name>`')
    .describe('The value equals a fact about the user the agent works for: `user.id` or `user.attributes.<name>`.')
    .optional(),
  permits: z
    .array(z.enum(['path', 'shell', 'sql', 'header', 'template']))
    .describe('Built-in checks that are not applied to this argument, since such text is what it is for.')
    .optional(),
});
export type Constraint = z.infer<typeof constraintSchema>;

/** What a declaration says of one argument: limits, as a grant can set them, and what leaves the run through it. */
export const toolArgumentSchema = constraintSchema.extend({
  protected: z
    .boolean()
    .describe('Whether its values must come from a trusted place; where not given, that is inferred.')
    .optional(),
  carries: z
    .enum(['destination', 'recipient', 'authority', 'data'])
    .describe(
      'What leaves by it: `destination` says where a request goes, `recipient` who gets it, `authority` what is acted on, `data` the content.',
    )
    .optional(),
  from: z
    .array(z.string().regex(/^[a-zA-Z0-9_-]+\/[^\s*]+\.[^\s*.]+$/, '`server/tool.field`'))
    .min(1)
    .meta({
      description: 'Fields of results, besides what a person wrote, that its values may come from; all others ask.',
      examples: [['crm/search.contacts.email']],
    })
    .optional(),
});
export type ToolArgument = z.infer<typeof toolArgumentSchema>;
