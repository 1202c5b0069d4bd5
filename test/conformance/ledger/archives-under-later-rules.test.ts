import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../../src/app/config/parse-config.ts';
import { verifyArchive } from '../../../src/app/evidence/verify-archive.ts';
import { parseVerifierKey } from '../../../src/ledger/verifier-key.ts';

const folder = join(import.meta.dirname, '../../fixtures/archives');

// A later version: the manifest has two more defaults, one of them within a section.
vi.mock(import('../../../src/model/manifest.ts'), async (original) => {
  const actual = await original();
  const listen = z.strictObject({ port: z.number().default(7070), backlog: z.number().default(511) });
  const manifestSchema = actual.manifestSchema.extend({ listen: listen.prefault({}), later: z.string().default('x') });
  return { ...actual, manifestSchema: manifestSchema as unknown as typeof actual.manifestSchema };
});

const verify = async (name: string) => {
  const key = parseVerifierKey(await readFile(join(folder, 'log.key'), 'utf8'));
  if (key === undefined) throw new Error('log.key is no key');
  return verifyArchive(join(folder, name), { keys: [key], witnesses: [], quorum: 0 });
};

it('verifies an archive that was made before the manifest had more defaults', async () => {
  expect(parseConfig('version: 1', 'x').manifest).toMatchObject({ later: 'x', listen: { backlog: 511 } });
  const { contents } = await verify('bundle-2.tar');
  expect(Object.keys(contents.files).some((file) => file.startsWith('bundles/'))).toBe(true);
});

it('shows by the form before that these defaults would have been in the way', async () => {
  await expect(verify('bundle-1.tar')).rejects.toThrow(/does not hold the rules that have this digest/);
});
