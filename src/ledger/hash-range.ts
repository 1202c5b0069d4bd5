import { Fault } from '../base/fault.ts';
import { emptyRoot, HASH_BYTES, hashNodes, hashRow } from './hash.ts';
import type { LeafRange } from './ranges.ts';
import { TILE_WIDTH, type TileName, tileOf, tilePath } from './tiles.ts';

/** Where tiles are read from. Resolves with the hashes of the tile, or undefined where it is not there. */
export type ReadTile = (name: TileName) => Promise<Uint8Array | undefined>;

/**
 * The hash of a subtree of a tree of `size`, from its tiles. `range` is one that RFC 6962 divides a tree into.
 *
 * @throws Fault E_EVIDENCE that names a tile that is missing or has another size.
 */
export async function hashRange(readTile: ReadTile, size: number, range: LeafRange): Promise<Uint8Array> {
  const peaks: Uint8Array[] = [];
  let { start } = range;
  while (start < range.end) {
    const span = largestSpan(start, range.end);
    peaks.push(await hashPerfect(readTile, size, start, span));
    start += span;
  }
  let root = peaks.pop();
  while (root !== undefined && peaks.length > 0) root = hashNodes(peaks.pop() ?? root, root);
  return root ?? emptyRoot;
}

/** The largest perfect tree that begins at `start`, stands where one can, and does not go beyond `end`. */
function largestSpan(start: number, end: number): number {
  let span = 1;
  while (start % (span * 2) === 0 && start + span * 2 <= end) span *= 2;
  return span;
}

async function hashPerfect(readTile: ReadTile, size: number, start: number, span: number): Promise<Uint8Array> {
  let level = 0;
  let unit = 1; // leaves below one hash of this level
  while (unit * TILE_WIDTH <= span) {
    unit *= TILE_WIDTH;
    level++;
  }
  const first = start / unit;
  const name = tileOf(size, level, Math.floor(first / TILE_WIDTH));
  const tile = name && (await readTile(name));
  if (!name || tile?.length !== name.width * HASH_BYTES) {
    throw new Fault('E_EVIDENCE', `${name ? tilePath(name) : 'a tile'} is missing or not as long as it has to be`);
  }
  const offset = (first % TILE_WIDTH) * HASH_BYTES;
  return hashRow(tile.subarray(offset, offset + (span / unit) * HASH_BYTES));
}
