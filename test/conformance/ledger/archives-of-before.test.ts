import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyArchive } from '../../../src/app/evidence/verify-archive.ts';
import { parseVerifierKey } from '../../../src/ledger/verifier-key.ts';

const folder = join(import.meta.dirname, '../../fixtures/archives');

/**
 * Archives as versions before this one wrote them: `bundle-1` names rules by the manifest with its defaults, `bundle-2` by
 * what was written. A default that is added to the manifest and makes `bundle-1` fail has to be left out again of what
 * `digestDefaulted` takes.
 */
describe('an archive of an earlier version', () => {
  it.each(['bundle-1', 'bundle-2'])('verifies: %s', async (name) => {
    const key = parseVerifierKey(await readFile(join(folder, 'log.key'), 'utf8'));
    if (key === undefined) throw new Error('log.key is no key');
    const verified = await verifyArchive(join(folder, `${name}.tar`), { keys: [key], witnesses: [], quorum: 0 });
    expect(verified.contents.events).toBeGreaterThan(5);
    expect(verified.opened).toBeGreaterThan(5);
    expect(Object.keys(verified.contents.files).filter((file) => file.startsWith('bundles/'))).toHaveLength(1);
  });
});
