import { writeEntryBundle } from './entry-bundle.ts';
import { hashLeaf } from './hash.ts';
import { entriesPath, TILE_WIDTH, tilePath } from './tiles.ts';
import { type Tile, TreeEdge } from './tree-edge.ts';
import type { TreeHead } from './tree-head.ts';

/** A file of a log, by its path below the log's folder. */
export interface LogFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Where a log ends: its edge, and the entries of its last, partial bundle. */
export interface LogEnd {
  readonly edge: TreeEdge;
  readonly entries: readonly Uint8Array[];
}

export const emptyLog: LogEnd = { edge: TreeEdge.empty(), entries: [] };

export interface Growth {
  readonly end: LogEnd;
  readonly head: TreeHead;
  /** Every tile and bundle that the grown tree has and the tree before had not. */
  readonly files: readonly LogFile[];
  /** The tiles among them, to read from before they are written. */
  readonly tiles: readonly Tile[];
}

/** Appends entries to a log. What it is given stays as it is. */
export function growTree({ edge: before, entries: pending }: LogEnd, added: readonly Uint8Array[]): Growth {
  const edge = before.copy();
  const tiles: Tile[] = [];
  const files: LogFile[] = [];
  let entries = [...pending];
  for (const entry of added) {
    entries.push(entry);
    edge.append(hashLeaf(entry), (tile) => tiles.push(tile));
    if (entries.length < TILE_WIDTH) continue;
    files.push({ path: entriesPath(edge.size / TILE_WIDTH - 1, TILE_WIDTH), bytes: writeEntryBundle(entries) });
    entries = [];
  }
  if (entries.length > 0) {
    const index = Math.floor(edge.size / TILE_WIDTH);
    files.push({ path: entriesPath(index, entries.length), bytes: writeEntryBundle(entries) });
  }
  tiles.push(...edge.partials());
  files.push(...tiles.map((tile) => ({ path: tilePath(tile), bytes: tile.hashes })));
  return { end: { edge, entries }, head: { size: edge.size, root: edge.root() }, files, tiles };
}
