import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { agentNameSchema } from './principal.ts';

// Written as `manifest.ts` is: it says by which conventions.

export const credentialNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/i, 'up to 63 letters, digits, `_` and `-`, the first a letter');
const endpointSchema = z.url({ protocol: /^https?$/, error: 'an `https://` or `http://` address' });
const hostSchema = z
  .string()
  .regex(/^(\*\.)?[A-Za-z0-9.-]{1,253}$|^\[[0-9a-fA-F:]+\]$/, 'a host, or `*.example.com` for its subdomains');

const headerSchema = z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'the name of a header');
/** Headers that say who asks, and that nobody keeps or hands on. */
const AUTHENTICATING = [
  'Authorization',
  'X-Api-Key',
  'Api-Key',
  'X-Auth-Token',
  'X-Access-Token',
  'X-Goog-Api-Key',
  'Private-Token',
  'X-Vault-Token',
  'Cookie',
] as const;

/** What each kind cannot do without; of several in one text, one. */
const NEEDS = {
  sealed: [],
  environment: ['variable'],
  'client-credentials': ['tokenUrl', 'clientId', 'clientSecret'],
  'token-exchange': ['tokenUrl', 'clientId', 'subjectToken'],
  account: ['tokenUrl', 'authorizeUrl', 'clientId'],
  vault: ['url', 'path', 'login'],
  'aws-role': ['role', 'region', 'login'],
  'aws-secret': ['secret', 'region', 'login'],
  doppler: ['project', 'config', 'secret', 'login'],
  kubernetes: ['url', 'namespace', 'login', 'secret or serviceAccount'],
} as const;
const kinds = Object.keys(NEEDS) as (keyof typeof NEEDS)[]; // an object of its own, with no other keys

/** A credential by name: where it comes from, where it may be put in, and for whom. Its value is never in the file. */
export const credentialSchema = z
  .strictObject({
    kind: z
      .enum(kinds)
      .default('sealed')
      .describe(
        'Where it comes from: `sealed` is kept encrypted in the data folder by `chaperone cred add`; the others are asked for.',
      ),
    hosts: z
      .array(hostSchema)
      .default([])
      .meta({ description: 'Hosts whose requests it may be put into.', examples: [['api.github.com']] }),
    headers: z
      .array(headerSchema)
      .min(1)
      .default([...AUTHENTICATING])
      .meta({
        description:
          'Headers it may be put into; the usual ones that say who asks where not given. What a host keeps, such as metadata of a file, is none of them.',
        examples: [['Authorization']],
      }),
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
    uses: z
      .record(
        z.string().min(1),
        z.array(z.string().regex(/^(\*|[A-Z]+) \S+$/, 'a method and a path, `GET /a/*`')).min(1),
      )
      .meta({
        description:
          'Which requests take which scope, so that `chaperone cred report` can tell what is granted for nothing.',
        examples: [{ 'contacts.read': ['GET /contacts/*'] }],
      })
      .optional(),
    audience: z.string().min(1).max(512).describe('The audience that is asked for, for OAuth.').optional(),
    login: credentialNameSchema
      .describe('The credential that its issuer is asked with: a token, or `id:secret` of an AWS key.')
      .optional(),
    url: endpointSchema
      .describe('Where its issuer answers, for `vault` and `kubernetes`; others have one of their own.')
      .optional(),
    trust: z
      .string()
      .min(1)
      .describe('A file of certificates that its issuer may have besides those of known authorities, PEM.')
      .optional(),
    path: z
      .string()
      .regex(/^[\w./@-]{1,512}$/, 'a path of Vault’s API')
      .meta({
        description: 'What is read of Vault.',
        examples: ['secret/data/github', 'database/creds/reader'],
      })
      .optional(),
    parameters: z
      .record(z.string().min(1), z.string())
      .describe('What is sent to that path of Vault, where it takes anything.')
      .optional(),
    roleId: z.string().min(1).max(512).describe('The AppRole of Vault whose secret `login` is.').optional(),
    namespace: z.string().min(1).max(253).describe('The namespace, of Vault or of the cluster.').optional(),
    fields: z
      .array(z.string().min(1).max(253))
      .max(4)
      .default([])
      .describe(
        'Fields of what is kept there that are the credential, joined by `:`; `value` or the whole where not given.',
      ),
    secret: z
      .string()
      .min(1)
      .max(2_048)
      .describe('The secret’s name there, for `aws-secret`, `doppler` and `kubernetes`.')
      .optional(),
    project: z.string().min(1).max(253).describe('The project, for `doppler`.').optional(),
    config: z.string().min(1).max(253).describe('The config, for `doppler`.').optional(),
    serviceAccount: z
      .string()
      .min(1)
      .max(253)
      .describe('The service account that tokens are made of, for `kubernetes`.')
      .optional(),
    role: z
      .string()
      .regex(/^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, 'the ARN of a role')
      .describe('The role that is assumed, for `aws-role`.')
      .optional(),
    region: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region, such as `eu-central-1`')
      .describe('The region whose service is asked, for AWS.')
      .optional(),
    policy: z.string().min(2).max(2_048).describe('A policy, JSON, that narrows the role, for `aws-role`.').optional(),
    externalId: z
      .string()
      .min(2)
      .max(1_224)
      .describe('The external id that the role asks for, for `aws-role`.')
      .optional(),
    lifetime: durationSchema
      .default(900_000)
      .describe('How long what is made for a lease lives at most, for `aws-role` and `kubernetes`.'),
    canary: z
      .strictObject({
        url: endpointSchema.describe('What is asked with a new value before it is used; it has to answer with 2xx.'),
        header: headerSchema.default('Authorization').describe('The header that carries it.'),
        prefix: z.string().max(32).default('Bearer ').describe('What stands before the value in that header.'),
      })
      .describe('How `chaperone cred rotate` tries a new value.')
      .optional(),
  })
  .refine((credential) => missingOf(credential).length === 0, {
    error: ({ input }) => {
      const kind = (input as { kind?: keyof typeof NEEDS }).kind ?? 'sealed';
      return `one of kind \`${kind}\` with ${NEEDS[kind].map((key) => `\`${key}\``).join(', ')}`;
    },
  });
export type CredentialConfig = z.infer<typeof credentialSchema>;

export const credentialsSchema = z.record(credentialNameSchema, credentialSchema).default({});

function missingOf(
  credential: { readonly kind: keyof typeof NEEDS } & Readonly<Record<string, unknown>>,
): readonly string[] {
  return NEEDS[credential.kind].filter((keys) => keys.split(' or ').every((key) => credential[key] === undefined));
}
