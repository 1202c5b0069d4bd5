import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { packagesSchema } from './packages.ts';
import { profileNameSchema } from './profile.ts';

/** The server id of the tools that Chaperone brings along. */
export const BUILTIN_SERVER = 'builtin';

const languageProfile = (language: string) =>
  profileNameSchema
    .describe(`The profile that \`code.run\` runs ${language} in; without it there is no ${language}.`)
    .optional();

/** Tools that Chaperone brings along: `builtin/code.run`, `builtin/files.list`, `.read` and `.write`. */
export const builtinSchema = z.strictObject({
  code: z
    .strictObject({
      js: languageProfile('JavaScript'),
      python: languageProfile('Python'),
      shell: languageProfile('shell'),
      wasm: languageProfile('WASI modules'),
    })
    .meta({
      description: 'What `builtin/code.run` runs, and in which profile.',
      examples: [{ js: 'snippet', python: 'code' }],
    })
    .optional(),
  programs: z
    .array(z.string().regex(/^[\w.+-]{1,64}$/, 'the name of a program'))
    .max(limits.sandboxPrograms)
    .meta({
      description: 'The only programs that shell code has; without it there is no shell.',
      examples: [['ls', 'cat', 'grep', 'sort']],
    })
    .default([]),
  functions: z
    .array(z.string().regex(/^[a-zA-Z0-9_-]+\/[^\s*]+$/, '`server/tool`'))
    .max(limits.sandboxFunctions)
    .meta({
      description: 'Tools that code of tier `wasm` may call; each call is decided like any other call of the run.',
      examples: [['crm/search']],
    })
    .default([]),
  image: z
    .string()
    .regex(/^([\w./:-]{1,200}@)?sha256:[0-9a-f]{64}$/, 'an image by digest, `name@sha256:…`, or by its own, `sha256:…`')
    .describe('The image that tier `container` runs code in; it has to be there, and is never pulled.')
    .optional(),
  kernel: z
    .string()
    .min(1)
    .meta({
      description:
        'Where the kernel of tier `microvm` is: a folder with `boot` and `lib/modules` in it, relative to this file; `/` where left out.',
      examples: ['/opt/kernel'],
    })
    .optional(),
  packages: packagesSchema
    .describe('Packages that code of tiers with processes may import; see the lock files they name.')
    .default({}),
  workspace: z
    .string()
    .min(1)
    .meta({ description: 'The folder the tools work in, relative to this file.', examples: ['./work'] })
    .optional(),
  files: z
    .enum(['none', 'read', 'write'])
    .default('none')
    .describe('Which of `builtin/files.*` there are: none, those that read, or all.'),
});
export type BuiltinConfig = z.infer<typeof builtinSchema>;
