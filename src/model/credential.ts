import { z } from 'zod';
import { agentNameSchema } from './principal.ts';

// Written as `manifest.ts` is: it says by which conventions.

export const credentialNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/i, 'up to 63 letters, digits, `_` and `-`, the first a letter');
const endpointSchema = z.url({ protocol: /^https?$/, error: 'an `https://` or `http://` address' });
const hostSchema = z
  .string()
  .regex(/^(\*\.)?[A-Za-z0-9.-]{1,253}$|^\[[0-9a-fA-F:]+\]$/, 'a host, or `*.example.com` for its subdomains');

/** What each kind cannot do without. */
const NEEDS = {
  sealed: [],
  environment: ['variable'],
  'client-credentials': ['tokenUrl', 'clientId', 'clientSecret'],
  'token-exchange': ['tokenUrl', 'clientId', 'subjectToken'],
  account: ['tokenUrl', 'authorizeUrl', 'clientId'],
} as const;

/** A credential by name: where it comes from, where it may be put in, and for whom. Its value is never in the file. */
export const credentialSchema = z
  .strictObject({
    kind: z
      .enum(['sealed', 'environment', 'client-credentials', 'token-exchange', 'account'])
      .default('sealed')
      .describe(
        '`sealed`: kept encrypted in the data folder by `chaperone cred add`; `environment`: of the gateway, for development; the others are OAuth.',
      ),
    hosts: z
      .array(hostSchema)
      .min(1)
      .meta({ description: 'Hosts whose requests it may be put into.', examples: [['api.github.com']] }),
    plain: z.boolean().default(false).describe('Whether it may be sent without TLS.'),
    agents: z.array(agentNameSchema).min(1).describe('Agents it is for; every agent where not given.').optional(),
    tools: z
      .array(z.string().regex(/^[a-zA-Z0-9_-]+\/(\*|[^\s*]+)$/, '`server/tool` or `server/*`'))
      .min(1)
      .describe('Tools whose calls it is for; where not given, programs of `run` as well.')
      .optional(),
    variable: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable')
      .describe('The variable, for `environment`.')
      .optional(),
    tokenUrl: endpointSchema.describe('The token endpoint, for OAuth.').optional(),
    authorizeUrl: endpointSchema.describe('The authorization endpoint, for `account`.').optional(),
    revokeUrl: endpointSchema.describe('Where tokens are taken back (RFC 7009), for OAuth.').optional(),
    clientId: z.string().min(1).max(512).describe('The client, for OAuth.').optional(),
    clientSecret: credentialNameSchema.describe('The credential that is the client’s secret, for OAuth.').optional(),
    subjectToken: credentialNameSchema
      .describe('The credential that is exchanged, for `token-exchange`; the gateway signs who acts.')
      .optional(),
    scopes: z
      .array(z.string().regex(/^[!#-[\]-~]{1,256}$/, 'a scope'))
      .default([])
      .describe('Scopes that are asked for.'),
    audience: z.string().min(1).max(512).describe('The audience that is asked for, for OAuth.').optional(),
    canary: z
      .strictObject({
        url: endpointSchema.describe('What is asked with a new value before it is used; it has to answer with 2xx.'),
        header: z
          .string()
          .regex(/^[A-Za-z-]{1,64}$/, 'the name of a header')
          .default('Authorization')
          .describe('The header that carries it.'),
        prefix: z.string().max(32).default('Bearer ').describe('What stands before the value in that header.'),
      })
      .describe('How `chaperone cred rotate` tries a new value.')
      .optional(),
  })
  .refine((credential) => NEEDS[credential.kind].every((key) => credential[key] !== undefined), {
    error: ({ input }) => {
      const kind = (input as { kind?: keyof typeof NEEDS }).kind ?? 'sealed';
      return `\`${kind}\` needs ${NEEDS[kind].map((key) => `\`${key}\``).join(', ')}`;
    },
  });
export type CredentialConfig = z.infer<typeof credentialSchema>;

export const credentialsSchema = z.record(credentialNameSchema, credentialSchema).default({});
