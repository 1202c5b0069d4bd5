import { setImmediate as nextTurn } from 'node:timers/promises';
import { Fault } from '../../base/fault.ts';
import { type CheckLogOptions, checkLog, type LogProblem } from '../../ledger/check-log.ts';
import { parseCheckpoint, type VerifiedCheckpoint, verifyCheckpoint } from '../../ledger/checkpoint.ts';
import { KeyHistory } from '../../ledger/key-history.ts';
import { readKeyEntries } from '../../ledger/read-key-history.ts';
import type { LogFiles } from '../../ledger/read-tile.ts';
import { toText } from '../../ledger/text-bytes.ts';
import { CHECKPOINT_PATH } from '../../ledger/tiles.ts';
import type { VerifierKey } from '../../ledger/verifier-key.ts';

/** Whom somebody believes who verifies evidence. */
export interface Trust {
  /** Public keys of the log: one is enough, the others follow from the key history, in which all given have to be. */
  readonly keys: readonly VerifierKey[];
  readonly witnesses: readonly VerifierKey[];
  readonly quorum: number;
}

/** A ledger whose every entry is the one that was signed. */
export interface VerifiedLedger extends VerifiedCheckpoint {
  readonly history: KeyHistory;
}

/**
 * Verifies a ledger from its files alone: the signatures of its checkpoint, and every hash below it.
 *
 * @throws Fault E_EVIDENCE that names the first thing that is not what was signed; E_NOT_FOUND where there is no
 * checkpoint; E_LEDGER where a file cannot be read.
 */
export async function verifyLedger(
  files: LogFiles,
  trust: Trust,
  checkEntries?: CheckLogOptions['checkEntries'],
): Promise<VerifiedLedger> {
  const bytes = await files.read(CHECKPOINT_PATH);
  if (bytes === undefined) throw new Fault('E_NOT_FOUND', 'there is no checkpoint: nothing has been signed yet');
  const text = toText(bytes, CHECKPOINT_PATH);
  const history = await readHistory(files, trust.keys);
  const verified = verifySigned(text, history, trust);
  const problem = await checkLog({
    files,
    head: verified.checkpoint,
    pause: nextTurn,
    ...(checkEntries === undefined ? {} : { checkEntries }),
  });
  if (problem !== undefined) throw new Fault('E_EVIDENCE', describeProblem(problem));
  return { ...verified, history };
}

/** The log's keys as far as they hang together with those that are trusted. Throws a `Fault` E_EVIDENCE. */
export async function readHistory(files: LogFiles, trusted: readonly VerifierKey[]): Promise<KeyHistory> {
  const entries = await readKeyEntries(files);
  // With several keys, only the history tells which of them has been replaced.
  return entries.length === 0 && trusted.length === 1 ? KeyHistory.of(trusted) : KeyHistory.read(entries, trusted);
}

/** Verifies a checkpoint’s signatures; a key that was replaced before its size does not count. */
export function verifySigned(text: string, history: KeyHistory, trust: Trust): VerifiedCheckpoint {
  const { size } = parseCheckpoint(text);
  const policy = { witnesses: trust.witnesses, quorum: trust.quorum };
  const logKeys = history.keysFor(size);
  try {
    return verifyCheckpoint(text, { ...policy, logKeys });
  } catch (error) {
    const retired = history.keys.filter((key) => !logKeys.includes(key));
    if (retired.length === 0 || !isSignedBy(text, retired)) throw error;
    throw new Fault(
      'E_EVIDENCE',
      `the checkpoint of ${size} events is signed only with a key that was replaced before`,
      {
        cause: error,
      },
    );
  }
}

function isSignedBy(text: string, logKeys: readonly VerifierKey[]): boolean {
  try {
    verifyCheckpoint(text, { logKeys });
    return true;
  } catch {
    return false;
  }
}

/** Events count from 1, entries from 0: people are told the event. */
function describeProblem({ path, index, message }: LogProblem): string {
  return `${path}: ${message}${index === undefined ? '' : ` (event ${index + 1})`}`;
}
