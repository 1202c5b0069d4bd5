import { z } from 'zod';

const lock = z.string().min(1);
const source = z
  .string()
  .regex(/^https?:\/\/[a-z0-9.-]+(:\d{1,5})?(\/[\w./-]*)?$/, 'an address such as `https://registry.company.com/`');
const hosts = z
  .array(z.string().regex(/^[a-z0-9.-]+(:\d{1,5})?$/, 'a host such as `files.company.com`'))
  .max(16)
  .default([])
  .describe('Further hosts that archives come from.');

/** Packages that code may import: those of a lock file, and no others. */
export const packagesSchema = z.strictObject({
  npm: z
    .strictObject({
      lock: lock.meta({
        description: 'A `package-lock.json`, relative to this file.',
        examples: ['./package-lock.json'],
      }),
      registry: source.describe(
        'Where npm asks for them. Whoever runs the gateway says whom they trust; nobody is assumed.',
      ),
      hosts,
    })
    .describe('For JavaScript.')
    .optional(),
  python: z
    .strictObject({
      lock: lock.meta({
        description: 'Requirements with `==` and `--hash=sha256:` on each, relative to this file.',
        examples: ['./requirements.txt'],
      }),
      index: source.describe('Where pip asks for them. Nobody is assumed.'),
      hosts,
    })
    .describe('For Python.')
    .optional(),
});
export type PackagesConfig = z.infer<typeof packagesSchema>;
