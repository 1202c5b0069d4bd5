import { z } from 'zod';
import { secretReferenceSchema } from './secret-reference.ts';

const mailSchema = z
  .string()
  .max(254)
  .regex(/^[^\s@<>,;"]+@[^\s@<>,;"]+$/, 'an e-mail address');

/** A program of yours that is told. Every request is signed. */
const webhookSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'an `https://` or `http://` address' }).meta({
    description: 'The address that is posted to.',
    examples: ['https://hooks.company.com/chaperone'],
  }),
  secret: secretReferenceSchema.describe('The key that requests are signed with, of 32 characters or more.'),
});

/** A channel of Slack, by an incoming webhook. */
const slackSchema = z.strictObject({
  url: secretReferenceSchema.describe('The address of the incoming webhook, which is a secret.'),
});

/** Mail, handed to an SMTP server. */
const smtpSchema = z.strictObject({
  host: z.string().min(1).max(253).describe('The server that takes mail.'),
  port: z.int().min(1).max(65_535).default(587).describe('Its port.'),
  tls: z
    .enum(['implicit', 'starttls', 'none'])
    .default('starttls')
    .describe('`implicit` from the first byte, `starttls` before anything is said, `none` on loopback alone.'),
  user: z.string().min(1).max(256).optional().describe('The account that mail is handed in with.'),
  password: secretReferenceSchema.optional().describe('Its password.'),
  from: mailSchema.meta({ description: 'The sender.', examples: ['chaperone@company.com'] }),
  to: z
    .array(mailSchema)
    .min(1)
    .max(50)
    .meta({ description: 'Who gets it.', examples: [['security@company.com']] }),
});

const KINDS = ['webhook', 'slack', 'smtp'] as const;

const channelSchema = z
  .strictObject({
    webhook: webhookSchema.describe('A program of yours that is told by signed requests.').optional(),
    slack: slackSchema.describe('A channel of Slack that is told by an incoming webhook.').optional(),
    smtp: smtpSchema.describe('People who are told by mail.').optional(),
  })
  .refine(
    (channel) => KINDS.filter((kind) => channel[kind] !== undefined).length === 1,
    'exactly one of `webhook`, `slack` and `smtp`',
  );

export const channelsSchema = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, 'up to 63 letters, digits, `_` and `-`'),
  channelSchema,
);
