import { assert } from '../base/assert.ts';
import { emptyRoot, HASH_BYTES, hashNodes, hashRow } from './hash.ts';
import { listPartials, TILE_BYTES, TILE_WIDTH, type TileName } from './tiles.ts';

/** A tile with its hashes, one after the other. */
export interface Tile extends TileName {
  readonly hashes: Uint8Array;
}

type OnFull = (tile: Tile, root: Uint8Array) => void;

/**
 * The right edge of a tree: the last tile of each level as far as it is partial. It is all that is needed to append, and
 * to know the root; what is full is handed out and forgotten.
 */
export class TreeEdge {
  readonly #levels: { readonly hashes: Uint8Array; width: number }[];
  #size: number;

  private constructor(size: number, levels: { hashes: Uint8Array; width: number }[]) {
    this.#size = size;
    this.#levels = levels;
  }

  static empty(): TreeEdge {
    return new TreeEdge(0, []);
  }

  /** The edge of a tree of `size` from the partial tiles that `listPartials` names, in its order. */
  static fromPartials(size: number, tiles: readonly (Uint8Array | undefined)[]): TreeEdge {
    const levels = listPartials(size).map((name, level) => {
      const hashes = new Uint8Array(TILE_BYTES);
      const given = tiles[level];
      assert(name === undefined || given?.length === name.width * HASH_BYTES, 'an edge takes the partial tiles it has');
      if (name !== undefined && given !== undefined) hashes.set(given);
      return { hashes, width: name?.width ?? 0 };
    });
    return new TreeEdge(size, levels);
  }

  get size(): number {
    return this.#size;
  }

  /** A second edge that grows by itself. */
  copy(): TreeEdge {
    return new TreeEdge(
      this.#size,
      this.#levels.map(({ hashes, width }) => ({ hashes: Uint8Array.from(hashes), width })),
    );
  }

  /** Appends a leaf's hash. Hands out the tiles that became full by it, level 0 first, each with its root. */
  append(leafHash: Uint8Array, onFull: OnFull): void {
    this.#size++;
    this.#push(0, leafHash, onFull);
  }

  /** Appends the hashes of a whole tile, which is the same as appending them one by one where one begins, and faster. */
  appendTile(hashes: Uint8Array, onFull: OnFull): void {
    assert(this.#size % TILE_WIDTH === 0 && hashes.length === TILE_BYTES, 'a whole tile is appended where one begins');
    this.#size += TILE_WIDTH;
    this.#fill(0, hashes, onFull);
  }

  /** The last tile of each level that is partial. */
  partials(): readonly Tile[] {
    return listPartials(this.#size).flatMap((name) => {
      const level = name && this.#levels[name.level];
      return name && level ? [{ ...name, hashes: level.hashes.slice(0, name.width * HASH_BYTES) }] : [];
    });
  }

  root(): Uint8Array {
    let root: Uint8Array | undefined;
    for (const { hashes, width } of this.#levels) {
      for (const peak of listPeaks(hashes, width)) root = root === undefined ? peak : hashNodes(peak, root);
    }
    return root ?? emptyRoot;
  }

  #push(level: number, hash: Uint8Array, onFull: OnFull): void {
    const at = this.#levels[level] ?? { hashes: new Uint8Array(TILE_BYTES), width: 0 };
    this.#levels[level] = at;
    at.hashes.set(hash, at.width * HASH_BYTES);
    at.width++;
    if (at.width < TILE_WIDTH) return;
    at.width = 0;
    this.#fill(level, Uint8Array.from(at.hashes), onFull);
  }

  /** A tile that is full: handed out, and its root goes to the level above. */
  #fill(level: number, hashes: Uint8Array, onFull: OnFull): void {
    this.#levels[level] ??= { hashes: new Uint8Array(TILE_BYTES), width: 0 };
    const index = Math.floor(this.#size / TILE_WIDTH ** (level + 1)) - 1;
    const root = hashRow(hashes);
    onFull({ level, index, width: TILE_WIDTH, hashes }, root);
    this.#push(level + 1, root, onFull);
  }
}

/** The roots of the perfect trees that a partial tile consists of, the smallest and last one first. */
function listPeaks(hashes: Uint8Array, width: number): readonly Uint8Array[] {
  const peaks: Uint8Array[] = [];
  let end = width;
  for (let span = 1; span < TILE_WIDTH; span *= 2) {
    if (Math.floor(width / span) % 2 === 0) continue;
    peaks.push(hashRow(hashes.subarray((end - span) * HASH_BYTES, end * HASH_BYTES)));
    end -= span;
  }
  return peaks;
}
