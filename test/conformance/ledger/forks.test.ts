import { describe, expect, it } from 'vitest';
import { openLedgerFolder } from '../../../src/adapters/ledgers/files/open-ledger-folder.ts';
import { checkAgainst } from '../../../src/app/ledger/check-ledger.ts';
import { eventDigest, LEDGER, LedgerWorld } from './ledger-world.ts';

/*
 * A ledger that does not fit its record, or itself, is refused before anybody is asked to sign. The signer would refuse
 * most of this too, so each check is held here by what it alone says.
 */

async function published(count: number) {
  const world = new LedgerWorld();
  world.record.append(...Array.from({ length: count }, (_, i) => `${i}`));
  const integrator = await world.open();
  await integrator.step();
  const requireNothingSigned = () => expect(world.signed).toHaveLength(1);
  return { world, integrator, requireNothingSigned };
}

/** Flips a bit in the first file of the ledger whose path has that form. */
function flipIn(world: LedgerWorld, form: RegExp): void {
  const files = new Map(world.files.all(LEDGER));
  const [path, bytes] = [...files].find(([name]) => form.test(name)) ?? [];
  if (path === undefined || bytes === undefined) throw new Error(`no file has the form ${form}`);
  const changed = Uint8Array.from(bytes);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  world.files.restore(LEDGER, files.set(path, changed));
}

describe('a ledger is not continued', () => {
  it.each(['changed', 'cut off'])('from a record that was %s while nobody ran', async (how) => {
    const { world, requireNothingSigned } = await published(300);
    const at = 258; // events before 256 are in a full bundle: those are what `fsck` is for
    if (how === 'changed') world.record.digests[at] = eventDigest('another');
    else world.record.digests.length = at;
    const message = 'event 259 of the record is not the one in the ledger';
    await expect(world.open()).rejects.toMatchObject({ code: 'E_LEDGER_FORK', message });
    requireNothingSigned();
  });

  it('from a record that was cut off while it ran', async () => {
    const { world, integrator, requireNothingSigned } = await published(300);
    world.record.digests.length = 299;
    const message = 'the record ends with event 299; the ledger has 300 events of it';
    await expect(integrator.step()).rejects.toMatchObject({ code: 'E_LEDGER_FORK', message });
    requireNothingSigned();
    expect(integrator.published?.checkpoint.size, 'what is published stays').toBe(300);
  });

  it('from an edge that does not come to the root that was signed', async () => {
    const { world, requireNothingSigned } = await published(300);
    flipIn(world, /tile\/0\/001\.p\/44$/);
    const message = 'the edge of the ledger is not what its checkpoint says';
    await expect(world.open()).rejects.toMatchObject({ code: 'E_LEDGER_FORK', message });
    requireNothingSigned();
  });

  it('from an edge of which a tile is missing', async () => {
    const { world, requireNothingSigned } = await published(300);
    const files = [...world.files.all(LEDGER)].filter(([path]) => !/tile\/0\/001\.p\/44$/.test(path));
    world.files.restore(LEDGER, new Map(files));
    const message = 'tiles at the edge of the ledger are missing';
    await expect(world.open()).rejects.toMatchObject({ code: 'E_LEDGER_FORK', message });
    requireNothingSigned();
  });
});

describe('a ledger that was not published after it was signed', () => {
  /** A process died after it had a tree of 320 signed, and before that was published: 300 are. */
  async function signedOnly() {
    const { world, integrator } = await published(300);
    const before = world.files.all(LEDGER);
    world.record.append(...Array.from({ length: 20 }, (_, i) => `more ${i}`));
    await integrator.step();
    world.files.restore(LEDGER, before);
    const check = async () =>
      checkAgainst(world.record, openLedgerFolder(LEDGER, world.files), (await world.openSigner()).signer);
    return { world, check };
  }

  it('is clean while the record comes to what was signed', async () => {
    const { check } = await signedOnly();
    expect((await check()).waiting).toBe(20);
  });

  it.each(['changed', 'cut off'])('is named where the record was %s behind what is published', async (how) => {
    const { world, check } = await signedOnly();
    if (how === 'changed') world.record.digests[310] = eventDigest('another');
    else world.record.digests.length = 310;
    await expect(check()).rejects.toMatchObject({
      code: 'E_LEDGER_FORK',
      message: 'the ledger has 300 events; a tree of 320 was signed, and the record does not come to it',
    });
  });
});
