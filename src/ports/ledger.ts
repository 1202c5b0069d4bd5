import type { Digest } from '../base/digest.ts';
import type { AddCheckpoint } from '../ledger/add-checkpoint.ts';
import type { LogFile } from '../ledger/grow-tree.ts';
import type { LogFiles } from '../ledger/read-tile.ts';
import type { TreeHead } from '../ledger/tree-head.ts';
import type { VerifierKey } from '../ledger/verifier-key.ts';

/** Where a log is kept: tiles, entries, key history and checkpoint, by their paths. Rejects with a `Fault` E_LEDGER. */
export interface LedgerFiles extends LogFiles {
  /**
   * Writes or replaces files. When it resolves they would survive a power cut; wherever it is interrupted, each is as it
   * was before or as it is to be.
   */
  write(files: readonly LogFile[]): Promise<void>;
  /** Removes a folder with its files; nothing if there is none. */
  removeFolder(path: string): Promise<void>;
}

/**
 * Where a log is kept as well. Files are added and never changed. Rejects with a `Fault` E_COPY; an aborted signal ends
 * what is under way with one.
 */
export interface LedgerCopy extends LogFiles {
  /**
   * Adds a file where there is none by its path. When it resolves with `added` it would survive a power cut.
   * `same`: it was there. `differs`: another one is there, and stays.
   */
  add(file: LogFile, signal?: AbortSignal): Promise<'added' | 'same' | 'differs'>;
  /** The names in a folder, in order; those of folders end with `/`. */
  list(folder: string): Promise<readonly string[]>;
}

/**
 * The record in the order in which it was written, of every tenant. The digests are taken again from what is stored.
 * Rejects with a `Fault`: E_STORE, or E_STORE_CORRUPT that names the first event that is not what was written.
 */
export interface RecordReader {
  /** The number of the last event, 0 where there is none. */
  lastSeq(): Promise<number>;
  /** The digests of the events after `afterSeq`, at most `limit`, without a gap. */
  readDigests(afterSeq: number, limit: number): Promise<readonly Digest[]>;
  /** The number of the event with that id. Reads the whole record if it has to. */
  findEvent(id: string): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Signs the tree heads of one log. Remembers, where its keys are kept, what it signed last. */
export interface CheckpointSigner {
  /** The log's name. */
  readonly origin: string;
  /** What it signed last, whether or not that ever came out. Rejects with a `Fault` E_LEDGER. */
  lastSigned(): Promise<TreeHead | undefined>;
  /**
   * A checkpoint of `head`, signed by every key that signs now.
   *
   * @param proof that the tree signed last is the beginning of this one. Empty where nothing was signed yet.
   * @throws Fault E_LEDGER_FORK where it does not show that; E_LEDGER where it cannot be remembered first.
   */
  sign(head: TreeHead, proof: readonly Uint8Array[]): Promise<string>;
  /**
   * The signature of an archive of evidence: a note of `evidenceText`, by every key that signs and is in the history.
   * Rejects with a `Fault` E_LEDGER where none is.
   */
  signEvidence(contents: string): Promise<string>;
  /** The key history as it is published, oldest first. It has the key that signs now from its first signature on. */
  history(): Promise<readonly string[]>;
  /** The keys that have signed or will, oldest first. */
  keys(): Promise<readonly VerifierKey[]>;
}

/** Somebody who signs that they have seen a checkpoint, and never sees two that contradict each other. */
export interface Witness {
  readonly key: VerifierKey;
  /**
   * Signature lines, to be verified; or the size of the tree it signed last, which the proof has to start from.
   * Rejects with a `Fault` E_WITNESS.
   */
  addCheckpoint(request: AddCheckpoint): Promise<WitnessAnswer>;
}

export type WitnessAnswer =
  | { readonly ok: true; readonly lines: string }
  | { readonly ok: false; readonly lastSize: number };

/** What a witness remembers: of each log, by its origin, the tree it signed last. Rejects with a `Fault` E_LEDGER. */
export interface WitnessMemory {
  read(origin: string): Promise<WitnessRecord | undefined>;
  /** Resolves when it would survive a power cut. */
  write(origin: string, record: WitnessRecord): Promise<void>;
}

export interface WitnessRecord extends TreeHead {
  /** With the signatures of the log and of the witness. */
  readonly checkpoint: string;
}
