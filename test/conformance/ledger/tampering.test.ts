import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyLedger } from '../../../src/app/ledger/verify-ledger.ts';
import { openEd25519 } from '../../../src/base/ed25519.ts';
import { Fault } from '../../../src/base/fault.ts';
import { sha256 } from '../../../src/base/sha256.ts';
import { printCheckpoint } from '../../../src/ledger/checkpoint.ts';
import { readEntryBundle, writeEntryBundle } from '../../../src/ledger/entry-bundle.ts';
import { emptyLog, growTree } from '../../../src/ledger/grow-tree.ts';
import { hashLeaf, hashRow } from '../../../src/ledger/hash.ts';
import { printNote, printSignature } from '../../../src/ledger/note.ts';
import { toBytes, toText } from '../../../src/ledger/text-bytes.ts';
import { entriesPath, TILE_WIDTH, tileOf, tilePath } from '../../../src/ledger/tiles.ts';
import { makeVerifierKey } from '../../../src/ledger/verifier-key.ts';

const ORIGIN = 'tamper.example/log';
const ours = openEd25519(sha256('ours'));
const theirs = openEd25519(sha256('theirs'));
const key = makeVerifierKey(ORIGIN, 'note', ours.publicKey);
const trust = { keys: [key], witnesses: [], quorum: 0 };

type Files = Map<string, Uint8Array>;

/** A ledger of that many events, as files, signed. */
function makeLedger(entries: readonly Uint8Array[], signer = ours): Files {
  const growth = growTree(emptyLog, entries);
  const files: Files = new Map(growth.files.map(({ path, bytes }) => [path, Uint8Array.from(bytes)]));
  const text = printCheckpoint(ORIGIN, growth.head);
  const signature = printSignature(makeVerifierKey(ORIGIN, 'note', signer.publicKey), signer.sign(toBytes(text)));
  files.set('checkpoint', toBytes(printNote(text, [signature])));
  return files;
}

const entriesOf = (size: number) => Array.from({ length: size }, (_, i) => sha256(`event ${i + 1}`));
const read = (files: Files) => ({ read: async (path: string) => files.get(path) });

/** What verifying says is wrong; undefined where nothing is. */
async function findWrong(files: Files): Promise<string | undefined> {
  try {
    await verifyLedger(read(files), trust);
    return undefined;
  } catch (error) {
    if (error instanceof Fault && (error.code === 'E_EVIDENCE' || error.code === 'E_NOT_FOUND')) return error.message;
    throw error;
  }
}

function bundleOf(size: number, index: number): string {
  const bundle = Math.floor(index / TILE_WIDTH);
  return entriesPath(bundle, Math.min(TILE_WIDTH, size - bundle * TILE_WIDTH));
}

function changeEntries(
  files: Files,
  size: number,
  index: number,
  change: (entries: Uint8Array[]) => Uint8Array[],
): void {
  const path = bundleOf(size, index);
  const { entries } = readEntryBundle(files.get(path) ?? new Uint8Array());
  files.set(path, writeEntryBundle(change(entries.map((entry) => Uint8Array.from(entry)))));
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

const sizes = fc.oneof(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 250, max: 900 }));
const RUNS = { numRuns: 60, seed: 3 };

