import { sha256 } from '../base/sha256.ts';

/** RFC 6962 hashing: leaves and nodes have different first bytes, so that one can never be taken for the other. */
export const HASH_BYTES = 32;
const LEAF = 0x00;
const NODE = 0x01;

/** The root of the tree without leaves. */
export const emptyRoot: Uint8Array = sha256('');

// Millions of these are hashed in a row: what goes into a hash is put together in one place that is used again.
const digestLeaf = new Uint8Array(1 + HASH_BYTES);
const node = new Uint8Array(1 + 2 * HASH_BYTES);
digestLeaf[0] = LEAF;
node[0] = NODE;

/** The hash of one entry. */
export function hashLeaf(entry: Uint8Array): Uint8Array {
  if (entry.length === HASH_BYTES) {
    digestLeaf.set(entry, 1);
    return sha256(digestLeaf);
  }
  const leaf = new Uint8Array(1 + entry.length);
  leaf[0] = LEAF;
  leaf.set(entry, 1);
  return sha256(leaf);
}

/** The hash of two neighbours. */
export function hashNodes(left: Uint8Array, right: Uint8Array): Uint8Array {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}

/** The root over the hashes that stand one after the other in `row`: pairs are hashed, and an odd one moves up. */
export function hashRow(row: Uint8Array): Uint8Array {
  let width = row.length / HASH_BYTES;
  if (width === 0) return emptyRoot;
  const hashes = Uint8Array.from(row);
  while (width > 1) {
    const pairs = Math.floor(width / 2);
    for (let i = 0; i < pairs; i++) {
      node.set(hashes.subarray(2 * i * HASH_BYTES, 2 * (i + 1) * HASH_BYTES), 1);
      hashes.set(sha256(node), i * HASH_BYTES);
    }
    if (width % 2 === 1) hashes.copyWithin(pairs * HASH_BYTES, (width - 1) * HASH_BYTES, width * HASH_BYTES);
    width = pairs + (width % 2);
  }
  return hashes.slice(0, HASH_BYTES);
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
