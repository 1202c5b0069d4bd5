import { Fault } from '../base/fault.ts';
import { readEntryBundle } from './entry-bundle.ts';
import { emptyLog, type LogEnd } from './grow-tree.ts';
import { sameBytes } from './hash.ts';
import { type LogFiles, readBundleBytes, readTile } from './read-tile.ts';
import { listPartials, TILE_WIDTH } from './tiles.ts';
import { TreeEdge } from './tree-edge.ts';
import type { TreeHead } from './tree-head.ts';

/**
 * Where a log goes on from a signed tree head.
 *
 * @throws Fault E_LEDGER_FORK where the tiles at its edge do not come to the root that was signed.
 */
export async function readLogEnd(files: LogFiles, head: TreeHead): Promise<LogEnd> {
  if (head.size === 0) return emptyLog;
  const names = listPartials(head.size);
  const tiles = await Promise.all(names.map((name) => name && readTile(files, name)));
  if (names.some((name, level) => name !== undefined && tiles[level] === undefined)) {
    throw new Fault('E_LEDGER_FORK', 'tiles at the edge of the ledger are missing');
  }
  const edge = TreeEdge.fromPartials(head.size, tiles);
  const width = head.size % TILE_WIDTH;
  const bundle =
    width === 0 ? new Uint8Array() : await readBundleBytes(files, Math.floor(head.size / TILE_WIDTH), width);
  const entries = bundle && readEntryBundle(bundle).entries.slice(0, width);
  if (!sameBytes(edge.root(), head.root) || entries?.length !== width) {
    throw new Fault('E_LEDGER_FORK', 'the edge of the ledger is not what its checkpoint says');
  }
  return { edge, entries };
}
