import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBucketCopy } from '../../../src/adapters/ledgers/copies/open-bucket-copy.ts';
import { openFolderCopy } from '../../../src/adapters/ledgers/copies/open-folder-copy.ts';
import { openLedgerFolder } from '../../../src/adapters/ledgers/files/open-ledger-folder.ts';
import { LedgerCopier } from '../../../src/app/ledger/ledger-copier.ts';
import { openCopyFiles, readLastCheckpoint } from '../../../src/app/ledger/read-copy.ts';
import { verifyLedger } from '../../../src/app/ledger/verify-ledger.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Fault } from '../../../src/base/fault.ts';
import type { LedgerCopy } from '../../../src/ports/ledger.ts';
import { Seeded } from '../../simulation/seeded.ts';
import { KEYS, LEDGER, LedgerWorld } from './ledger-world.ts';
import { installS3Server, type S3Server, startS3Server } from './s3-server.ts';

const installed = installS3Server();
const skipped = typeof installed === 'string' ? ` (skipped: ${installed})` : '';
const root = mkdtempSync(join(tmpdir(), 'chaperone-copies-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

/** A ledger that grows, and copies of it. */
class CopiedWorld extends LedgerWorld {
  async grow(by: number, tag = ''): Promise<string> {
    this.record.append(...Array.from({ length: by }, (_, i) => `${tag}${this.record.digests.length + i}`));
    const integrator = await this.open();
    while ((await integrator.step()) !== undefined);
    return integrator.published?.text ?? '';
  }

  async copier(copy: LedgerCopy): Promise<LedgerCopier> {
    const { signer } = await this.openSigner();
    return new LedgerCopier({
      source: openLedgerFolder(LEDGER, this.files),
      copy,
      keys: () => signer.keys(),
    });
  }

  /** From what lies in the copy alone. */
  async verify(copy: LedgerCopy) {
    const { signer } = await this.openSigner();
    const keys = (await signer.keys()).slice(0, 1);
    return verifyLedger(openCopyFiles(copy), { keys, witnesses: [], quorum: 0 });
  }
}

/** Counts what is really added. */
function count(copy: LedgerCopy) {
  const added: string[] = [];
  const counted: LedgerCopy = {
    ...copy,
    async add(file, signal) {
      const answer = await copy.add(file, signal);
      if (answer === 'added') added.push(file.path);
      return answer;
    },
  };
  return { added, counted };
}

let server: S3Server | undefined;
beforeAll(async () => {
  if (typeof installed === 'string') return;
  server = await startS3Server(installed.program);
  await server.makeBucket('evidence');
}, 400_000);
afterAll(() => server?.stop());

const openBucket = (over: { readonly secretAccessKey?: string; readonly prefix?: string } = {}) => {
  if (server === undefined) throw new Error('there is no server');
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const prefix = over.prefix ?? `copy-${made++}/`;
  const readKey = async () => ({ accessKeyId, secretAccessKey: over.secretAccessKey ?? secretAccessKey });
  return openBucketCopy({ endpoint, readKey, bucket: 'evidence', prefix, region: 'us-east-1', clock: systemClock });
};

const kinds = [
  ['a folder', () => openFolderCopy(join(root, `copy-${made++}`))],
  ['a bucket', () => openBucket()],
] as const;

describe.each(kinds)('a copy of the ledger in %s', (kind, openCopy) => {
  const test = it.skipIf(kind === 'a bucket' && typeof installed === 'string');
  const mark = kind === 'a bucket' ? skipped : '';

  test(`is verified by what lies there alone, wherever it was stopped${mark}`, async () => {
    const world = new CopiedWorld();
    const copy = openCopy();
    await expect(world.verify(copy)).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
    const first = await world.copier(copy);
    for (const [by, size] of [
      [3, 3],
      [253, 256],
      [700, 956],
    ] as const) {
      await first.step(await world.grow(by));
      expect((await world.verify(copy)).checkpoint.size).toBe(size);
    }
    const { added, counted } = count(copy);
    const second = await world.copier(counted);
    await second.step(await world.grow(0));
    expect(added, 'what is there is not written again').toEqual([]);
    await second.step(await world.grow(100));
    expect(added.filter((path) => !/\.p\/|^checkpoints/.test(path)).sort()).toEqual(['tile/0/003', 'tile/entries/003']);
    expect((await world.verify(copy)).checkpoint.size).toBe(1_056);
  });

  test(`leaves an object alone that differs, and says which${mark}`, async () => {
    const world = new CopiedWorld();
    const copy = openCopy();
    await (await world.copier(copy)).step(await world.grow(200));
    const forged = Buffer.from('forged');
    await copy.add({ path: 'tile/entries/000', bytes: forged });
    const next = await world.copier(copy);
    await expect(next.step(await world.grow(100))).rejects.toMatchObject({
      code: 'E_COPY_DIFFERS',
      message: 'tile/entries/000 is there with another content',
    });
    expect(Buffer.from((await copy.read('tile/entries/000')) ?? []).equals(forged)).toBe(true);
  });

  test(`shows that ledger and record were put back together with the keys’ memory${mark}`, async () => {
    const world = new CopiedWorld();
    const copy = openCopy();
    await world.grow(5);
    const [ledger, keys] = [world.files.all(LEDGER), world.files.all(KEYS)];
    await (await world.copier(copy)).step(await world.grow(5));
    world.files.restore(LEDGER, ledger);
    world.files.restore(KEYS, keys);
    world.record.digests.length = 5;
    await expect((await world.copier(copy)).step(await world.grow(1, 'other'))).rejects.toMatchObject({
      code: 'E_COPY_DIFFERS',
      message: expect.stringContaining('put back'),
    });
    await expect((await world.copier(copy)).step(await world.grow(9, 'other'))).rejects.toMatchObject({
      code: 'E_COPY_DIFFERS',
      message: expect.stringContaining('do not come to what was signed'),
    });
    expect((await world.verify(copy)).checkpoint.size, 'the copy is what it was').toBe(10);
  });

  test(`takes nothing from a ledger that was changed on its disk${mark}`, async () => {
    const world = new CopiedWorld();
    const { added, counted } = count(openCopy());
    const text = await world.grow(300);
    const files = new Map(world.files.all(LEDGER));
    const entries = Uint8Array.from(files.get('tile/entries/000') ?? []);
    entries[500] = (entries[500] ?? 0) ^ 1;
    world.files.restore(LEDGER, files.set('tile/entries/000', entries));
    await expect((await world.copier(counted)).step(text)).rejects.toMatchObject({ code: 'E_COPY_DIFFERS' });
    expect(added).toEqual([]);
  });

  test(`has one checkpoint with the signatures of all who saw it, and none that contradicts it${mark}`, async () => {
    const world = new CopiedWorld();
    const copy = openCopy();
    const copier = await world.copier(copy);
    const text = await world.grow(4);
    await copier.step(text);
    const witness = `— w.example ${Buffer.alloc(76, 1).toString('base64')}\n`;
    await copier.step(`${text}${witness}`);
    expect((await readLastCheckpoint(copy))?.text).toBe(`${text}${witness}`);
    const other = text.replace(/\n.{44}\n/, `\n${Buffer.alloc(32).toString('base64')}\n`);
    await copy.add({ path: 'checkpoints/000/000/000/000/004.0000000000000000', bytes: Buffer.from(other) });
    await expect(world.verify(copy)).rejects.toMatchObject({ code: 'E_EVIDENCE' });
    await expect((await world.copier(copy)).step(await world.grow(1))).rejects.toMatchObject({
      code: 'E_COPY_DIFFERS',
    });
  });
});

it('a large ledger is copied in pieces, and comes out whole', async () => {
  const world = new CopiedWorld();
  const copy = openFolderCopy('/copy', world.files);
  for (let i = 0; i < 6; i++) await world.grow(10_000);
  const text = await world.grow(10_000);
  await (await world.copier(copy)).step(text);
  expect((await world.verify(copy)).checkpoint.size).toBe(70_000);
  const names = [...world.files.all('/copy').keys()];
  expect(names.filter((name) => name.includes('.p/'))).toHaveLength(4);
  expect(names.filter((name) => name.includes('draft'))).toEqual([]);
});

describe.skipIf(typeof installed === 'string')(`a bucket${skipped}`, () => {
  it('lies below whatever prefix a configuration may name', async () => {
    const world = new CopiedWorld();
    const copy = openBucket({ prefix: "odd/a.b_c*d'e(f)!-9/" });
    await (await world.copier(copy)).step(await world.grow(300));
    expect((await world.verify(copy)).checkpoint.size).toBe(300);
  });

  it('is not written to with a key that does not fit, and is told apart from one that is away', async () => {
    const world = new CopiedWorld();
    const text = await world.grow(1);
    const refused = (await world.copier(openBucket({ secretAccessKey: 'wrong' }))).step(text);
    await expect(refused).rejects.toMatchObject({ code: 'E_COPY', message: expect.stringContaining('403') });
    const away = await startS3Server(typeof installed === 'string' ? '' : installed.program);
    const { endpoint, accessKeyId, secretAccessKey } = away;
    await away.stop();
    const readKey = async () => ({ accessKeyId, secretAccessKey });
    const keys = { endpoint, readKey, region: 'us-east-1', clock: systemClock };
    const copier = await world.copier(openBucketCopy({ ...keys, bucket: 'evidence', prefix: '' }));
    await expect(copier.step(text)).rejects.toMatchObject({
      code: 'E_COPY',
      message: expect.stringContaining('could not be reached'),
    });
  });
});

describe('law 11 for copies', () => {
  const turn = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ what: fc.constant('grow' as const), number: fc.oneof(fc.nat(4), fc.nat(400)) }),
    },
    { weight: 5, arbitrary: fc.record({ what: fc.constant('cut' as const), number: fc.nat(60) }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('fail' as const), number: fc.nat(40) }) },
  );

  it('wherever the power is cut, what is in a copy verifies, goes on, and is never written again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(turn, { minLength: 1, maxLength: 10 }), async (seed, turns) => {
        const seeded = new Seeded(seed);
        const world = new CopiedWorld();
        const copy = openFolderCopy('/copy', world.files);
        let text = await world.grow(1);
        let copier = await world.copier(copy);
        for (const { what, number } of turns) {
          if (what === 'grow') text = await world.grow(number);
          if (what === 'cut') world.files.cutAfter(number);
          if (what === 'fail') world.files.failAfter(number);
          const before = filesOf(world);
          await copier.step(text).catch((error: unknown) => expect(error).toBeInstanceOf(Fault));
          for (const [path, bytes] of before) expect(filesOf(world).get(path), path).toEqual(bytes);
          if (world.files.isCut) {
            world.files.restart(seeded);
            copier = await world.copier(copy);
          }
          world.files.failAfter(Infinity);
          world.files.cutAfter(Infinity);
          await requireSound(world, copy);
        }
        world.files.restart(seeded);
        await (await world.copier(copy)).step(text);
        expect((await world.verify(copy)).checkpoint.size).toBe(world.record.digests.length);
      }),
      { numRuns: 80, seed: 11 },
    );
  });
});

/** What is in the copy by its final name. */
const filesOf = (world: CopiedWorld) =>
  new Map([...world.files.all('/copy')].filter(([path]) => !path.endsWith('.draft')));

async function requireSound(world: CopiedWorld, copy: LedgerCopy): Promise<void> {
  const found = await world.verify(copy).catch((error: unknown) => error);
  if (found instanceof Fault) expect(found.code).toBe('E_NOT_FOUND');
  else expect(found).not.toBeInstanceOf(Error);
}
