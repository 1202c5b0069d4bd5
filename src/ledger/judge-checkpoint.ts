import type { AddCheckpoint } from './add-checkpoint.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { emptyRoot, sameBytes } from './hash.ts';
import { verifyNote } from './note.ts';
import { verifyConsistency } from './proofs.ts';
import type { TreeHead } from './tree-head.ts';
import type { VerifierKey } from './verifier-key.ts';

/** What a witness makes of a checkpoint: sign it, or why not, as the protocol numbers it. */
export type Judgement =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly status: 400 | 403 | 404 | 422; readonly message: string }
  | { readonly ok: false; readonly status: 409; readonly size: number };

/**
 * Whether a witness may sign: the log is one it knows, its signature holds, and its tree continues the last one signed.
 *
 * @param last what the witness signed last of that log, by its origin.
 */
export function judgeCheckpoint(
  request: AddCheckpoint,
  logKeys: readonly VerifierKey[],
  last: (origin: string) => TreeHead | undefined,
): Judgement {
  const refuse = (status: 400 | 403 | 404 | 422, message: string): Judgement => ({ ok: false, status, message });
  let checkpoint: Checkpoint;
  try {
    checkpoint = parseCheckpoint(request.checkpoint);
  } catch (error) {
    return refuse(400, error instanceof Error ? error.message : 'not a checkpoint');
  }
  const keys = logKeys.filter(({ name, use }) => name === checkpoint.origin && use === 'note');
  if (keys.length === 0) return refuse(404, 'this witness does not know the log');
  try {
    if (verifyNote(checkpoint.note, keys).length === 0) return refuse(403, 'no key of the log has signed');
  } catch {
    return refuse(403, 'the signature does not hold');
  }
  if (request.oldSize > checkpoint.size) return refuse(400, 'the old size is greater than the size');
  const old = last(checkpoint.origin) ?? { size: 0, root: emptyRoot };
  if (request.oldSize !== old.size) return { ok: false, status: 409, size: old.size };
  if (checkpoint.size === 0 && !sameBytes(checkpoint.root, emptyRoot)) {
    return refuse(422, 'the root of the empty tree is another one');
  }
  if (!verifyConsistency(old, checkpoint, request.proof)) {
    return refuse(422, 'the tree does not continue the one that was signed before');
  }
  return { ok: true, checkpoint };
}
