import { hashNodes, sameBytes } from './hash.ts';
import { hashRange, type ReadTile } from './hash-range.ts';
import { listConsistencyRanges, listInclusionRanges } from './ranges.ts';
import { tilePath } from './tiles.ts';
import type { TreeHead } from './tree-head.ts';

/** The hashes that prove that entry `index` is in the tree of `size`. Throws a `Fault` E_EVIDENCE for missing tiles. */
export function proveInclusion(readTile: ReadTile, index: number, size: number): Promise<readonly Uint8Array[]> {
  const read = readOnce(readTile);
  return Promise.all(listInclusionRanges(index, size).map((range) => hashRange(read, size, range)));
}

/** The hashes that prove that the tree of `oldSize` is the beginning of that of `size`. Throws as `proveInclusion`. */
export function proveConsistency(readTile: ReadTile, oldSize: number, size: number): Promise<readonly Uint8Array[]> {
  const read = readOnce(readTile);
  return Promise.all(listConsistencyRanges(oldSize, size).map((range) => hashRange(read, size, range)));
}

/** A proof takes several hashes out of one tile, which is read once for all of them. */
function readOnce(readTile: ReadTile): ReadTile {
  const read = new Map<string, ReturnType<ReadTile>>();
  return (name) => {
    const path = tilePath(name);
    const known = read.get(path) ?? readTile(name);
    read.set(path, known);
    return known;
  };
}

/** Whether `proof` shows that the leaf is entry `index` of the tree. */
export function verifyInclusion(
  leafHash: Uint8Array,
  index: number,
  head: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (!(index >= 0 && index < head.size)) return false;
  let hash = leafHash;
  let at = index;
  let last = head.size - 1;
  for (const sibling of proof) {
    if (last === 0) return false; // longer than the tree is high
    if (at % 2 === 1 || at === last) {
      hash = hashNodes(sibling, hash);
      // An odd one at the end has no sibling: it moves up until it is on the right of one.
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = hashNodes(hash, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && sameBytes(hash, head.root);
}

/** Whether `proof` shows that the old tree is the beginning of the new one. */
export function verifyConsistency(old: TreeHead, head: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (!(old.size >= 0 && old.size <= head.size)) return false;
  if (old.size === 0) return proof.length === 0;
  if (old.size === head.size) return proof.length === 0 && sameBytes(old.root, head.root);
  let at = old.size - 1;
  let last = head.size - 1;
  while (at % 2 === 1) {
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  // The whole old tree is one perfect subtree of the new one: its hash is known and not in the proof.
  const [first, ...rest] = at === 0 ? [old.root, ...proof] : proof;
  if (first === undefined) return false;
  let oldHash = first;
  let hash = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldHash = hashNodes(sibling, oldHash);
      hash = hashNodes(sibling, hash);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = hashNodes(hash, sibling);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && sameBytes(oldHash, old.root) && sameBytes(hash, head.root);
}