describe('a ledger that was tampered with', () => {
  it('verifies while it was not', async () => {
    for (const size of [1, 2, 255, 256, 257, 512, 700])
      expect(await findWrong(makeLedger(entriesOf(size)))).toBeUndefined();
  });

  it('never verifies with any one bit of any one file flipped', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, pick, bit) => {
        const files = makeLedger(entriesOf(size));
        const [path, bytes] = [...files][pick % files.size] ?? ['', new Uint8Array()];
        files.set(path, flip(bytes, bit % (bytes.length * 8)));
        expect(await findWrong(files)).toBeDefined();
      }),
      { ...RUNS, numRuns: 300 },
    );
  });

  it('names the entry of which a bit was flipped', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(255), async (size, pick, bit) => {
        const files = makeLedger(entriesOf(size));
        const index = pick % size;
        changeEntries(files, size, index, (entries) =>
          entries.map((entry, i) => (i === index % TILE_WIDTH ? flip(entry, bit) : entry)),
        );
        expect(await findWrong(files)).toMatch(new RegExp(`entries/.*\\(event ${index + 1}\\)$`));
      }),
      RUNS,
    );
  });

  it('names the first entry where one was dropped and the rest moved up, or two change places', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(), fc.boolean(), async (size, one, other, drop) => {
        const entries = entriesOf(size);
        const [a, b] = [one % size, other % size].sort((x, y) => x - y) as [number, number]; // two numbers, sorted
        fc.pre(a !== b);
        const altered = drop
          ? [...entries.slice(0, a), ...entries.slice(a + 1), sha256('another')]
          : entries.map((entry, i) => (i === a ? entries[b] : i === b ? entries[a] : entry) ?? entry);
        const files = makeLedger(entries);
        for (const [path, bytes] of makeLedger(altered)) if (path.startsWith('tile/entries/')) files.set(path, bytes);
        expect(await findWrong(files)).toMatch(new RegExp(`\\(event ${a + 1}\\)$`));
      }),
      RUNS,
    );
  });

  it('names the tile where only a tile was changed', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, pick, bit) => {
        const files = makeLedger(entriesOf(size));
        const tiles = [...files].filter(([path]) => /^tile\/\d/.test(path));
        const [path, bytes] = tiles[pick % tiles.length] ?? ['', new Uint8Array()];
        files.set(path, flip(bytes, bit % (bytes.length * 8)));
        expect(await findWrong(files)).toMatch(
          new RegExp(`^${path.replace('.', '\\.')}: hash ${Math.floor((bit % (bytes.length * 8)) / 256)} is not`),
        );
      }),
      RUNS,
    );
  });

  it('names the file that is missing or cut off', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.boolean(), async (size, pick, cut) => {
        const files = makeLedger(entriesOf(size));
        const paths = [...files.keys()].filter((path) => path !== 'checkpoint');
        const path = paths[pick % paths.length] ?? '';
        if (cut) files.set(path, (files.get(path) ?? new Uint8Array()).subarray(0, -1));
        else files.delete(path);
        expect(await findWrong(files)).toMatch(path);
      }),
      RUNS,
    );
  });

  it('is found where entries and all tiles were written again to fit each other', async () => {
    const entries = entriesOf(700);
    const files = makeLedger(entries);
    const forged = makeLedger(entries.map((entry, i) => (i === 300 ? sha256('forged') : entry)));
    for (const [path, bytes] of forged) if (path !== 'checkpoint') files.set(path, bytes);
    expect(await findWrong(files)).toMatch(/^checkpoint: entries and tiles fit each other, but not the root/);
  });

  it('is narrowed down where an entry and its own tile were changed, and the tile above was not', async () => {
    const entries = entriesOf(700);
    const files = makeLedger(entries);
    const forged = makeLedger(entries.map((entry, i) => (i === 300 ? sha256('forged') : entry)));
    for (const path of ['tile/entries/001', 'tile/0/001']) files.set(path, forged.get(path) ?? new Uint8Array());
    expect(await findWrong(files)).toMatch(/^tile\/0\/001: .*among 256 to 511/);
  });

  it('is found where it was signed again with another key', async () => {
    const files = makeLedger(entriesOf(30), theirs);
    expect(await findWrong(files)).toBe('the checkpoint is signed by none of the keys given');
    const name = makeVerifierKey(ORIGIN, 'note', theirs.publicKey);
    const text = toText(files.get('checkpoint') ?? new Uint8Array(), 'it');
    files.set('checkpoint', toBytes(text.replace(/— (\S+) \S+/, (line) => line.replace(name.id, key.id))));
    expect(await findWrong(files)).toBeDefined();
  });

  it('names the entry in a tree of three levels', async () => {
    const size = 66_000;
    const files = makeLedger(entriesOf(size));
    expect(await findWrong(files)).toBeUndefined();
    changeEntries(files, size, 65_000, (entries) =>
      entries.map((entry, i) => (i === 65_000 % 256 ? sha256('x') : entry)),
    );
    expect(await findWrong(files)).toMatch(/^tile\/entries\/253: .*\(event 65001\)$/);
    const upper = tileOf(size, 1, 0);
    const path = upper === undefined ? '' : tilePath(upper);
    const fresh = makeLedger(entriesOf(size));
    const tile = Uint8Array.from(fresh.get(path) ?? []);
    tile.set(hashRow(hashLeaf(sha256('y'))), 7 * 32);
    fresh.set(path, tile);
    expect(await findWrong(fresh)).toBe(`${path}: hash 7 is not what its entries come to`);
  });
});
