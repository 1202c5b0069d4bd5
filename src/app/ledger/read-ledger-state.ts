import { openLedgerFolder } from '../../adapters/ledgers/files/open-ledger-folder.ts';
import { openRecordReader } from '../../adapters/stores/sqlite/open-record-reader.ts';
import { toFault } from '../../base/fault.ts';
import { parseCheckpoint } from '../../ledger/checkpoint.ts';
import { verifyNote } from '../../ledger/note.ts';
import { toText } from '../../ledger/text-bytes.ts';
import { CHECKPOINT_PATH } from '../../ledger/tiles.ts';
import { parseVerifierKey } from '../../ledger/verifier-key.ts';
import type { PlacedConfig } from '../data-folder.ts';
import { placeLedger } from './start-ledger.ts';

/** How far a ledger is, and what could still be left out of it. Nothing of it is verified: that is what `fsck` is for. */
export interface LedgerState {
  /** Events that the last checkpoint covers; 0 where there is none. */
  readonly signed: number;
  /** Events of the record, of every tenant, that it does not cover. */
  readonly waiting: number;
  /** Witnesses of the configuration who have signed it. */
  readonly seenBy: number;
  readonly witnesses: number;
  readonly checkpointEveryMs: number;
  /** What is wrong with the checkpoint that lies there. */
  readonly problem?: string;
}

/** Throws a `Fault` E_STORE where the record cannot be read. */
export async function readLedgerState(config: PlacedConfig): Promise<LedgerState> {
  const { folder, record: path } = placeLedger(config);
  const { witnesses, checkpointEvery } = config.manifest.ledger;
  const record = openRecordReader({ path });
  try {
    const last = await record.lastSeq();
    const told = { witnesses: witnesses.length, checkpointEveryMs: checkpointEvery };
    try {
      const bytes = await openLedgerFolder(folder).read(CHECKPOINT_PATH);
      if (bytes === undefined) return { signed: 0, waiting: last, seenBy: 0, ...told };
      const { size, note } = parseCheckpoint(toText(bytes, CHECKPOINT_PATH));
      const keys = witnesses.flatMap(({ key }) => parseVerifierKey(key) ?? []);
      return { signed: size, waiting: Math.max(0, last - size), seenBy: verifyNote(note, keys).length, ...told };
    } catch (error) {
      const { message: problem } = toFault(error, 'E_LEDGER', 'the checkpoint cannot be read');
      return { signed: 0, waiting: last, seenBy: 0, ...told, problem };
    }
  } finally {
    await record.close();
  }
}

/** For people: how far it is, and what somebody who owns the host could still do. */
export function printLedgerState(state: LedgerState): readonly string[] {
  const { signed, waiting, seenBy, witnesses, checkpointEveryMs, problem } = state;
  const seen = witnesses === 0 ? '' : `, seen by ${seenBy} of ${witnesses} witnesses`;
  return [
    problem === undefined
      ? `${signed} events are signed${seen}, ${waiting} wait`
      : `${problem}: chaperone evidence fsck says more`,
    `what no checkpoint covers yet, every ${checkpointEveryMs / 1_000} s, whoever owns this host could leave out`,
    ...(witnesses === 0
      ? ['no witness: whoever owns the host and the keys could put both back to what they were, and go on otherwise']
      : []),
  ];
}
