import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { rolesSchema } from './person.ts';
import { secretReferenceSchema } from './secret-reference.ts';

/** Sign-in through an organisation that speaks OpenID Connect. */
const oidcSchema = z.strictObject({
  issuer: z.url({ protocol: /^https?$/, error: 'an `https://` or `http://` address' }).meta({
    description: 'The address of the organisation’s identity provider; what it says of itself is read from there.',
    examples: ['https://login.company.com'],
  }),
  clientId: z.string().min(1).max(256).describe('What this gateway is called there.'),
  clientSecret: secretReferenceSchema
    .describe('The secret it has there; without one it is a public client.')
    .optional(),
  scopes: z
    .array(z.string().min(1))
    .default(['openid', 'profile', 'email', 'groups'])
    .describe('What is asked for; `openid` has to be among it.'),
  name: z
    .enum(['sub', 'email', 'preferred_username'])
    .default('sub')
    .describe('The claim that is a person’s name here, behind `oidc:`; an e-mail address counts only when verified.'),
  groups: z.string().min(1).default('groups').describe('The claim that lists a person’s groups.'),
  roles: z.record(z.string().min(1), rolesSchema).meta({
    description: 'What members of each group may be here; who is in none of them does not get in.',
    examples: [{ 'security-team': ['security', 'approver'] }],
  }),
});
export type OidcRules = z.infer<typeof oidcSchema>;

export const peopleSchema = z.strictObject({
  sessions: z
    .strictObject({
      idle: durationSchema
        .default(1_800_000)
        .meta({ description: 'Unused for this long a session ends.', examples: ['30m'] }),
      lifetime: durationSchema
        .default(43_200_000)
        .meta({ description: 'How long a session lasts at most.', examples: ['12h'] }),
      fresh: durationSchema.default(600_000).meta({
        description: 'How long after signing in, or touching a passkey, a person counts as just there.',
        examples: ['10m'],
      }),
    })
    .prefault({})
    .describe('How long people stay signed in.'),
  tokens: rolesSchema
    .default(['approver'])
    .meta({ description: 'What a signed person token may do whose name has no account.', examples: [['viewer']] }),
  settling: durationSchema.default(86_400_000).meta({
    description:
      'How long whoever made an account, or gave it a code, a password, a key or a user of this machine, counts as the same person as it where it takes two; `0s` lets an admin be two persons at once.',
    examples: ['7d'],
  }),
  oidc: oidcSchema.describe('Sign-in through the organisation.').optional(),
});
