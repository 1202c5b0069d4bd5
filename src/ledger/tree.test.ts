import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../base/sha256.ts';
import { emptyLog, growTree, type LogEnd } from './grow-tree.ts';
import { emptyRoot, hashLeaf, sameBytes } from './hash.ts';
import { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from './proofs.ts';
import { toHex } from './text-bytes.ts';
import { countLevels, entriesPath, listPartials, TILE_WIDTH, tileOf, tilePath } from './tiles.ts';
import { TreeEdge } from './tree-edge.ts';

/** The tree as RFC 6962 §2.1 writes it down, word for word: what the tiled one is measured against. */
function plainRoot(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return sha256('');
  const [only] = entries;
  if (entries.length === 1 && only) return sha256(Buffer.concat([Buffer.of(0), only]));
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha256(Buffer.concat([Buffer.of(1), plainRoot(entries.slice(0, k)), plainRoot(entries.slice(k))]));
}

function plainPath(m: number, entries: readonly Uint8Array[]): Uint8Array[] {
  if (entries.length <= 1) return [];
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return m < k
    ? [...plainPath(m, entries.slice(0, k)), plainRoot(entries.slice(k))]
    : [...plainPath(m - k, entries.slice(k)), plainRoot(entries.slice(0, k))];
}

function plainSubproof(m: number, entries: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  if (m === entries.length) return whole ? [] : [plainRoot(entries)];
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return m <= k
    ? [...plainSubproof(m, entries.slice(0, k), whole), plainRoot(entries.slice(k))]
    : [...plainSubproof(m - k, entries.slice(k), false), plainRoot(entries.slice(0, k))];
}

/** Grows a log in steps of these sizes, and keeps what it wrote. */
function growInSteps(entries: readonly Uint8Array[], steps: readonly number[]) {
  const files = new Map<string, Uint8Array>();
  let end: LogEnd = emptyLog;
  let at = 0;
  for (const step of [...steps, entries.length]) {
    const growth = growTree(end, entries.slice(at, at + step));
    at = Math.min(entries.length, at + step);
    end = growth.end;
    for (const { path, bytes } of growth.files) files.set(path, bytes);
  }
  const readTile = async (name: Parameters<typeof tilePath>[0]) => files.get(tilePath(name));
  return { files, end, readTile, head: { size: end.edge.size, root: end.edge.root() } };
}

const number = (i: number) => sha256(`entry ${i}`);
const entriesOf = (size: number) => Array.from({ length: size }, (_, i) => number(i));
const sizes = fc.oneof(fc.nat(40), fc.integer({ min: 250, max: 800 }));
const RUNS = { numRuns: 60, seed: 5 };

describe('a tree in tiles', () => {
  it('has the root of the plain tree, however it grew', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(300), { maxLength: 6 }), (size, steps) => {
        const entries = entriesOf(size);
        const { head } = growInSteps(entries, steps);
        expect(head.size).toBe(size);
        expect(toHex(head.root)).toBe(toHex(plainRoot(entries)));
      }),
      RUNS,
    );
  });

  it('goes on from its partial tiles as if it had never stopped', () => {
    fc.assert(
      fc.property(sizes, fc.nat(300), (size, more) => {
        const { end, files } = growInSteps(entriesOf(size), []);
        const partials = listPartials(size).map((name) => name && files.get(tilePath(name)));
        const edge = TreeEdge.fromPartials(size, partials);
        for (let i = size; i < size + more; i++) edge.append(hashLeaf(number(i)), () => {});
        expect(toHex(edge.root())).toBe(toHex(plainRoot(entriesOf(size + more))));
        expect(end.edge.size, 'what was copied did not grow').toBe(size);
      }),
      RUNS,
    );
  });

  it('proves what is in it, as the plain tree does, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(), fc.nat(), async (size, pick, other, bit) => {
        fc.pre(size > 0);
        const entries = entriesOf(size);
        const { readTile, head } = growInSteps(entries, []);
        const index = pick % size;
        const leaf = hashLeaf(number(index));
        const proof = await proveInclusion(readTile, index, size);
        expect(proof.map(toHex)).toEqual(plainPath(index, entries).map(toHex));
        expect(verifyInclusion(leaf, index, head, proof)).toBe(true);
        if (other % size !== index) expect(verifyInclusion(leaf, other % size, head, proof)).toBe(false);
        expect(verifyInclusion(hashLeaf(number(size)), index, head, proof)).toBe(false);
        expect(verifyInclusion(leaf, index, head, [...proof, leaf])).toBe(false);
        expect(verifyInclusion(leaf, index, { ...head, root: flip(head.root, bit) }, proof)).toBe(false);
        if (proof.length > 0) {
          const at = bit % proof.length;
          const forged = proof.map((hash, i) => (i === at ? flip(hash, other) : hash));
          expect(verifyInclusion(leaf, index, head, forged)).toBe(false);
          expect(verifyInclusion(leaf, index, head, proof.slice(1))).toBe(false);
        }
      }),
      RUNS,
    );
  });

  it('proves that it continues every tree it has been, and no other', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, pick, bit) => {
        const entries = entriesOf(size);
        const { readTile, head } = growInSteps(entries, []);
        const oldSize = pick % (size + 1);
        const old = { size: oldSize, root: plainRoot(entries.slice(0, oldSize)) };
        const proof = await proveConsistency(readTile, oldSize, size);
        expect(proof.map(toHex)).toEqual(oldSize === 0 ? [] : plainSubproof(oldSize, entries, true).map(toHex));
        expect(verifyConsistency(old, head, proof)).toBe(true);
        if (oldSize === 0) return;
        expect(verifyConsistency({ ...old, root: flip(old.root, bit) }, head, proof)).toBe(false);
        expect(verifyConsistency(old, { ...head, root: flip(head.root, bit) }, proof)).toBe(false);
        const changed = [...entries.slice(0, oldSize - 1), number(-1), ...entries.slice(oldSize)];
        const fork = growInSteps(changed, []);
        const forged = await proveConsistency(fork.readTile, oldSize, size);
        expect(verifyConsistency(old, fork.head, forged)).toBe(false);
      }),
      RUNS,
    );
  });

  it('lies in the files that its size says', () => {
    const levels = Array.from({ length: countLevels(70_000) }, (_, level) => {
      let full = 0;
      while (tileOf(70_000, level, full)?.width === TILE_WIDTH) full++;
      return { full, partial: tileOf(70_000, level, full)?.width ?? 0 };
    });
    expect(levels).toEqual([
      { full: 273, partial: 112 },
      { full: 1, partial: 17 },
      { full: 0, partial: 1 },
    ]);
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067');
    expect(tilePath({ level: 2, index: 0, width: 1 })).toBe('tile/2/000.p/1');
    expect(entriesPath(999, 256)).toBe('tile/entries/999');
    expect(entriesPath(1_000, 7)).toBe('tile/entries/x001/000.p/7');
  });

  it('is empty at first', () => {
    expect(growTree(emptyLog, []).head).toEqual({ size: 0, root: emptyRoot });
    expect(growTree(emptyLog, []).files).toEqual([]);
    expect(sameBytes(emptyRoot, sha256('x'))).toBe(false);
  });
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = bit % (copy.length * 8);
  copy[at >> 3] = (copy[at >> 3] ?? 0) ^ (1 << (at & 7));
  return copy;
}
