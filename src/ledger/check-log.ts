import { readEntryBundle } from './entry-bundle.ts';
import { HASH_BYTES, hashLeaf, hashRow, sameBytes } from './hash.ts';
import { type LogFiles, readBundleBytes, readTile } from './read-tile.ts';
import { countLevels, entriesPath, levelWidth, TILE_WIDTH, type TileName, tileOf, tilePath } from './tiles.ts';
import { type Tile, TreeEdge } from './tree-edge.ts';
import type { TreeHead } from './tree-head.ts';

/** The first thing in a log that is not what was signed. */
export interface LogProblem {
  /** The file in which it is. */
  readonly path: string;
  /** Counting from 0; absent where no single entry can be named. */
  readonly index?: number;
  readonly message: string;
}

export interface CheckLogOptions {
  readonly files: LogFiles;
  /** A tree head whose signature was verified. */
  readonly head: TreeHead;
  /** Holds every entry against something else, such as the record. Answers what is wrong with it. */
  readonly checkEntries?: (firstIndex: number, entries: readonly Uint8Array[]) => Promise<LogProblem | undefined>;
  /** Called between bundles, for whoever shares the thread. */
  readonly pause?: () => Promise<void>;
}

/**
 * Takes every hash of a log again, from its entries up to the root that was signed, and names the first thing that is
 * not as it was. What lies in the folder beyond the signed tree is not looked at.
 */
export async function checkLog(options: CheckLogOptions): Promise<LogProblem | undefined> {
  const { files, head } = options;
  const computed = TreeEdge.empty();
  /** Hashes of each level above 0, as they follow from the entries. */
  const levels: Uint8Array[][] = [];
  const keep = ({ level }: Tile, root: Uint8Array): void => {
    levels[level + 1] ??= [];
    levels[level + 1]?.push(root);
  };
  let wrongEntry: LogProblem | undefined;
  let wrongTile: LogProblem | undefined;
  const bundles = Math.ceil(head.size / TILE_WIDTH);

  for (let bundle = 0; bundle < bundles; bundle++) {
    const width = Math.min(TILE_WIDTH, head.size - bundle * TILE_WIDTH);
    const read = await readBundle(files, bundle, width);
    if (!('entries' in read)) return narrow(files, { level: 0, index: bundle, width }, read);
    const hashes = hashAll(read.entries);
    const named = await compareTile(files, { level: 0, index: bundle, width }, hashes);
    wrongTile ??= named;
    const problem = await options.checkEntries?.(bundle * TILE_WIDTH, read.entries);
    wrongEntry ??= problem;
    if (width === TILE_WIDTH) computed.appendTile(hashes, keep);
    else for (let i = 0; i < width; i++) computed.append(hashAt(hashes, i), keep);
    await options.pause?.();
  }

  if (sameBytes(computed.root(), head.root)) {
    // The entries are the ones that were signed, every one. What else is wrong is a tile, or what they are held against.
    return wrongEntry ?? wrongTile ?? (await compareUpperTiles(files, head.size, levels));
  }
  return (await findBelowRoot(files, head, levels)) ?? wrongEntry ?? UNNAMED;
}

const UNNAMED: LogProblem = {
  path: 'checkpoint',
  message: 'entries and tiles fit each other, but not the root that was signed: they were all written again',
};

type Bundle = { readonly entries: readonly Uint8Array[] } | BrokenBundle;

interface BrokenBundle extends LogProblem {
  /** Entries that could be read all the same. */
  readonly before: readonly Uint8Array[];
}

/** A wrong length shows only where reading ends, which is behind the entry whose length it is: the tile tells which. */
async function narrow(files: LogFiles, name: TileName, { before, ...problem }: BrokenBundle): Promise<LogProblem> {
  const tile = await readTile(files, name);
  const at = tile && firstDifference(tile.subarray(0, before.length * HASH_BYTES), hashAll(before));
  if (at === undefined) return problem;
  const index = name.index * TILE_WIDTH + at;
  return { ...problem, index, message: `entry ${index} is not the one that was signed, and is of another length` };
}

async function readBundle(files: LogFiles, bundle: number, width: number): Promise<Bundle> {
  const path = entriesPath(bundle, width);
  const firstIndex = bundle * TILE_WIDTH;
  const bytes = await readBundleBytes(files, bundle, width);
  if (bytes === undefined) return { path, index: firstIndex, message: 'the entries are missing', before: [] };
  const { entries, rest } = readEntryBundle(bytes);
  if (entries.length < width) {
    const index = firstIndex + entries.length;
    const message = `entry ${index} is missing or cut off: there are ${entries.length} of ${width}`;
    return { path, index, message, before: entries };
  }
  if (rest > 0) {
    const index = firstIndex + entries.length;
    return { path, index, message: `${rest} bytes follow the last entry`, before: entries.slice(0, width) };
  }
  return { entries: entries.slice(0, width) };
}

function hashAll(entries: readonly Uint8Array[]): Uint8Array {
  const hashes = new Uint8Array(entries.length * HASH_BYTES);
  for (const [i, entry] of entries.entries()) hashes.set(hashLeaf(entry), i * HASH_BYTES);
  return hashes;
}

