import { z } from 'zod';
import { alertsSchema } from './alert.ts';
import { approvalRulesSchema, toolApprovalSchema } from './approval-rules.ts';
import { budgetsSchema, rateSchema, runBudgetSchema } from './budget.ts';
import { builtinSchema } from './builtin.ts';
import { canarySchema } from './canary.ts';
import { channelsSchema } from './channel.ts';
import { constraintSchema, toolArgumentSchema } from './constraint.ts';
import { credentialsSchema } from './credential.ts';
import { durationSchema } from './duration.ts';
import { consequenceSchema, effectSchema } from './effect.ts';
import { egressSchema } from './egress.ts';
import { flowSchema, organisationSchema, usersSchema } from './flow-rules.ts';
import { breakersSchema, loopsSchema } from './guards.ts';
import { ledgerSchema } from './ledger-settings.ts';
import { onFailureSchema } from './on-failure.ts';
import { peopleSchema } from './people-rules.ts';
import type { Place } from './place.ts';
import { plannerSchema } from './planner-settings.ts';
import { agentNameSchema } from './principal.ts';
import { profileNameSchema, profilesSchema } from './profile.ts';
import { promptTemplatesSchema } from './prompt-templates.ts';
import { readBackSchema } from './read-back.ts';
import { retentionSchema } from './retention.ts';
import { classifierSchema, sourceNameSchema, sourceSchema, toolScanSchema } from './scanning.ts';
import { serverValueSchema } from './secret-reference.ts';
import { telemetrySchema } from './telemetry.ts';

// Two conventions hold in this file. The message given to a format (`regex`, `url`) completes the sentence
// “expected …”, and every key has a description of one sentence, which editors show next to it.

/** Where something of the manifest is written: its key in a mapping, its item in a list, else the nearest thing above. */
export type PlaceOf = (path: readonly (string | number)[]) => Place;

const serverNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,30}$/i, 'up to 31 letters, digits, `_` and `-`, the first a letter or digit');

export const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/, '`sha256:` and 64 hexadecimal digits');
const argsSchema = z.array(z.string()).default([]).describe('Arguments the program is started with.');
const envSchema = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable'), serverValueSchema)
  .default({})
  .describe('Environment of the program: text, or a `{ secret: … }`. It inherits nothing else of the gateway’s.');
const cwdSchema = z.string().min(1).describe('The folder the program starts in, relative to this file.').optional();
const serverProfileSchema = profileNameSchema
  .meta({ description: 'The sandbox it runs in; none where not given.', examples: ['server'] })
  .optional();
const foldersSchema = z
  .strictObject({
    read: z.array(z.string().min(1)).default([]).describe('Folders and files it may read, relative to this file.'),
    write: z.array(z.string().min(1)).default([]).describe('Folders it may change, relative to this file.'),
  })
  .describe('What a server with a `profile` sees of this machine, besides its own files and the system’s programs.')
  .optional();
const timeoutSchema = durationSchema.meta({ description: 'How long one call may take.', examples: ['30s'] }).optional();

/** A stdio server from a pinned npm package: version exact, integrity checked before each launch. */
const packageServerSchema = z.strictObject({
  package: z
    .string()
    .regex(
      /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*@\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/,
      'a package with an exact version, `name@1.2.3`',
    )
    .meta({ description: 'The npm package and its exact version.', examples: ['@acme/mail-mcp@1.4.2'] }),
  integrity: z
    .string()
    .regex(/^sha512-[A-Za-z0-9+/]{86}==$/, '`sha512-…`, as `chaperone servers pin` prints it')
    .describe('The integrity of the package’s archive, as the registry and lock files write it.'),
  digest: digestSchema
    .describe('The digest of the installed files, dependencies included; without it, that of the first install counts.')
    .optional(),
  bin: z.string().min(1).describe('Which of the package’s programs to start, where it has several.').optional(),
  args: argsSchema,
  env: envSchema,
  cwd: cwdSchema,
  profile: serverProfileSchema,
  folders: foldersSchema,
  timeout: timeoutSchema,
});

/** A stdio server from a program on this machine. `digest` covers the files named in `files`, checked before launch. */
const commandServerSchema = z.strictObject({
  command: z
    .string()
    .min(1)
    .meta({ description: 'A program on this machine that speaks MCP on stdin and stdout.', examples: ['node'] }),
  args: argsSchema,
  env: envSchema,
  cwd: cwdSchema,
  files: z
    .array(z.string().min(1))
    .min(1)
    .describe('Files and folders, relative to this file, that `digest` covers; the command itself where not given.')
    .optional(),
  digest: digestSchema
    .describe('The digest of those files, as `chaperone servers pin` prints it; a server that differs is not started.')
    .optional(),
  profile: serverProfileSchema,
  folders: foldersSchema,
  timeout: timeoutSchema,
});

/** A server on the network. Headers are sent to it and to nobody else; tokens that callers present never are. */
const httpServerSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'an `https://` or `http://` address' }).meta({
    description: 'The address of an MCP server that speaks Streamable HTTP.',
    examples: ['https://crm.internal/mcp'],
  }),
  headers: z
    .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of an HTTP header'), serverValueSchema)
    .default({})
    .describe('Headers sent to this server alone: text, or a `{ secret: … }`.'),
  timeout: timeoutSchema,
});

