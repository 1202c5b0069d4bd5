import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openLedgerFolder } from '../../../src/adapters/ledgers/files/open-ledger-folder.ts';
import { openCheckpointSigner } from '../../../src/adapters/ledgers/keys/open-checkpoint-signer.ts';
import { Integrator } from '../../../src/app/ledger/integrator.ts';
import { verifyLedger } from '../../../src/app/ledger/verify-ledger.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Fault } from '../../../src/base/fault.ts';
import { ArrayRecord, LEDGER, LedgerWorld } from './ledger-world.ts';

const root = mkdtempSync(join(tmpdir(), 'chaperone-faults-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function canMount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', root], { stdio: 'ignore' });
    execFileSync('umount', [root]);
    return true;
  } catch {
    return false;
  }
}

it.skipIf(!canMount())(
  'a ledger whose disk is full says so, stays sound, and takes up all of it when there is room',
  async () => {
    const folder = join(root, 'ledger');
    execFileSync('mkdir', [folder]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=600k', 'tmpfs', folder]);
    try {
      const record = new ArrayRecord();
      const signer = await openCheckpointSigner({ folder: join(root, 'keys'), clock: systemClock });
      const files = openLedgerFolder(join(folder, 'log'));
      const integrator = await Integrator.open({ record, files, signer });
      const trust = { keys: await signer.keys(), witnesses: [], quorum: 0 };
      let faults = 0;
      for (let i = 0; i < 60; i++) {
        record.append(...Array.from({ length: 500 }, (_, n) => `${i} ${n}`));
        const sizeBefore = integrator.published?.checkpoint.size ?? 0;
        try {
          await integrator.catchUp();
          expect(integrator.published?.checkpoint.size).toBe(record.digests.length);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
          expect(error).toMatchObject({ code: 'E_LEDGER', message: expect.stringContaining('ENOSPC') });
          expect((await verifyLedger(files, trust)).checkpoint.size, 'what is published stays whole').toBe(sizeBefore);
          if (++faults === 3) break;
        }
      }
      expect(faults).toBe(3);
      execFileSync('mount', ['-o', 'remount,size=8m', folder]);
      await integrator.catchUp();
      expect((await verifyLedger(files, trust)).checkpoint.size).toBe(record.digests.length);
    } finally {
      execFileSync('umount', ['-l', folder]);
    }
  },
);

it('a clock that goes back loses no event, and no key its successor', async () => {
  const world = new LedgerWorld();
  const dayMs = 24 * 3_600_000;
  let count = 0;
  for (const jumpMs of [0, -400 * dayMs, 30 * dayMs, -1, -900 * dayMs, 2_000 * dayMs, -dayMs]) {
    world.timeMs += jumpMs;
    world.record.append(...Array.from({ length: 150 }, () => String(count++)));
    if (jumpMs < -dayMs) await (await world.openSigner()).rotate();
    await (await world.open()).catchUp();
    const { signer } = await world.openSigner();
    const [first] = await signer.keys();
    const trust = { keys: first === undefined ? [] : [first], witnesses: [], quorum: 0 };
    const { checkpoint } = await verifyLedger(openLedgerFolder(LEDGER, world.files), trust);
    expect(checkpoint.size).toBe(count);
  }
});
