import { z } from 'zod';
import { consequenceSchema, effectSchema } from './effect.ts';
import { agentNameSchema } from './principal.ts';

/** A duration: `500ms`, `30s`, `15m`, `8h`, `180d`. Parsed to milliseconds. */
export const durationSchema = z
  .string()
  .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'a duration such as `500ms`, `30s`, `15m`, `8h` or `180d`')
  .transform((text) => {
    const unit = text.replace(/^\d+/, '') as keyof typeof UNIT_MS;
    return Number.parseInt(text, 10) * UNIT_MS[unit];
  });
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A secret, by reference only: `env:NAME` or `file:/path`. Secret values are never written in the file. */
const secretReferenceSchema = z.strictObject({
  secret: z.string().regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, '`env:NAME` or `file:/path`'),
});
const plainOrSecretSchema = z.union([z.string(), secretReferenceSchema]);
export type SecretReference = z.infer<typeof secretReferenceSchema>;

const serverNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,30}$/i, 'up to 31 letters, digits, `_` and `-`');

/** A stdio server from a pinned npm package: version exact, integrity checked before each launch. */
const packageServerSchema = z.strictObject({
  package: z.string().regex(/^(@[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+[^\s]*$/, 'a package with an exact version, `name@1.2.3`'),
  integrity: z
    .string()
    .regex(/^sha(256|512)-[A-Za-z0-9+/=]+$/, '`sha512-…`, as `chaperone tools pin` prints it'),
  bin: z.string().optional(),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), plainOrSecretSchema).default({}),
  cwd: z.string().optional(),
  timeout: durationSchema.optional(),
});

/** A stdio server from a program on this machine. `digest` covers the files named in `files`, checked before launch. */
const commandServerSchema = z.strictObject({
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), plainOrSecretSchema).default({}),
  cwd: z.string().optional(),
  files: z.array(z.string()).optional(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/).optional(),
  timeout: durationSchema.optional(),
});

/** A server on the network. Headers are sent to it and to nobody else; tokens that callers present never are. */
const httpServerSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  headers: z.record(z.string(), plainOrSecretSchema).default({}),
  timeout: durationSchema.optional(),
});

export const serverSchema = z.union([packageServerSchema, commandServerSchema, httpServerSchema]);
export type ServerConfig = z.infer<typeof serverSchema>;
export type PackageServer = z.infer<typeof packageServerSchema>;
export type CommandServer = z.infer<typeof commandServerSchema>;
export type HttpServer = z.infer<typeof httpServerSchema>;

/**
 * Limits on one argument, named by its dotted path (`recipients`, `options.depth`, `items[].url`). All that are given
 * must hold; for a list, for every element.
 */
export const constraintSchema = z.strictObject({
  /** The value must be one of these. `*` stands for any run of characters; case counts. */
  allow: z.array(z.string()).optional(),
  /** The value must be none of these. */
  deny: z.array(z.string()).optional(),
  /** RE2 syntax; must match the whole value. */
  pattern: z.string().max(1_000).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  maxLength: z.int().nonnegative().optional(),
  maxItems: z.int().nonnegative().optional(),
  /** The value is a path, and lies in one of these directories after resolution. */
  directories: z.array(z.string()).optional(),
  /** The value is a URL whose host is one of these; `*.example.com` covers subdomains only. */
  hosts: z.array(z.string()).optional(),
  /** The value equals a fact about the user the agent works for: `user.id` or `user.attributes.<name>`. */
  is: z.string().regex(/^user\.(id|attributes\.[A-Za-z0-9._-]+)$/).optional(),
  /** Built-in checks that are not applied to this argument, since such text is what it is for. */
  permits: z.array(z.enum(['path', 'shell', 'sql', 'header', 'template'])).optional(),
});
export type Constraint = z.infer<typeof constraintSchema>;

const argumentsSchema = z.record(z.string().min(1), constraintSchema);

export const toolDeclarationSchema = z.strictObject({
  effect: effectSchema.optional(),
  consequence: consequenceSchema.optional(),
  /** The reviewed description of the tool, as `chaperone tools pin` prints it. A tool that differs is disabled. */
  pin: z.string().regex(/^sha256:[0-9a-f]{64}$/).optional(),
  arguments: argumentsSchema.default({}),
  /** Fields of the result that may cross back, dotted; everything else is removed. */
  fields: z.array(z.string().min(1)).optional(),
  timeout: durationSchema.optional(),
});
export type ToolDeclaration = z.infer<typeof toolDeclarationSchema>;

/** What one agent may do with one tool. `{}` permits it as the tool is declared. */
export const toolGrantSchema = z.strictObject({
  approval: z.enum(['required', 'never']).optional(),
  arguments: argumentsSchema.default({}),
  fields: z.array(z.string().min(1)).optional(),
});
export type ToolGrant = z.infer<typeof toolGrantSchema>;

/** `server/tool`, `server/*` or `*`. */
const toolPatternSchema = z
  .string()
  .regex(/^(\*|[a-zA-Z0-9_-]+\/(\*|[^\s*]+))$/, '`server/tool`, `server/*` or `*`');

export const agentSchema = z.strictObject({
  /** Groups a user must be in (one suffices) for this agent to act for them. Empty: anyone, or nobody at all. */
  onBehalfOf: z.array(z.string().min(1)).default([]),
  tools: z.record(toolPatternSchema, toolGrantSchema).default({}),
  deny: z.array(toolPatternSchema).default([]),
});
export type AgentConfig = z.infer<typeof agentSchema>;

/**
 * `enforce`: every tool has a declared effect and consequence, or the gateway does not start. `provisional`: what is
 * not declared is inferred, strictly. `observe`: decides and records without blocking. What is inferred is said so.
 */
export const modeSchema = z.enum(['enforce', 'provisional', 'observe']);
export type Mode = z.infer<typeof modeSchema>;

/** `chaperone.yaml`. Unknown keys are refused: a rule that is misspelt must not be a rule that is absent. */
export const manifestSchema = z.strictObject({
  version: z.literal(1),
  mode: modeSchema.default('provisional'),
  tenant: agentNameSchema.default('default'),
  listen: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: z.int().min(0).max(65_535).default(7070),
      tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
      /** Names under which clients reach the gateway, for the Host and Origin checks and token audience. */
      names: z.array(z.string()).default([]),
    })
    .prefault({}),
  /** The folder that holds the store and the keys. */
  data: z.string().default('.chaperone'),
  servers: z.record(serverNameSchema, serverSchema).default({}),
  tools: z.record(z.string().regex(/^[a-zA-Z0-9_-]+\/[^\s*]+$/, '`server/tool`'), toolDeclarationSchema).default({}),
  agents: z.record(agentNameSchema, agentSchema).default({}),
  /** Files of Cedar policies, relative to this file. They add to what the manifest compiles to. */
  policies: z.array(z.string()).default([]),
  approvals: z.strictObject({ timeout: durationSchema.default(900_000) }).prefault({}),
  runs: z.strictObject({ lifetime: durationSchema.default(28_800_000) }).prefault({}),
});
export type Manifest = z.infer<typeof manifestSchema>;
