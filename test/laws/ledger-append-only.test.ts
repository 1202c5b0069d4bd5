import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openLedgerFolder } from '../../src/adapters/ledgers/files/open-ledger-folder.ts';
import { checkAgainst } from '../../src/app/ledger/check-ledger.ts';
import { verifyLedger } from '../../src/app/ledger/verify-ledger.ts';
import type { Digest } from '../../src/base/digest.ts';
import { Fault } from '../../src/base/fault.ts';
import { toHex } from '../../src/ledger/text-bytes.ts';
import { eventDigest, KEYS, LEDGER, LedgerWorld, plainRoot } from '../conformance/ledger/ledger-world.ts';
import { Seeded } from '../simulation/seeded.ts';

/*
 * Law 11: the ledger is append-only relative to any checkpoint ever handed out, and every acknowledged event is in it.
 * Held while the power is cut between any two operations on files, while the disk fails, while keys are rotated, and
 * while somebody puts back an older ledger, or changes or cuts off the record.
 *
 * Assumes that the store keeps what it acknowledged, that the disk keeps what it synced, and that the folder of the keys
 * is out of reach of whoever changes the others: between two checkpoints, a host that lies about all three can leave
 * events out. That is what witnesses are for.
 */

const RUNS = { numRuns: 250, seed: 7 };

const turn = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant('append' as const), count: fc.oneof(fc.nat(4), fc.nat(600)) }),
  },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('step' as const) }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('cut' as const), after: fc.nat(60) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('fail' as const), after: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('rotate' as const) }) },
);

/** Whatever goes wrong has to be a fault with a code: nothing else may get out. */
const isFault = (error: unknown): boolean => error instanceof Fault;

describe('law 11: the ledger is append-only', () => {
  it('wherever the power is cut, and whatever of it the disk kept', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(turn, { minLength: 1, maxLength: 14 }), async (seed, turns) => {
        const seeded = new Seeded(seed);
        const world = new LedgerWorld();
        let integrator = await world.open();
        for (const { what, ...more } of turns) {
          const number = 'count' in more ? more.count : 'after' in more ? more.after : 0;
          if (what === 'append') {
            world.record.append(...Array.from({ length: number }, (_, i) => `${world.record.digests.length + i}`));
          }
          if (what === 'cut') world.files.cutAfter(number);
          if (what === 'fail') world.files.failAfter(number);
          if (what === 'rotate') {
            world.timeMs += 4 * 24 * 3_600_000;
            await world
              .openSigner()
              .then(({ rotate }) => rotate())
              .catch((error: unknown) => expect(error).toSatisfy(isFault));
          }
          if (what !== 'append') await integrator.step().catch((error: unknown) => expect(error).toSatisfy(isFault));
          if (what !== 'restart' && !world.files.isCut) continue;
          world.files.restart(seeded);
          await requireSound(world);
          integrator = await world.open();
        }
        world.files.restart(seeded);
        integrator = await world.open();
        while ((await integrator.step()) !== undefined);
        await requireSound(world);
        expect(integrator.published?.checkpoint.size ?? 0, 'every acknowledged event').toBe(
          world.record.digests.length,
        );
        requireOneHistory(world, world.record.digests);
      }),
      RUNS,
    );
  });

  it('whoever puts back an older ledger, or changes, cuts off or replaces the record', async () => {
    const tampering = fc.record({
      before: fc.integer({ min: 1, max: 600 }),
      between: fc.integer({ min: 1, max: 300 }),
      ledger: fc.constantFrom('left alone', 'an older one', 'none'),
      record: fc.constantFrom('left alone', 'changed', 'cut off', 'another'),
      at: fc.nat(),
      more: fc.nat(300),
      running: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(tampering, async ({ before, between, ledger, record, at, more, running }) => {
        const world = new LedgerWorld();
        const names = (count: number, tag = '') =>
          Array.from({ length: count }, (_, i) => `${tag}${world.record.digests.length + i}`);
        let integrator = await world.open();
        world.record.append(...names(before));
        await integrator.step();
        const older = world.files.all(LEDGER);
        world.record.append(...names(between));
        await integrator.step();
        const total = before + between;
        const honest = [...world.record.digests];
        if (ledger === 'an older one') world.files.restore(LEDGER, older);
        if (ledger === 'none') world.files.restore(LEDGER, new Map());
        if (record === 'changed') world.record.digests[at % total] = eventDigest('another');
        if (record === 'cut off') world.record.digests.length = at % total;
        if (record === 'another') world.record.digests = names(total, 'other').map(eventDigest);
        world.record.append(...names(more, 'after'));
        const refused = await (async () => {
          if (!running) integrator = await world.open();
          await integrator.step();
        })().then(
          () => undefined,
          (error: unknown) => error,
        );
        if (refused !== undefined) expect(refused).toSatisfy(isFault);
        // Whatever was signed since begins with the events that were signed before.
        requireOneHistory(world, [...honest, ...world.record.digests.slice(total)]);
        for (const { head } of world.signed.slice(2)) expect(head.size).toBeGreaterThanOrEqual(total);
        if (record !== 'left alone' || running) return;
        expect(refused, 'a ledger that is behind is written again from the record').toBeUndefined();
        expect((await world.open()).published?.checkpoint.size).toBe(total + more);
      }),
      RUNS,
    );
  });

  it('and notices that the keys’ own memory was put back with an older ledger only by what others have seen', async () => {
    const world = new LedgerWorld();
    world.record.append('0', '1', '2');
    await (await world.open()).step();
    const [ledger, keys] = [world.files.all(LEDGER), world.files.all(KEYS)];
    world.record.append('3');
    await (await world.open()).step();
    world.files.restore(LEDGER, ledger);
    world.files.restore(KEYS, keys);
    world.record.digests.length = 3;
    world.record.append('another');
    await (await world.open()).step();
    const [, honest, forked] = world.signed;
    expect(honest?.head.size).toBe(forked?.head.size);
    expect(toHex(honest?.head.root ?? new Uint8Array())).not.toBe(toHex(forked?.head.root ?? new Uint8Array()));
  });
});

/**
 * What is in the folder verifies by one public key, from the first entry to the root, and `fsck` finds nothing wrong with it,
 * the record and the keys, or nothing was ever published.
 */
async function requireSound(world: LedgerWorld): Promise<void> {
  const { signer } = await world.openSigner();
  const first = (await signer.keys()).slice(0, 1); // one made a moment ago may not have signed yet
  const files = openLedgerFolder(LEDGER, world.files);
  try {
    const { checkpoint } = await verifyLedger(files, { keys: first, witnesses: [], quorum: 0 });
    const { waiting } = await checkAgainst(world.record, files, signer);
    expect(checkpoint.size + waiting, 'every acknowledged event is in it or waits').toBe(world.record.digests.length);
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'E_NOT_FOUND')) throw error;
  }
}

/** Every head that was signed is the root over the first events there ever were. */
function requireOneHistory({ signed }: LedgerWorld, events: readonly Digest[]): void {
  for (const { head } of signed) expect(toHex(head.root)).toBe(plainRoot(events.slice(0, head.size)));
}