/** The kinds of server. Which one an entry is shows in the key it has: exactly one of these. */
export const serverKinds = ['package', 'command', 'url'] as const;
export const serverSchema = z.union([packageServerSchema, commandServerSchema, httpServerSchema]); // as `serverKinds`
export type ServerConfig = z.infer<typeof serverSchema>;

const LIMITS = 'Limits on single arguments, by dotted path: `recipients`, `options.depth`, `items[].url`.';
const argumentsSchema = z.record(z.string().min(1), constraintSchema).default({}).describe(LIMITS);

const fieldsSchema = z
  .array(z.string().min(1))
  .describe('Fields of the result that may cross back, dotted; everything else is removed.')
  .optional();

/** What a person vouches for about the results of a tool. */
const yieldsSchema = z.strictObject({
  source: sourceNameSchema
    .meta({
      description: 'What its results are, for scanning: `mail`, `web-page`, `ticket`, or a name under `sources`.',
      examples: ['mail'],
    })
    .optional(),
  integrity: z
    .enum(['trusted', 'untrusted'])
    .describe('`trusted` only where no outsider can have written any of it.')
    .optional(),
  secrecy: z
    .enum(['public', 'internal', 'secret'])
    .describe('Who may read it: anybody, the organisation, or nobody but the user.')
    .optional(),
  identifiers: z
    .array(z.string().min(1))
    .min(1)
    .meta({
      description: 'Fields of the result, dotted, that hold identifiers the server itself made or checked.',
      examples: [['contacts.email']],
    })
    .optional(),
});

export const toolDeclarationSchema = z.strictObject({
  effect: effectSchema.describe('`write` changes anything outside the run; `read` does not.').optional(),
  consequence: consequenceSchema.describe('How bad the worst use of the tool is.').optional(),
  pin: digestSchema
    .describe(
      'The digest of the reviewed description, as `chaperone map --json` prints it; a tool that differs is disabled.',
    )
    .optional(),
  arguments: z
    .record(z.string().min(1), toolArgumentSchema)
    .default({})
    .describe(`${LIMITS.slice(0, -1)}; and what leaves the run by them.`),
  audience: z
    .string()
    .min(1)
    .meta({ description: 'The argument that says who gets what the tool sends, by dotted path.', examples: ['to'] })
    .optional(),
  yields: yieldsSchema.describe('What its results are; what is not said of them is untrusted and internal.').optional(),
  scan: toolScanSchema
    .describe('What findings in the arguments come to when something leaves by this tool.')
    .optional(),
  fields: fieldsSchema,
  timeout: timeoutSchema,
  approvals: toolApprovalSchema.describe('How people are asked about this tool, where that differs.').optional(),
  undo: z
    .string()
    .min(1)
    .max(200)
    .meta({
      description: 'How what it does can be undone, in a few words for whoever approves it; `none` where it cannot.',
      examples: ['none', 'mail/delete_draft'],
    })
    .optional(),
  idempotent: z.boolean().describe('Whether calling it twice does no more than calling it once.').optional(),
  onFailure: onFailureSchema.optional(),
  verify: readBackSchema.describe('What must hold after a call, and how to see it.').optional(),
});
export type ToolDeclaration = z.infer<typeof toolDeclarationSchema>;

/** What one agent may do with one tool. `{}` permits it as the tool is declared. */
export const toolGrantSchema = z.strictObject({
  approval: z
    .enum(['required', 'never'])
    .describe('Whether a person has to approve each call; where not given, the tool’s consequence decides.')
    .optional(),
  rate: rateSchema.optional(),
  arguments: argumentsSchema,
  fields: fieldsSchema,
});
export type ToolGrant = z.infer<typeof toolGrantSchema>;

const toolNameSchema = z.string().regex(/^[a-zA-Z0-9_-]+\/[^\s*]+$/, '`server/tool`');
const toolPatternSchema = z.string().regex(/^(\*|[a-zA-Z0-9_-]+\/(\*|[^\s*]+))$/, '`server/tool`, `server/*` or `*`');

export const agentSchema = z.strictObject({
  onBehalfOf: z
    .array(z.string().min(1))
    .default([])
    .describe('Groups a user must be in (one suffices) for this agent to act for them; empty means anyone or nobody.'),
  tools: z
    .record(toolPatternSchema, toolGrantSchema)
    .default({})
    .describe('What the agent may call: `server/tool`, `server/*` or `*`; what is not named is denied.'),
  deny: z
    .array(toolPatternSchema)
    .default([])
    .meta({ description: 'What the agent may never call, whatever else permits it.', examples: [['billing/*']] }),
  budget: runBudgetSchema.describe('How much each run of this agent may use.').optional(),
});
export type AgentConfig = z.infer<typeof agentSchema>;

/**
 * `enforce`: every tool has a declared effect and consequence, or the gateway does not start. `provisional`: what is
 * not declared is inferred, strictly. `observe`: decides and records without blocking. What is inferred is said so.
 */
