import { chmod, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadText } from '../../../src/app/config/load-config.ts';
import { exportEvidence } from '../../../src/app/evidence/export-evidence.ts';
import { verifyArchive } from '../../../src/app/evidence/verify-archive.ts';
import { parseOptions } from '../../../src/app/host-server.ts';
import { checkLedger } from '../../../src/app/ledger/check-ledger.ts';
import { openLedgerSigner } from '../../../src/app/ledger/start-ledger.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { createChaperone } from '../../../src/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chaperone-before-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('exports a record that a version before wrote, with the rules that decided, and verifies it', async () => {
  const keys = join(folder, 'data/record-keys');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  const fixture = join(import.meta.dirname, '../../fixtures/record');
  await cp(join(fixture, 'store.db'), join(folder, 'data/store.db'));
  await cp(join(fixture, 'record-000001'), join(keys, 'record-000001'));
  for (const path of [join(folder, 'data'), keys]) await chmod(path, 0o700);
  await chmod(join(keys, 'record-000001'), 0o600);
  // The ledger takes the whole record up before it ends.
  await (await createChaperone({ folder, manifest: { version: 1, data: 'data' }, notify: () => {} })).close();
  const loaded = await loadText('version: 1\ndata: data\n', 'chaperone.yaml', folder, parseOptions);
  expect((await checkLedger(loaded, systemClock)).waiting, '`fsck` finds nothing wrong with it').toBe(0);
  const out = join(folder, 'all.tar');
  const scope = { kind: 'time' as const, fromMs: 0, toMs: Number.MAX_SAFE_INTEGER / 2_000 };
  const contents = await exportEvidence({ loaded, scope, out, clock: systemClock });
  expect(contents.uncovered, 'that it is exported is an event itself').toBe(1);
  const former = Object.keys(contents.files).filter((file) => file.startsWith('former-bundles/'));
  expect(former.length).toBeGreaterThan(2);
  const trust = { keys: await (await openLedgerSigner(loaded, systemClock)).keys(), witnesses: [], quorum: 0 };
  const verified = await verifyArchive(out, trust);
  expect(verified.contents.files).toEqual(contents.files);
  expect(verified.opened).toBeGreaterThan(50);
});
