import { setImmediate as nextTurn } from 'node:timers/promises';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { type Checkpoint, parseCheckpoint, verifyCheckpoint } from '../../ledger/checkpoint.ts';
import { entryOfDigest } from '../../ledger/event-entry.ts';
import { emptyLog, type Growth, growTree, type LogEnd } from '../../ledger/grow-tree.ts';
import { sameBytes } from '../../ledger/hash.ts';
import type { ReadTile } from '../../ledger/hash-range.ts';
import { readLogEnd } from '../../ledger/log-end.ts';
import { type Note, printNote, printSignature } from '../../ledger/note.ts';
import { proveConsistency } from '../../ledger/proofs.ts';
import { keyEntryPath } from '../../ledger/read-key-history.ts';
import { readTile } from '../../ledger/read-tile.ts';
import { toBytes, toText } from '../../ledger/text-bytes.ts';
import { CHECKPOINT_PATH, entriesPath, partialsOf, TILE_WIDTH, type TileName, tilePath } from '../../ledger/tiles.ts';
import type { VerifierKey } from '../../ledger/verifier-key.ts';
import type { CheckpointSigner, LedgerFiles, RecordReader } from '../../ports/ledger.ts';

export interface IntegratorParts {
  readonly record: RecordReader;
  readonly files: LedgerFiles;
  readonly signer: CheckpointSigner;
}

/** A checkpoint that is published. */
export interface Published {
  /** With the signatures of the log’s own keys. */
  readonly text: string;
  readonly checkpoint: Checkpoint;
}

/**
 * Takes the record's events into the ledger, in order, and publishes a signed checkpoint over them. It can be stopped at
 * any moment and goes on where the last checkpoint ends; until a checkpoint is there, what was written of it counts for
 * nothing and is written again.
 */
export class Integrator {
  readonly #parts: IntegratorParts;
  #end: LogEnd = emptyLog;
  /** Entries of the key history that are known to be in the ledger. */
  #keysPublished = 0;
  #published: Published | undefined;

  private constructor(parts: IntegratorParts) {
    this.#parts = parts;
  }

  /**
   * Goes on where the ledger ends.
   *
   * @throws Fault E_LEDGER_FORK where ledger and record do not fit what was signed; E_LEDGER, E_STORE, E_STORE_CORRUPT.
   */
  static async open(parts: IntegratorParts): Promise<Integrator> {
    const integrator = new Integrator(parts);
    const bytes = await parts.files.read(CHECKPOINT_PATH);
    if (bytes === undefined) return integrator;
    const { checkpoint, logKeys } = verifyCheckpoint(toText(bytes, 'the checkpoint'), {
      logKeys: await parts.signer.keys(),
    });
    const end = await readLogEnd(parts.files, checkpoint);
    await requireSameRecord(parts.record, end);
    integrator.#end = end;
    integrator.#published = { text: printNote(checkpoint.note.text, linesOf(checkpoint.note, logKeys)), checkpoint };
    return integrator;
  }

  get published(): Published | undefined {
    return this.#published;
  }

