import { expect, it } from 'vitest';
import { openLedgerFolder } from '../../../src/adapters/ledgers/files/open-ledger-folder.ts';
import { Integrator } from '../../../src/app/ledger/integrator.ts';
import { limits } from '../../../src/base/limits.ts';
import type { RecordReader } from '../../../src/ports/ledger.ts';
import { LEDGER, LedgerWorld } from './ledger-world.ts';

async function open(world: LedgerWorld, lastSeq: () => Promise<number>): Promise<Integrator> {
  const { signer } = await world.openSigner();
  const record = Object.assign(Object.create(world.record), { lastSeq }) as RecordReader;
  return Integrator.open({ record, files: openLedgerFolder(LEDGER, world.files), signer });
}

it('leaves to the next time what comes in while it signs, however steadily it comes', async () => {
  const world = new LedgerWorld();
  let looks = 0;
  const integrator = await open(world, async () => {
    if (++looks > 100) throw new Error('it never rests');
    world.record.append(`event ${looks}`); // each time it looks, a call was made meanwhile
    return world.record.lastSeq();
  });
  await integrator.catchUp();
  await integrator.catchUp();
  expect(world.signed.map(({ head }) => head.size)).toEqual([2, 4]);
});

it('takes as many steps as a backlog needs', async () => {
  const world = new LedgerWorld();
  const total = limits.ledgerEvents + 1;
  for (let i = 0; i < total; i++) world.record.append(`event ${i}`);
  const integrator = await open(world, () => world.record.lastSeq());
  await integrator.catchUp();
  expect(world.signed.map(({ head }) => head.size)).toEqual([limits.ledgerEvents, total]);
});
