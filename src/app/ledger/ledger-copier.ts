import { setImmediate as nextTurn } from 'node:timers/promises';
import { Fault, toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { type Checkpoint, parseCheckpoint, verifyCheckpoint } from '../../ledger/checkpoint.ts';
import { checkpointCopyPath } from '../../ledger/checkpoint-copy.ts';
import { readEntryBundle } from '../../ledger/entry-bundle.ts';
import { emptyLog, type Growth, growTree, type LogEnd, type LogFile } from '../../ledger/grow-tree.ts';
import { sameBytes } from '../../ledger/hash.ts';
import { readLogEnd } from '../../ledger/log-end.ts';
import { keyEntryPath, readKeyEntries } from '../../ledger/read-key-history.ts';
import { type LogFiles, readBundleBytes } from '../../ledger/read-tile.ts';
import { toBytes } from '../../ledger/text-bytes.ts';
import { TILE_WIDTH } from '../../ledger/tiles.ts';
import type { VerifierKey } from '../../ledger/verifier-key.ts';
import type { LedgerCopy } from '../../ports/ledger.ts';
import { readLastCheckpoint } from './read-copy.ts';

export interface CopierParts {
  readonly source: LogFiles;
  readonly copy: LedgerCopy;
  /** The keys of the log. */
  readonly keys: () => Promise<readonly VerifierKey[]>;
}

/** What is grown stays in memory between being checked and being written, up to so much. */
const KEPT_SLICES = 4;

/**
 * Brings a copy of a ledger up to a checkpoint: entries, tiles and key history, then the checkpoint itself. Nothing that is
 * there is written again. What is copied is made anew out of the entries, and only if it comes to what was signed: a
 * ledger that was changed on its disk does not reach the copy. It can be stopped at any moment, and goes on from the last
 * checkpoint that is in the copy.
 */
export class LedgerCopier {
  readonly #parts: CopierParts;
  #end: LogEnd | undefined;

  constructor(parts: CopierParts) {
    this.#parts = parts;
  }

  /**
   * Copies what is new up to a checkpoint, which the log’s own process has signed. After a fault nothing is lost: call it
   * again.
   *
   * @throws Fault E_COPY_DIFFERS where copy and ledger are not the same history; E_COPY, E_LEDGER.
   */
  async step(checkpointText: string, signal?: AbortSignal): Promise<void> {
    const checkpoint = parseCheckpoint(checkpointText);
    this.#end ??= await this.#open(checkpoint);
    const begin = this.#end;
    const kept: Growth[] = [];
    let end = begin;
    let slices = 0;
    for await (const growth of this.#grow(begin, checkpoint.size)) {
      slices++;
      if (slices <= KEPT_SLICES) kept.push(growth);
      end = growth.end;
    }
    this.#requireSame(end, checkpoint);
    for await (const { head, files, end: reached } of slices <= KEPT_SLICES
      ? kept
      : this.#grow(begin, checkpoint.size)) {
      if (head.size === checkpoint.size) this.#requireSame(reached, checkpoint);
      await this.#add(head.size === checkpoint.size ? files : files.filter(({ path }) => !isPartial(path)), signal);
    }
    const history = await readKeyEntries(this.#parts.source);
    const keys = history.map((entry, i) => ({ path: keyEntryPath(i + 1), bytes: toBytes(entry) }));
    await this.#add(keys, signal);
    const path = checkpointCopyPath(checkpoint.size, checkpointText);
    await this.#add([{ path, bytes: toBytes(checkpointText) }], signal);
    this.#end = end;
  }

  /** Where the copy ends, if what is there is the beginning of what was signed. */
  async #open(checkpoint: Checkpoint): Promise<LogEnd> {
    const { copy, keys } = this.#parts;
    try {
      const last = await readLastCheckpoint(copy);
      if (last === undefined) return emptyLog;
      verifyCheckpoint(last.text, { logKeys: await keys() });
      if (last.checkpoint.size > checkpoint.size) {
        throw differs(
          `it has ${last.checkpoint.size} events that were signed, and the ledger ${checkpoint.size}: the ledger or the record was put back`,
        );
      }
      return await readLogEnd(copy, last.checkpoint);
    } catch (error) {
      const { code, message } = toFault(error, 'E_COPY', 'it could not be read');
      throw code === 'E_EVIDENCE' || code === 'E_LEDGER_FORK' ? differs(message, error) : error;
    }
  }

  /** The tree grown by what the ledger's folder has, slice by slice. */
  async *#grow(begin: LogEnd, size: number): AsyncGenerator<Growth> {
    for (let end = begin; end.edge.size < size; ) {
      const from = end.edge.size;
      const to = Math.min(size, from - (from % limits.copySlice) + limits.copySlice);
      const growth = growTree(end, await this.#readEntries(from, to));
      yield growth;
      end = growth.end;
      await nextTurn(); // calls come first: they share this thread
    }
  }

  async #readEntries(from: number, to: number): Promise<readonly Uint8Array[]> {
    const found: Uint8Array[] = [];
    while (from + found.length < to) {
      const at = from + found.length;
      const index = Math.floor(at / TILE_WIDTH);
      const width = Math.min(TILE_WIDTH, to - index * TILE_WIDTH);
      const bytes = await readBundleBytes(this.#parts.source, index, width);
      const entries = bytes === undefined ? [] : readEntryBundle(bytes).entries.slice(at % TILE_WIDTH, width);
      if (entries.length < width - (at % TILE_WIDTH)) {
        throw new Fault('E_LEDGER', `the entries from ${at} on are missing in the ledger’s folder`);
      }
      found.push(...entries);
    }
    return found;
  }

  #requireSame({ edge }: LogEnd, { size, root }: Checkpoint): void {
    if (edge.size === size && sameBytes(edge.root(), root)) return;
    throw differs(`what is there and what the ledger’s folder has do not come to what was signed (${size} events)`);
  }

  async #add(files: readonly LogFile[], signal: AbortSignal | undefined): Promise<void> {
    for (let i = 0; i < files.length; i += limits.copyAtOnce) {
      const some = files.slice(i, i + limits.copyAtOnce);
      signal?.throwIfAborted();
      const answers = await Promise.all(some.map((file) => this.#parts.copy.add(file, signal)));
      const at = answers.indexOf('differs');
      if (at >= 0) throw differs(`${some[at]?.path ?? ''} is there with another content`);
    }
  }
}

const isPartial = (path: string): boolean => path.includes('.p/');

function differs(message: string, cause?: unknown): Fault {
  return new Fault('E_COPY_DIFFERS', message, { cause });
}
