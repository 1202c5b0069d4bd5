import { setImmediate as nextTurn } from 'node:timers/promises';
import { openLedgerFolder } from '../../adapters/ledgers/files/open-ledger-folder.ts';
import { openRecordReader } from '../../adapters/stores/sqlite/open-record-reader.ts';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { LogProblem } from '../../ledger/check-log.ts';
import { entryOfDigest } from '../../ledger/event-entry.ts';
import { growTree } from '../../ledger/grow-tree.ts';
import { sameBytes } from '../../ledger/hash.ts';
import { parseKeyEntry } from '../../ledger/key-history.ts';
import { readLogEnd } from '../../ledger/log-end.ts';
import { verifyNote } from '../../ledger/note.ts';
import { keyEntryPath, readKeyEntries } from '../../ledger/read-key-history.ts';
import { entriesPath, TILE_WIDTH } from '../../ledger/tiles.ts';
import type { TreeHead } from '../../ledger/tree-head.ts';
import type { CheckpointSigner, LedgerFiles, RecordReader } from '../../ports/ledger.ts';
import type { PlacedConfig } from '../data-folder.ts';
import { checkKept } from './check-kept.ts';
import { openLedgerSigner, placeLedger } from './start-ledger.ts';
import { type VerifiedLedger, verifyLedger } from './verify-ledger.ts';

export interface CheckedLedger extends VerifiedLedger {
  /** Where it lies. */
  readonly folder: string;
  /** Events of the record that no checkpoint covers yet. */
  readonly waiting: number;
}

/**
 * Holds a gateway's own ledger against its keys, against what they signed last, and against every event of the record.
 * Runs beside a gateway that is at work.
 *
 * @throws Fault E_EVIDENCE that names the first thing that is not what was signed; E_LEDGER_FORK where neither
 * ledger nor record come to what was signed; E_NOT_FOUND where there is none yet; E_STORE_CORRUPT, E_RECORD_KEY, E_STORE,
 * E_LEDGER.
 */
export async function checkLedger(config: PlacedConfig, clock: Clock): Promise<CheckedLedger> {
  const places = placeLedger(config);
  const signer = await openLedgerSigner(config, clock);
  const record = openRecordReader({ path: places.record });
  try {
    const checked = await checkAgainst(record, openLedgerFolder(places.folder), signer);
    await record.checkIndexes();
    await checkKept(record, config);
    return { ...checked, folder: places.folder };
  } finally {
    await record.close();
  }
}

/** The same of a record, a ledger and its keys that are open. Throws as `checkLedger`. */
export async function checkAgainst(
  record: RecordReader,
  files: LedgerFiles,
  signer: CheckpointSigner,
): Promise<Omit<CheckedLedger, 'folder'>> {
  const entered = await readKeyEntries(files);
  const keys = await signer.keys();
  // A key that was made a moment ago has not signed yet, and is not in the history.
  const trust = { keys: entered.length === 0 ? keys : keys.slice(0, entered.length), witnesses: [], quorum: 0 };
  const signed = await signer.lastSigned();
  const verified = await verifyLedger(files, trust, compareWith(record));
  requireHistory(entered, await signer.history(), verified);
  await requireContinuation(files, verified.checkpoint, signed, record);
  return { ...verified, waiting: await countWaiting(record, verified.checkpoint.size) };
}

/**
 * The history that is published is that of the keys, as far as they signed: a later key is entered before its first
 * checkpoint is published, and may be entered while that is not there yet.
 */
function requireHistory(entered: readonly string[], known: readonly string[], { checkpoint }: VerifiedLedger): void {
  const different = entered.findIndex((text, i) => text !== known[i]);
  if (different >= 0)
    throw new Fault('E_EVIDENCE', `${keyEntryPath(different + 1)}: it is not what the keys say of themselves`);
  const signers = known.slice(entered.length).map((text) => parseKeyEntry(text).key);
  const missing = signers.findIndex((key) => verifyNote(checkpoint.note, [key]).length > 0);
  if (missing >= 0)
    throw new Fault(
      'E_EVIDENCE',
      `${keyEntryPath(entered.length + missing + 1)}: it is missing, and the checkpoint is signed with that key`,
    );
}

/** The events that no checkpoint covers yet, whose own digests are taken again. */
async function countWaiting(record: RecordReader, size: number): Promise<number> {
  let waiting = 0;
  for (;;) {
    const { length } = await record.readDigests(size + waiting, limits.ledgerSlice);
    if (length === 0) return waiting;
    waiting += length;
    await nextTurn();
  }
}

/**
 * A process may have died after it signed and before it published. What was signed then has to be what the record comes
 * to: the next checkpoint continues it.
 */
async function requireContinuation(
  files: LedgerFiles,
  published: TreeHead,
  signed: TreeHead | undefined,
  record: RecordReader,
): Promise<void> {
  if (signed === undefined || signed.size <= published.size) return;
  const digests = await record.readDigests(published.size, signed.size - published.size);
  const { head } = growTree(await readLogEnd(files, published), digests.map(entryOfDigest));
  if (head.size === signed.size && sameBytes(head.root, signed.root)) return;
  throw new Fault(
    'E_LEDGER_FORK',
    `the ledger has ${published.size} events; a tree of ${signed.size} was signed, and the record does not come to it`,
  );
}

/** Holds entries against the events of the record, whose own digests are taken again. */
function compareWith(record: RecordReader) {
  return async (firstIndex: number, entries: readonly Uint8Array[]): Promise<LogProblem | undefined> => {
    const digests = await record.readDigests(firstIndex, entries.length);
    const path = entriesPath(Math.floor(firstIndex / TILE_WIDTH), TILE_WIDTH);
    for (const [i, entry] of entries.entries()) {
      const index = firstIndex + i;
      const digest = digests[i];
      if (digest === undefined) return { path, index, message: 'the record ends before this event' };
      if (!sameBytes(entryOfDigest(digest), entry)) {
        return { path, index, message: 'the event in the record is not the one that was signed' };
      }
    }
    return undefined;
  };
}
