import { z } from 'zod';

const valueSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/**
 * What must hold after a write, and how to see it. A value that begins with `$arguments.` or `$result.` is taken from the
 * call or its result, by dotted path.
 */
export const readBackSchema = z.strictObject({
  call: z
    .string()
    .regex(/^[a-zA-Z0-9_-]+\/[^\s*]+$/, '`server/tool`')
    .meta({ description: 'A tool that only reads.', examples: ['crm/get_deal'] }),
  arguments: z
    .record(z.string().min(1), valueSchema)
    .default({})
    .meta({
      description: 'What it is called with: values, or `$arguments.…` and `$result.…` of the write.',
      examples: [{ id: '$arguments.id' }],
    }),
  expect: z
    .record(z.string().min(1), valueSchema)
    .refine((expected) => Object.keys(expected).length > 0, 'at least one field that is looked at')
    .meta({
      description: 'What its result has to say, by dotted path.',
      examples: [{ 'deal.stage': '$arguments.stage' }],
    }),
});
export type ReadBack = z.infer<typeof readBackSchema>;