  /**
   * Takes in what is new, at most `limits.ledgerEvents`, and publishes a checkpoint over it. Answers with undefined where
   * there is nothing new. After a fault nothing has changed: call it again.
   *
   * @throws Fault E_LEDGER_FORK where the record does not continue what was signed; E_LEDGER, E_STORE, E_STORE_CORRUPT.
   */
  async step(): Promise<Published | undefined> {
    const { record, files, signer } = this.#parts;
    const size = this.#end.edge.size;
    const last = await record.lastSeq();
    if (last < size) {
      throw new Fault('E_LEDGER_FORK', `the record ends with event ${last}; the ledger has ${size} events of it`);
    }
    const signed = await signer.lastSigned();
    if (last === size && this.#published !== undefined && signed?.size === size) return undefined;
    if (last === 0 && signed === undefined) return undefined;
    // What was signed last, but not published, has to be reached before anything can be signed again.
    const target = Math.min(last, Math.max(size + limits.ledgerEvents, signed?.size ?? 0));
    const growth = growTree(this.#end, await this.#readEntries(size, target));
    await files.write(growth.files);
    const proof =
      signed === undefined || signed.size > growth.head.size
        ? []
        : await proveConsistency(this.#tilesOf(growth), signed.size, growth.head.size);
    const text = await signer.sign(growth.head, proof);
    await this.#publishKeys();
    await files.write([{ path: CHECKPOINT_PATH, bytes: toBytes(text) }]);
    this.#end = growth.end;
    this.#published = { text, checkpoint: parseCheckpoint(text) };
    await this.#removePartials(growth);
    return this.#published;
  }

  /**
   * Takes in all that is there now, most often by one step. What comes in meanwhile is left for the next time: under steady
   * traffic there is always something new, and to sign and sync without a pause would take the disk from the calls.
   *
   * @throws Fault as `step` does.
   */
  async catchUp(): Promise<void> {
    const last = await this.#parts.record.lastSeq();
    do {
      if ((await this.step()) === undefined) return;
    } while (this.#end.edge.size < last);
  }

  /** Publishes the last checkpoint once more, with the signatures of those who have seen it. */
  async publishWith(signatureLines: readonly string[]): Promise<void> {
    if (this.#published === undefined || signatureLines.length === 0) return;
    const bytes = toBytes(`${this.#published.text}${signatureLines.join('')}`);
    await this.#parts.files.write([{ path: CHECKPOINT_PATH, bytes }]);
  }

  /** That the published tree continues one of `oldSize`. Throws a `Fault` E_LEDGER or E_EVIDENCE. */
  proveSince(oldSize: number): Promise<readonly Uint8Array[]> {
    return proveConsistency((name) => readTile(this.#parts.files, name), oldSize, this.#end.edge.size);
  }

  async #readEntries(from: number, to: number): Promise<readonly Uint8Array[]> {
    const entries: Uint8Array[] = [];
    while (from + entries.length < to) {
      const limit = Math.min(limits.ledgerSlice, to - from - entries.length);
      const digests = await this.#parts.record.readDigests(from + entries.length, limit);
      if (digests.length === 0) break;
      for (const digest of digests) entries.push(entryOfDigest(digest));
      await nextTurn(); // calls come first: they share this thread
    }
    return entries;
  }

  /** Tiles as they are in the grown tree, whether or not they are part of what was just written. */
  #tilesOf(growth: Growth): ReadTile {
    const fresh = new Map(growth.tiles.map((tile) => [tilePath(tile), tile.hashes]));
    return async (name: TileName) => fresh.get(tilePath(name)) ?? readTile(this.#parts.files, name);
  }

  async #publishKeys(): Promise<void> {
    const { files, signer } = this.#parts;
    const entries = await signer.history();
    if (entries.length === this.#keysPublished) return;
    const missing = [];
    for (const [i, entry] of entries.entries()) {
      const path = keyEntryPath(i + 1);
      if ((await files.read(path)) === undefined) missing.push({ path, bytes: toBytes(entry) });
    }
    if (missing.length > 0) await files.write(missing);
    this.#keysPublished = entries.length;
  }

  async #removePartials({ tiles }: Growth): Promise<void> {
    for (const tile of tiles.filter(({ width }) => width === TILE_WIDTH)) {
      await this.#parts.files.removeFolder(partialsOf(tilePath(tile)));
      if (tile.level === 0) await this.#parts.files.removeFolder(partialsOf(entriesPath(tile.index, TILE_WIDTH)));
    }
  }
}

/** The signature lines of these keys. */
function linesOf(note: Note, keys: readonly VerifierKey[]): readonly string[] {
  return keys.flatMap((key) =>
    note.signatures
      .filter(({ name, keyId }) => name === key.name && keyId === key.id)
      .map(({ bytes }) => printSignature(key, bytes)),
  );
}

/** Whether the record still has the events that the ledger took in last. All of them is what `fsck` is for. */
async function requireSameRecord(record: RecordReader, { edge, entries }: LogEnd): Promise<void> {
  const from = edge.size - entries.length;
  const digests = await record.readDigests(from, Math.max(1, entries.length));
  for (const [i, entry] of entries.entries()) {
    const digest = digests[i];
    if (digest === undefined || !sameBytes(entryOfDigest(digest), entry)) {
      throw new Fault('E_LEDGER_FORK', `event ${from + i + 1} of the record is not the one in the ledger`);
    }
  }
}
