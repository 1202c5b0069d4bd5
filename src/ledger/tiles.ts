import { HASH_BYTES } from './hash.ts';

/** Tiled logs (C2SP tlog-tiles): which files a tree lies in. */
export const TILE_WIDTH = 256;
export const TILE_BYTES = TILE_WIDTH * HASH_BYTES;
export const CHECKPOINT_PATH = 'checkpoint';

/** One tile of a tree: `width` hashes, 256 unless it is the last of its level. */
export interface TileName {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

/** `tile/0/x001/x234/067`, and for the last one of a level `tile/0/000.p/17`. */
export function tilePath({ level, index, width }: TileName): string {
  return `tile/${level}/${indexPath(index, width)}`;
}

/** Where the entries of a level-0 tile lie. */
export function entriesPath(index: number, width: number): string {
  return `tile/entries/${indexPath(index, width)}`;
}

/** The folder with the partial forms of a full tile or bundle, obsolete once that is there. */
export function partialsOf(path: string): string {
  return `${path}.p`;
}

function indexPath(index: number, width: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const path = groups.map((group, i) => (i === groups.length - 1 ? group : `x${group}`)).join('/');
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}

/** How many hashes a level has in a tree of `size`: one for each full tile of the level below. */
export function levelWidth(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** The levels of a tree that have any hash. */
export function countLevels(size: number): number {
  let levels = 0;
  while (levelWidth(size, levels) > 0) levels++;
  return levels;
}

/** The tile of that level and index in a tree of `size`; undefined where that tree has none. */
export function tileOf(size: number, level: number, index: number): TileName | undefined {
  const width = Math.min(TILE_WIDTH, levelWidth(size, level) - index * TILE_WIDTH);
  return width > 0 ? { level, index, width } : undefined;
}

/** The last tile of each level if it is partial, level 0 first; undefined for a level that ends with a full one. */
export function listPartials(size: number): readonly (TileName | undefined)[] {
  return Array.from({ length: countLevels(size) }, (_, level) => {
    const width = levelWidth(size, level) % TILE_WIDTH;
    return width === 0 ? undefined : { level, index: Math.floor(levelWidth(size, level) / TILE_WIDTH), width };
  });
}