/** Where a tile differs from the hashes it has to have. */
async function compareTile(files: LogFiles, name: TileName, hashes: Uint8Array): Promise<LogProblem | undefined> {
  const path = tilePath(name);
  const tile = await readTile(files, name);
  if (tile === undefined) return { path, message: 'the tile is missing or too short' };
  const at = firstDifference(tile, hashes);
  if (at === undefined) return undefined;
  const message = `hash ${at} is not what its entries come to`;
  return name.level === 0 ? { path, index: name.index * TILE_WIDTH + at, message } : { path, message };
}

async function compareUpperTiles(
  files: LogFiles,
  size: number,
  levels: readonly (readonly Uint8Array[] | undefined)[],
): Promise<LogProblem | undefined> {
  for (let level = 1; level < countLevels(size); level++) {
    for (let index = 0; index * TILE_WIDTH < levelWidth(size, level); index++) {
      const name = tileOf(size, level, index);
      const problem = name && (await compareTile(files, name, rowOf(levels[level] ?? [], name)));
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

/**
 * The entries are not those that were signed. Goes down from the root through tiles that still fit it, to the first
 * place where the entries do not.
 */
async function findBelowRoot(
  files: LogFiles,
  head: TreeHead,
  levels: readonly (readonly Uint8Array[] | undefined)[],
): Promise<LogProblem | undefined> {
  const partials: (Uint8Array | undefined)[] = [];
  const top = countLevels(head.size) - 1;
  for (let level = 0; level <= top; level++) {
    const width = levelWidth(head.size, level) % TILE_WIDTH;
    const name =
      width === 0 ? undefined : tileOf(head.size, level, Math.floor(levelWidth(head.size, level) / TILE_WIDTH));
    const tile = name && (await readTile(files, name));
    if (name && tile === undefined) return { path: tilePath(name), message: 'the tile is missing or too short' };
    partials.push(tile);
  }
  // No stored tile can be believed if those at the edge do not come to the root.
  if (!sameBytes(TreeEdge.fromPartials(head.size, partials).root(), head.root)) return undefined;
  let first: LogProblem | undefined;
  for (let level = top; level >= 0 && first === undefined; level--) {
    const tile = partials[level];
    if (tile === undefined) continue;
    const index = Math.floor(levelWidth(head.size, level) / TILE_WIDTH);
    first = await descend(files, head.size, { level, index, width: tile.length / HASH_BYTES }, tile, levels);
  }
  return first;
}

/** The first wrong entry below a tile that was found to be right, or the first tile on the way that does not fit. */
async function descend(
  files: LogFiles,
  size: number,
  name: TileName,
  tile: Uint8Array,
  levels: readonly (readonly Uint8Array[] | undefined)[],
): Promise<LogProblem | undefined> {
  if (name.level === 0) return compareEntries(files, name, tile);
  const at = firstDifference(tile, rowOf(levels[name.level] ?? [], name));
  if (at === undefined) return undefined;
  const child: TileName = { level: name.level - 1, index: name.index * TILE_WIDTH + at, width: TILE_WIDTH };
  const hashes = await readTile(files, child);
  if (hashes === undefined || !sameBytes(hashRow(hashes), hashAt(tile, at))) {
    const from = child.index * TILE_WIDTH ** (child.level + 1);
    const until = from + TILE_WIDTH ** (child.level + 1) - 1;
    return {
      path: tilePath(child),
      index: from,
      message: `the tile and entries among ${from} to ${until} were changed`,
    };
  }
  return descend(files, size, child, hashes, levels);
}

async function compareEntries(files: LogFiles, name: TileName, tile: Uint8Array): Promise<LogProblem | undefined> {
  const path = entriesPath(name.index, name.width);
  const read = await readBundle(files, name.index, name.width);
  if (!('entries' in read)) return narrow(files, name, read);
  const hashes = hashAll(read.entries);
  const at = firstDifference(tile, hashes);
  if (at === undefined) return undefined;
  const index = name.index * TILE_WIDTH + at;
  const moved = [...Array(name.width).keys()].find((i) => sameBytes(hashAt(tile, i), hashAt(hashes, at)));
  const message =
    moved === undefined
      ? `entry ${index} is not the one that was signed`
      : `entry ${index} is not the one that was signed: entry ${name.index * TILE_WIDTH + moved} stands in its place`;
  return { path, index, message };
}

function rowOf(hashes: readonly Uint8Array[], { index, width }: TileName): Uint8Array {
  const row = new Uint8Array(width * HASH_BYTES);
  for (const [i, hash] of hashes.slice(index * TILE_WIDTH, index * TILE_WIDTH + width).entries()) {
    row.set(hash, i * HASH_BYTES);
  }
  return row;
}

const hashAt = (row: Uint8Array, i: number): Uint8Array => row.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);

function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  if (sameBytes(a, b)) return undefined;
  const width = Math.max(a.length, b.length) / HASH_BYTES;
  for (let i = 0; i < width; i++) if (!sameBytes(hashAt(a, i), hashAt(b, i))) return i;
  return undefined;
}
