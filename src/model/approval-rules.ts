import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { presences } from './approval.ts';
import { durationSchema } from './duration.ts';

const nameSchema = z.string().min(1).max(128);

const timeoutSchema = durationSchema
  .refine((ms) => ms > 0, 'a duration of more than nothing')
  .meta({
    description: 'How long a question to a person waits before silence denies.',
    examples: ['15m'],
  });
const approversSchema = z.array(nameSchema).meta({
  description: 'Who may answer: persons by name, or groups as `group/name`; anybody who is a person where empty.',
  examples: [['group/security', 'ana']],
});
const personsSchema = z
  .int()
  .min(1)
  .max(limits.approvalPersons)
  .meta({ description: 'How many different persons have to approve.', examples: [2] });
const separationSchema = z
  .enum(['required', 'none'])
  .describe('`required`: nobody approves what they themselves, or an agent of theirs, asked for.');
const presenceSchema = z
  .array(z.enum(presences))
  .min(1)
  .meta({
    description:
      'How an approver may show that they are there; `terminal` or `passkey` unless told. With `session` or `token` an approval proves less: `doctor` and `status` say so.',
    examples: [['passkey', 'terminal']],
  });
const channelNamesSchema = z.array(nameSchema).meta({
  description: 'The channels by which approvers are told, by their names under `channels`; all of them unless told.',
  examples: [['security-chat']],
});

const personSchema = z.strictObject({
  groups: z.array(nameSchema).default([]).describe('The groups the person is in.'),
  aliases: z
    .array(nameSchema)
    .default([])
    .meta({
      description: 'Other names of the same person: of tokens, of users that agents act for, `local:` and a login.',
      examples: [['local:ana', 'ana@company.com']],
    }),
  agents: z.array(nameSchema).default([]).describe('Agents that are theirs: what these ask for, they do not approve.'),
});

/** How people are asked, for every tool that says nothing else. */
export const approvalRulesSchema = z.strictObject({
  timeout: timeoutSchema.default(limits.approvalLifeMs),
  approvers: approversSchema.default([]),
  persons: personsSchema.default(1),
  separation: separationSchema.default('required'),
  presence: presenceSchema.optional(),
  channels: channelNamesSchema.optional(),
  people: z.record(nameSchema, personSchema).default({}).describe('Who is who among those that answer, by name.'),
  link: z
    .url({ protocol: /^https?$/, error: 'an `https://` or `http://` address' })
    .optional()
    .meta({
      description:
        'Where people open a question; `/approvals/` and its id are added. The gateway’s own address unless told.',
      examples: ['https://chaperone.company.com'],
    }),
  hold: durationSchema
    .refine((ms) => ms <= limits.approvalHoldMs, 'a duration of up to `10m`')
    .default(30_000)
    .meta({
      description:
        'How long an MCP call that can report progress waits for the answer before it gives the agent a ticket.',
      examples: ['30s'],
    }),
  reviews: z
    .strictObject({
      every: durationSchema
        .refine((ms) => ms > 0, 'a duration of more than nothing')
        .meta({ description: 'How old the last review may be.', examples: ['90d'] }),
    })
    .optional()
    .describe('How often somebody has to look at the consequence of every tool; one that is overdue is an alert.'),
});

/** How people are asked about one tool. */
export const toolApprovalSchema = z.strictObject({
  timeout: timeoutSchema.optional(),
  approvers: approversSchema.optional(),
  persons: personsSchema.optional(),
  separation: separationSchema.optional(),
  presence: presenceSchema.optional(),
  channels: channelNamesSchema.optional(),
});
