import { z } from 'zod';
import { agentNameSchema } from './principal.ts';

// Written as `manifest.ts` is: it says by which conventions.

const UNIT_BYTES = { KB: 1_000, MB: 1_000_000, GB: 1_000_000_000 } as const;

/** A size: `64KB`, `10MB`, `1GB`. Parsed to bytes. */
const sizeSchema = z
  .string()
  .regex(/^\d{1,6}(KB|MB|GB)$/, 'a size such as `64KB`, `10MB` or `1GB`')
  .transform((text) => {
    const unit = text.slice(-2) as keyof typeof UNIT_BYTES; // the pattern admits only these units
    return Number.parseInt(text, 10) * UNIT_BYTES[unit];
  });

const hostSchema = z
  .string()
  .regex(
    /^(\*|(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*|\[[0-9a-fA-F:]+\])$/,
    'a host, `*.example.com` for its subdomains, or `*`',
  );
const portsSchema = z.array(z.int().min(1).max(65_535)).min(1);
const agentsSchema = z
  .array(agentNameSchema)
  .min(1)
  .describe('Agents it is for; every agent where not given.')
  .optional();
const toolsSchema = z
  .array(z.string().regex(/^[a-zA-Z0-9_-]+\/(\*|[^\s*]+)$/, '`server/tool` or `server/*`'))
  .min(1)
  .describe(
    'Tools whose calls it is for; where not given, every call, every server and every program that `run` starts.',
  )
  .optional();

/** One way out. What it does not name it does not restrict, besides what is refused for everybody. */
export const egressRuleSchema = z.strictObject({
  host: hostSchema.meta({
    description: 'Where to: a host, `*.example.com` for its subdomains, an address, or `*` for every public host.',
    examples: ['api.github.com', '*.pypi.org'],
  }),
  ports: portsSchema.default([80, 443]).describe('Ports of that host.'),
  methods: z
    .array(z.string().regex(/^[A-Z]{1,20}$/, 'a method in upper case'))
    .min(1)
    .meta({ description: 'Methods; on TLS it takes `inspect`.', examples: [['GET', 'HEAD']] })
    .optional(),
  paths: z
    .array(z.string().regex(/^\/[^\s?#]*$/, 'a path that begins with `/`, in which `*` stands for anything'))
    .min(1)
    .meta({ description: 'Paths without the query; on TLS it takes `inspect`.', examples: [['/repos/acme/*']] })
    .optional(),
  agents: agentsSchema,
  tools: toolsSchema,
  servers: z
    .array(z.string().min(1))
    .min(1)
    .describe('Servers of the manifest whose own processes it is for.')
    .optional(),
  addresses: z
    .array(z.string().regex(/^[0-9a-fA-F:.]+(\/\d{1,3})?$/, 'an address or a range, `10.1.2.3` or `10.1.2.0/24`'))
    .min(1)
    .meta({
      description:
        'The only addresses it may lead to, private ones among them; where each is a single address, nobody is asked for another.',
      examples: [['10.1.2.3'], ['10.1.2.0/24']],
    })
    .optional(),
  inspect: z
    .boolean()
    .default(false)
    .describe('Whether TLS to it is opened, so that methods, paths and content are seen; clients must trust the door.'),
  raw: z
    .boolean()
    .default(false)
    .describe('Whether a tunnel to it may carry what is neither TLS nor HTTP. Nothing of that is looked at.'),
  findings: z
    .enum(['refuse', 'record'])
    .default('refuse')
    .describe('What a finding in a request comes to: a credential, or the shape of data being carried out.'),
  secrecy: z
    .enum(['public', 'internal', 'secret'])
    .default('internal')
    .describe('How secret what the run has read may be, at most, for anything to leave this way.'),
  upload: sizeSchema
    .meta({
      description: 'The size of one request’s body, at most; what is beyond 1 MB is not looked at.',
      examples: ['1MB'],
    })
    .default(1_000_000),
  download: sizeSchema
    .meta({ description: 'The size of one answer’s body, at most.', examples: ['100MB'] })
    .default(100_000_000),
});
export type EgressRuleConfig = z.infer<typeof egressRuleSchema>;

const egressDenialSchema = z.strictObject({
  host: hostSchema.describe('A host, `*.example.com` for its subdomains, or `*`.'),
  ports: portsSchema.describe('Ports of that host; all where not given.').optional(),
  agents: agentsSchema,
  tools: toolsSchema,
});

const countrySchema = z.string().regex(/^[A-Z]{2}$/, 'two capital letters, as ISO 3166 writes a country');

/** The only way out of a sandbox. Nothing leaves that no rule lets out; a denial wins. */
export const egressSchema = z.strictObject({
  listen: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('The address to listen on.'),
      port: z.int().min(0).max(65_535).default(7072).describe('The port; 0 lets the system choose one.'),
    })
    .describe('Where `chaperone up` also takes proxy connections, which then need a token; nowhere unless given.')
    .optional(),
  allow: z
    .array(egressRuleSchema)
    .default([])
    .meta({
      description: 'Ways out. A request needs one that fits it.',
      examples: [[{ host: 'api.github.com', methods: ['GET'], inspect: true, tools: ['builtin/code.run'] }]],
    }),
  deny: z.array(egressDenialSchema).default([]).describe('Where nothing goes, whatever `allow` says.'),
  hello: z
    .strictObject({
      unnamed: z.enum(['refuse', 'allow']).default('refuse').describe('TLS whose hello names no host.'),
      encrypted: z
        .enum(['refuse', 'allow'])
        .default('refuse')
        .describe('TLS whose hello may hide another host than it shows (Encrypted Client Hello).'),
    })
    .prefault({})
    .describe('What is asked of TLS that is not opened.'),
  trust: z
    .string()
    .min(1)
    .describe('A file of certificates that hosts may have besides those of known authorities, PEM.')
    .optional(),
  countries: z
    .strictObject({
      database: z.string().min(1).describe('A GeoIP database in MMDB format, relative to this file.'),
      allow: z.array(countrySchema).min(1).describe('The only countries that addresses may be in.').optional(),
      deny: z.array(countrySchema).min(1).describe('Countries that they may not be in.').optional(),
      unknown: z.enum(['refuse', 'allow']).default('refuse').describe('Addresses that the database does not know.'),
    })
    .describe('Which countries may be reached.')
    .optional(),
  rate: z.int().min(1).max(1_000_000).default(3_000).describe('Requests and connections in a minute, of one client.'),
  upload: sizeSchema
    .meta({ description: 'Bytes one client may send in all.', examples: ['100MB'] })
    .default(1_000_000_000),
  download: sizeSchema
    .meta({ description: 'Bytes one client may be sent in all.', examples: ['1GB'] })
    .default(10_000_000_000),
});
export type EgressConfig = z.infer<typeof egressSchema>;

/**
 * Whose traffic it is. With `callId` it rides the intent of that call; without, the run or the server is what was
 * recorded before anything left.
 */
export interface EgressSubject {
  readonly tenant: string;
  readonly agent?: string;
  readonly runId?: string;
  readonly callId?: string;
  /** `server/tool` of the call. */
  readonly tool?: string;
  /** The manifest's server, where the traffic is its own process's. */
  readonly server?: string;
}