export const modeSchema = z.enum(['enforce', 'provisional', 'observe']);

const listenSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('The address to listen on; beyond loopback `tls` is required.'),
  port: z.int().min(0).max(65_535).default(7070).describe('The port to listen on; 0 lets the system choose one.'),
  tls: z
    .strictObject({
      cert: z.string().min(1).describe('The file of the certificate chain, PEM.'),
      key: z.string().min(1).describe('The file of the private key, PEM, readable by the gateway alone.'),
    })
    .describe('The certificate the gateway shows its clients.')
    .optional(),
  names: z
    .array(z.string().min(1))
    .default([])
    .describe('Names under which clients reach the gateway, for the Host and Origin checks and the token audience.'),
});

/** `chaperone.yaml`. Unknown keys are refused: a rule that is misspelt must not be a rule that is absent. */
export const manifestSchema = z.strictObject({
  version: z.literal(1).describe('The version of this file’s format.'),
  mode: modeSchema
    .default('provisional')
    .describe(
      '`enforce` starts only when every tool is declared, `provisional` infers strictly what is not, `observe` records without blocking.',
    ),
  tenant: agentNameSchema.default('default').describe('Whose runs these are; tenants never see each other’s.'),
  listen: listenSchema.prefault({}).describe('Where `chaperone up` serves.'),
  data: z
    .string()
    .min(1)
    .optional()
    .meta({
      description:
        'The folder that holds the store and the keys, where no tool’s server looks; a folder for this file in the user’s state folder unless told.',
      examples: ['/var/lib/chaperone'],
    }),
  servers: z
    .record(serverNameSchema, serverSchema)
    .default({})
    .describe('MCP servers by name; each has exactly one of `package`, `command` and `url`.'),
  builtin: builtinSchema.prefault({}).describe('Tools that Chaperone brings along, as `builtin/code.run`.'),
  profiles: profilesSchema.describe('Sandboxes by name; `code`, `documents` and `server` are there without an entry.'),
  tools: z
    .record(toolNameSchema, toolDeclarationSchema)
    .default({})
    .describe('What was decided about each tool, by `server/tool`.'),
  agents: z.record(agentNameSchema, agentSchema).default({}).describe('What each agent may use.'),
  sources: z
    .record(sourceNameSchema, sourceSchema)
    .default({})
    .meta({
      description:
        'How content is scanned, by what it is; `tool-result` stands for every tool without `yields.source`.',
      examples: [{ mail: { flagged: 'wrap' } }],
    }),
  policies: z
    .array(z.string().min(1))
    .default([])
    .meta({
      description: 'Files of Cedar policies, relative to this file; they add to what the manifest compiles to.',
      examples: [['policies/support.cedar']],
    }),
  flows: z
    .array(flowSchema)
    .default([])
    .meta({
      description: 'What must not follow what within a run.',
      examples: [[{ from: 'payroll/*', to: 'outside' }]],
    }),
  organisation: organisationSchema.prefault({}).describe('Who is inside; everybody else is outside.'),
  users: usersSchema.prefault({}).describe('What is known of users.'),
  approvals: approvalRulesSchema.prefault({}).describe('How people are asked.'),
  channels: channelsSchema.default({}).describe('Ways to tell people that something waits for them, by name.'),
  alerts: alertsSchema.prefault({}).describe('How people are told of alerts and incidents.'),
  canary: canarySchema.prefault({}).describe('A call that nobody may make, tried again and again.'),
  loops: loopsSchema.prefault({}).describe('When a run that goes in circles is stopped.'),
  breakers: breakersSchema.prefault({}).describe('When what keeps failing is left alone for a while.'),
  budgets: budgetsSchema.prefault({}).describe('How much may be used, whatever the agent.'),
  people: peopleSchema.prefault({}).describe('Who may look, answer, stop and change.'),
  runs: z
    .strictObject({
      lifetime: durationSchema.default(28_800_000).meta({
        description: 'How long a run lives unless its host says less.',
        examples: ['8h'],
      }),
    })
    .prefault({})
    .describe('How runs begin and end.'),
  telemetry: telemetrySchema.prefault({}).describe('Who else is told what is recorded.'),
  retention: retentionSchema.prefault({}).describe('How long what runs said is kept.'),
  ledger: ledgerSchema.prefault({}).describe('The signed log of the record, which anybody can verify.'),
  credentials: credentialsSchema.describe('What the egress door puts into requests, by name; no agent ever sees one.'),
  egress: egressSchema.prefault({}).describe('What leaves sandboxes and programs, and where to; nothing unless told.'),
  classifiers: z
    .array(classifierSchema)
    .max(4)
    .default([])
    .describe(
      'Models of your own that look at what comes in besides the built-in one; they need `npm i onnxruntime-node`.',
    ),
  templates: promptTemplatesSchema,
  planner: plannerSchema
    .describe('A model that narrows which writes a run may do without a person, besides the words of its prompt.')
    .optional(),
});
export type Manifest = z.infer<typeof manifestSchema>;
