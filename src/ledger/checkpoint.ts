import { Fault } from '../base/fault.ts';
import { HASH_BYTES } from './hash.ts';
import { type Note, parseNote, type Signed, verifyNote } from './note.ts';
import { fromBase64, readDecimal, toBase64 } from './text-bytes.ts';
import type { TreeHead } from './tree-head.ts';
import type { VerifierKey } from './verifier-key.ts';

/** A signed tree head (C2SP tlog-checkpoint). */
export interface Checkpoint extends TreeHead {
  /** The log's own name. */
  readonly origin: string;
  readonly note: Note;
}

/** What is signed of a tree head. */
export function printCheckpoint(origin: string, head: TreeHead): string {
  return `${origin}\n${head.size}\n${toBase64(head.root)}\n`;
}

/** What `printCheckpoint` wrote, perhaps with further lines. Throws a `Fault` E_EVIDENCE. */
export function parseTreeHead(text: string): TreeHead & { readonly origin: string } {
  const [origin = '', sizeText = '', rootText = '', ...more] = text.slice(0, -1).split('\n');
  const size = readDecimal(sizeText);
  const root = fromBase64(rootText);
  if (!text.endsWith('\n') || origin === '' || size === undefined || root?.length !== HASH_BYTES || more.includes('')) {
    throw new Fault('E_EVIDENCE', 'not a checkpoint: it has to say origin, size and root');
  }
  return { origin, size, root };
}

/** Reads a checkpoint. Its signatures are not verified by this. Throws a `Fault` E_EVIDENCE. */
export function parseCheckpoint(text: string): Checkpoint {
  const note = parseNote(text);
  return { ...parseTreeHead(note.text), note };
}

/** Who is to be believed, and how many witnesses have to have seen a checkpoint. */
export interface CheckpointPolicy {
  readonly logKeys: readonly VerifierKey[];
  readonly witnesses?: readonly VerifierKey[];
  /** 0 unless told. */
  readonly quorum?: number;
}

export interface VerifiedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly logKeys: readonly VerifierKey[];
  readonly witnesses: readonly Signed[];
}

/**
 * Reads a checkpoint and holds it against a policy: signed by a key of the log whose name is the origin, and seen by as
 * many witnesses as wanted.
 *
 * @throws Fault E_EVIDENCE that says what is missing.
 */
export function verifyCheckpoint(text: string, policy: CheckpointPolicy): VerifiedCheckpoint {
  const checkpoint = parseCheckpoint(text);
  const { origin, note } = checkpoint;
  const logKeys = policy.logKeys.filter(({ name, use }) => name === origin && use === 'note');
  if (logKeys.length === 0) {
    const known = [...new Set(policy.logKeys.map(({ name }) => name))].join(', ');
    throw new Fault('E_EVIDENCE', `the checkpoint is of the log ${origin}; the keys given are of ${known || 'none'}`);
  }
  const signed = verifyNote(note, logKeys);
  if (signed.length === 0) throw new Fault('E_EVIDENCE', 'the checkpoint is signed by none of the keys given');
  const witnesses = verifyNote(
    note,
    (policy.witnesses ?? []).filter(({ use }) => use === 'cosignature'),
  );
  const quorum = policy.quorum ?? 0;
  if (witnesses.length < quorum) {
    throw new Fault(
      'E_EVIDENCE',
      `${witnesses.length} of the witnesses given have seen the checkpoint; ${quorum} have to`,
    );
  }
  return { checkpoint, logKeys: signed.map(({ key }) => key), witnesses };
}
