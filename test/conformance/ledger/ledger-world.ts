import { createHash } from 'node:crypto';
import { openLedgerFolder } from '../../../src/adapters/ledgers/files/open-ledger-folder.ts';
import type { KeyFiles } from '../../../src/adapters/ledgers/keys/key-files.ts';
import { createCheckpointSigner } from '../../../src/adapters/ledgers/keys/open-checkpoint-signer.ts';
import { Integrator } from '../../../src/app/ledger/integrator.ts';
import type { Clock } from '../../../src/base/clock.ts';
import { type Digest, digestBytes } from '../../../src/base/digest.ts';
import { Fault, toFault } from '../../../src/base/fault.ts';
import { parseCheckpoint } from '../../../src/ledger/checkpoint.ts';
import type { TreeHead } from '../../../src/ledger/tree-head.ts';
import type { CheckpointSigner, RecordReader } from '../../../src/ports/ledger.ts';
import { CrashingFiles } from './crashing-files.ts';

export const LEDGER = '/ledger';
export const KEYS = '/keys';

export const eventDigest = (name: string): Digest => digestBytes(name);

/** A record that is only its digests, and can be changed as no store lets itself be changed. */
export class ArrayRecord implements RecordReader {
  digests: Digest[] = [];

  append(...names: readonly string[]): void {
    this.digests.push(...names.map(eventDigest));
  }
  async lastSeq(): Promise<number> {
    return this.digests.length;
  }
  async readDigests(afterSeq: number, limit: number): Promise<readonly Digest[]> {
    return this.digests.slice(afterSeq, afterSeq + limit);
  }
  async findEvent(): Promise<undefined> {}
  async close(): Promise<void> {}
}

/** The root over digests as RFC 6962 §2.1 writes it down. */
export function plainRoot(digests: readonly Digest[]): string {
  const hash = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  const over = (entries: readonly Buffer[]): Buffer => {
    const [only] = entries;
    if (only === undefined) return hash();
    if (entries.length === 1) return hash(Buffer.of(0), only);
    let k = 1;
    while (k * 2 < entries.length) k *= 2;
    return hash(Buffer.of(1), over(entries.slice(0, k)), over(entries.slice(k)));
  };
  return over(digests.map((digest) => Buffer.from(digest.slice(7), 'hex'))).toString('hex');
}

/** A head that left the signer, with the record as it was then. */
export interface Signed {
  readonly head: TreeHead;
  readonly text: string;
  readonly record: readonly Digest[];
}

/** A ledger on a disk whose power can be cut. What the signer ever signed is kept outside of it. */
export class LedgerWorld {
  readonly files = new CrashingFiles();
  readonly record = new ArrayRecord();
  readonly signed: Signed[] = [];
  timeMs = 1_700_000_000_000;
  #randomness = 0;

  readonly clock: Clock = {
    nowMs: () => this.timeMs,
    monotonicMs: () => this.timeMs,
    randomBytes: (count) =>
      createHash('shake256', { outputLength: count })
        .update(`${this.#randomness++}`)
        .digest(),
  };

  async openSigner() {
    const signer = await createCheckpointSigner(this.#keyFiles(), { origin: 'law.example/log', clock: this.clock });
    const watched: CheckpointSigner = {
      ...signer,
      sign: async (head, proof) => {
        const text = await signer.sign(head, proof);
        this.signed.push({ head: parseCheckpoint(text), text, record: [...this.record.digests] });
        return text;
      },
    };
    return { signer: watched, rotate: () => signer.rotate() };
  }

  /** A process that begins where the last one ended. */
  async open(): Promise<Integrator> {
    const { signer } = await this.openSigner();
    return Integrator.open({ record: this.record, files: openLedgerFolder(LEDGER, this.files), signer });
  }

  /** Key files on the same disk, written as the real ones are. */
  #keyFiles(): KeyFiles {
    const { files } = this;
    const guarded = async <T>(task: () => Promise<T>): Promise<T> => {
      try {
        return await task();
      } catch (error) {
        throw toFault(error, 'E_LEDGER', 'the key folder failed');
      }
    };
    const put = (name: string, text: string) =>
      guarded(async () => {
        const made = await files.makeFolder(KEYS);
        if (made !== undefined) await files.syncFolder('/');
        await files.write(`${KEYS}/.draft`, Buffer.from(text));
        await files.syncFile(`${KEYS}/.draft`);
        await files.rename(`${KEYS}/.draft`, `${KEYS}/${name}`);
        await files.syncFolder(KEYS);
      });
    const read = (name: string) =>
      guarded(async () => {
        const bytes = await files.read(`${KEYS}/${name}`);
        return bytes && Buffer.from(bytes).toString();
      });
    return {
      folder: KEYS,
      list: async () => {
        if (files.isCut) throw new Fault('E_LEDGER', 'the key folder failed');
        return [...files.all(KEYS).keys()].sort();
      },
      read,
      fingerprint: async (name) => {
        const text = await read(name);
        return text === undefined ? undefined : eventDigest(text);
      },
      replace: put,
      async add(name, text) {
        if ((await read(name)) !== undefined) return false;
        await put(name, text);
        return true;
      },
      remove: (name) => guarded(() => files.remove(`${KEYS}/${name}`)),
    };
  }
}
