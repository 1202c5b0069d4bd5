import { openLedgerFolder } from '../../adapters/ledgers/files/open-ledger-folder.ts';
import { Fault } from '../../base/fault.ts';
import { canonicalJson } from '../../base/json.ts';
import { parseCheckpoint } from '../../ledger/checkpoint.ts';
import { indexOfEvent } from '../../ledger/event-entry.ts';
import { printProofFile } from '../../ledger/proof-file.ts';
import { proveInclusion } from '../../ledger/proofs.ts';
import { readTile } from '../../ledger/read-tile.ts';
import { toBytes, toText } from '../../ledger/text-bytes.ts';
import { CHECKPOINT_PATH } from '../../ledger/tiles.ts';
import type { StoredEvent } from '../../model/event.ts';

/**
 * The proof that an event is in a ledger, as a file that is verified anywhere with the log's public key. With it goes
 * the event, or, where what it says is not to be shown, its digest.
 *
 * @throws Fault E_NOT_FOUND where no checkpoint covers the event yet; E_EVIDENCE or E_LEDGER where tiles are missing.
 */
export async function proveEvent(folder: string, event: StoredEvent, show: 'event' | 'digest'): Promise<string> {
  const files = openLedgerFolder(folder);
  const bytes = await files.read(CHECKPOINT_PATH);
  const checkpoint = bytes && toText(bytes, CHECKPOINT_PATH);
  const size = checkpoint === undefined ? 0 : parseCheckpoint(checkpoint).size;
  const index = indexOfEvent(event);
  if (checkpoint === undefined || index >= size) {
    throw new Fault('E_NOT_FOUND', `no checkpoint covers event ${event.seq} yet; the last one has ${size} events`);
  }
  const { digest, sealed, erased: _, ...told } = event;
  return printProofFile({
    index,
    hashes: await proveInclusion((name) => readTile(files, name), index, size),
    checkpoint,
    extra: toBytes(show === 'event' ? canonicalJson({ ...told, body: sealed ?? told.body }) : digest),
  });
}
