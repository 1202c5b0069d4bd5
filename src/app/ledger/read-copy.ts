import { Fault } from '../../base/fault.ts';
import { type Checkpoint, parseCheckpoint } from '../../ledger/checkpoint.ts';
import { CHECKPOINT_DEPTH, CHECKPOINTS_PATH, readCheckpointName } from '../../ledger/checkpoint-copy.ts';
import { printNote, printSignature } from '../../ledger/note.ts';
import type { LogFiles } from '../../ledger/read-tile.ts';
import { toBytes, toText } from '../../ledger/text-bytes.ts';
import { CHECKPOINT_PATH } from '../../ledger/tiles.ts';
import type { LedgerCopy } from '../../ports/ledger.ts';

/** Signature lines that are taken of the checkpoints of one size: of several keys and witnesses, there are a few. */
const MOST_LINES = 60;

/** A copy read as the log that it is a copy of: its checkpoint is the last one that was copied. */
export function openCopyFiles(copy: LedgerCopy): LogFiles {
  return {
    async read(path) {
      if (path !== CHECKPOINT_PATH) return copy.read(path);
      const last = await readLastCheckpoint(copy);
      return last && toBytes(last.text);
    },
  };
}

/**
 * The checkpoint of the largest tree in a copy, with every signature that a checkpoint of that tree has there. Its
 * signatures are not verified by this.
 *
 * @throws Fault E_COPY; E_EVIDENCE where there are two of that size that contradict each other, or one is none.
 */
export async function readLastCheckpoint(
  copy: LedgerCopy,
): Promise<{ readonly text: string; readonly checkpoint: Checkpoint } | undefined> {
  const paths = await listLast(copy);
  const texts = await Promise.all(paths.map(async (path) => toText((await copy.read(path)) ?? new Uint8Array(), path)));
  const checkpoints = texts.map((text) => parseCheckpoint(text));
  const [first] = checkpoints;
  if (first === undefined) return undefined;
  if (checkpoints.some(({ note }) => note.text !== first.note.text)) {
    throw new Fault('E_EVIDENCE', `there are checkpoints that contradict each other: ${paths.join(', ')}`);
  }
  const lines = checkpoints.flatMap(({ note }) =>
    note.signatures.map(({ name, keyId, bytes }) => printSignature({ name, id: keyId }, bytes)),
  );
  const text = printNote(first.note.text, [...new Set(lines)].slice(0, MOST_LINES));
  return { text, checkpoint: parseCheckpoint(text) };
}

/** The paths of the checkpoints of the largest size. */
async function listLast(copy: LedgerCopy): Promise<readonly string[]> {
  let folder = CHECKPOINTS_PATH;
  for (let depth = 0; depth < CHECKPOINT_DEPTH; depth++) {
    const groups = (await copy.list(folder)).filter((name) => /^\d{3}\/$/.test(name));
    const last = groups.at(-1);
    if (last === undefined) return [];
    folder = `${folder}/${last.slice(0, -1)}`;
  }
  const names = (await copy.list(folder)).filter((name) => readCheckpointName(name) !== undefined);
  const last = readCheckpointName(names.at(-1) ?? '');
  return names.filter((name) => readCheckpointName(name) === last).map((name) => `${folder}/${name}`);
}
