import { z } from 'zod';
import { limits } from '../base/limits.ts';

/** The kinds of wall, from the quickest to the thickest. None ever stands in for another. */
export const sandboxTiers = ['wasm', 'process', 'gvisor', 'container', 'microvm'] as const;
export type SandboxTier = (typeof sandboxTiers)[number];

const UNIT_BYTES = { KB: 1_024, MB: 1_048_576, GB: 1_073_741_824 } as const;

/** A size: `64KB`, `256MB`, `2GB`, in powers of 1,024. Parsed to bytes. */
export const sizeSchema = z
  .string()
  .regex(/^\d{1,6}(KB|MB|GB)$/, 'a size such as `64KB`, `256MB` or `2GB`')
  .transform((text) => {
    const unit = text.slice(-2) as keyof typeof UNIT_BYTES; // the pattern admits only these units
    return Number.parseInt(text, 10) * UNIT_BYTES[unit];
  });

const sandboxTimeSchema = z
  .string()
  .regex(/^\d{1,6}(ms|s|m)$/, 'a duration such as `500ms`, `30s` or `5m`')
  .transform((text) => Number.parseInt(text, 10) * (text.endsWith('ms') ? 1 : text.endsWith('s') ? 1_000 : 60_000));

/** One profile as the manifest writes it. What is left out is as in the ready profile of the same name, or in `code`. */
export const profileSchema = z.strictObject({
  tier: z
    .enum(sandboxTiers)
    .describe(
      'The kind of wall: `wasm`, `process`, `gvisor`, `container` or `microvm`. A missing one refuses the call.',
    )
    .optional(),
  cpu: z.number().min(0.05).max(64).describe('Processors it may use at once, such as `0.5`.').optional(),
  memory: sizeSchema
    .meta({ description: 'Memory of everything in the sandbox, its files included.', examples: ['256MB'] })
    .optional(),
  time: sandboxTimeSchema
    .meta({ description: 'How long one run may take before it is ended.', examples: ['10s'] })
    .optional(),
  processes: z.int().min(1).max(4_096).describe('Processes and threads at once.').optional(),
  openFiles: z.int().min(16).max(65_536).describe('Open files of each process.').optional(),
  space: sizeSchema
    .meta({ description: 'Room for the files it writes; they are gone when it ends.', examples: ['64MB'] })
    .optional(),
  workspace: z
    .enum(['none', 'read', 'copy'])
    .describe('What it sees of the workspace: nothing, its files to read, or a copy whose changes are handed back.')
    .optional(),
  input: z
    .string()
    .min(1)
    .meta({
      description: 'A folder that code sees at `/input`, to be read only; relative to this file.',
      examples: ['./inbox'],
    })
    .optional(),
  store: z
    .string()
    .min(1)
    .meta({
      description:
        'Where the files are kept that code leaves in `/work` when it ends well, under the id of its call; relative to this file.',
      examples: ['./reports'],
    })
    .optional(),
  network: z.enum(['none', 'door']).describe('`none`, or `door`: the egress door and nothing else.').optional(),
  hosts: z
    .array(z.string().regex(/^(\*\.)?[a-z0-9.-]+(:\d{1,5})?$/, 'a host such as `api.company.com` or `*.company.com`'))
    .max(limits.profileHosts)
    .meta({ description: 'What the egress door lets it reach.', examples: [['api.company.com']] })
    .optional(),
  output: sizeSchema.meta({ description: 'What it may print before it is ended.', examples: ['1MB'] }).optional(),
  warm: z
    .int()
    .min(0)
    .max(limits.warmSandboxes)
    .describe('Sandboxes that stand ready before they are asked for, interpreter included; each costs memory.')
    .optional(),
  limits: z
    .enum(['total', 'per-process'])
    .describe(
      '`per-process` accepts a host without control groups: memory then counts per process, and `cpu` is not held.',
    )
    .optional(),
});
export type ProfileConfig = z.infer<typeof profileSchema>;

export const profileNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,30}$/i, 'up to 31 letters, digits, `_` and `-`, the first a letter');
export const profilesSchema = z.record(profileNameSchema, profileSchema).default({});

/** A named set of sandbox restrictions, complete. Sizes in bytes, times in milliseconds. */
export interface Profile {
  readonly name: string;
  readonly tier: SandboxTier;
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly timeMs: number;
  readonly processes: number;
  readonly openFiles: number;
  readonly spaceBytes: number;
  readonly workspace: 'none' | 'read' | 'copy';
  /** Folders of the host, as the manifest writes them. */
  readonly input?: string;
  readonly store?: string;
  readonly network: 'none' | 'door';
  readonly hosts: readonly string[];
  readonly outputBytes: number;
  readonly warm: number;
  readonly limits: 'total' | 'per-process';
}

const MB = UNIT_BYTES.MB;
const code: Omit<Profile, 'name'> = {
  tier: 'process',
  cpu: 1,
  memoryBytes: 256 * MB,
  timeMs: 10_000,
  processes: 32,
  openFiles: 256,
  spaceBytes: 64 * MB,
  workspace: 'none',
  network: 'none',
  hosts: [],
  outputBytes: MB,
  warm: 0,
  limits: 'total',
};

/**
 * Profiles that need no entry: `code` runs a program without network, `snippet` JavaScript that calls tools, `documents`
 * reads a folder, `server` lives on.
 */
export const readyProfiles: Readonly<Record<string, Profile>> = {
  code: { name: 'code', ...code },
  snippet: { name: 'snippet', ...code, tier: 'wasm', memoryBytes: 64 * MB, spaceBytes: 16 * MB },
  documents: { name: 'documents', ...code, workspace: 'read', timeMs: 60_000, memoryBytes: 512 * MB },
  server: { name: 'server', ...code, network: 'door', processes: 128, openFiles: 1_024, memoryBytes: 512 * MB },
};

/** The profile of that name: what the manifest says of it, over the ready one. Nothing if neither knows the name. */
export function findProfile(profiles: Readonly<Record<string, ProfileConfig>>, name: string): Profile | undefined {
  const written = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  const ready = Object.hasOwn(readyProfiles, name) ? readyProfiles[name] : undefined;
  if (written === undefined) return ready;
  const base = ready ?? { name, ...code };
  const { memory, time, space, output, input, store, ...same } = written;
  return {
    ...base,
    ...Object.fromEntries(Object.entries(same).filter(([, value]) => value !== undefined)),
    ...(input === undefined ? {} : { input }),
    ...(store === undefined ? {} : { store }),
    name,
    memoryBytes: memory ?? base.memoryBytes,
    timeMs: time ?? base.timeMs,
    spaceBytes: space ?? base.spaceBytes,
    outputBytes: output ?? base.outputBytes,
  };
}
