import { join } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import { parseTreeHead, printCheckpoint } from '../../../ledger/checkpoint.ts';
import { evidenceText } from '../../../ledger/evidence-text.ts';
import { parseKeyEntry, printKeyEntry } from '../../../ledger/key-history.ts';
import { printNote, printSignature } from '../../../ledger/note.ts';
import { verifyConsistency } from '../../../ledger/proofs.ts';
import { toBytes, toHex } from '../../../ledger/text-bytes.ts';
import type { TreeHead } from '../../../ledger/tree-head.ts';
import { isKeyName, type VerifierKey } from '../../../ledger/verifier-key.ts';
import type { CheckpointSigner } from '../../../ports/ledger.ts';
import { type KeyFiles, openKeyFiles } from './key-files.ts';
import { makePrivateKey, type NoteKey, openPrivateKey } from './private-key.ts';
import { rememberFiles } from './remember-files.ts';

export interface CheckpointSignerOptions {
  /** Made with mode 0700 on first use. */
  readonly folder: string;
  /** The log's name. One is made up where it is not given; it never changes. */
  readonly origin?: string;
  readonly clock: Clock;
}

export interface LocalCheckpointSigner extends CheckpointSigner {
  /** Makes a new key. It signs from the next checkpoint on, for a time together with the one before. */
  rotate(): Promise<VerifierKey>;
}

/**
 * The folder: `origin` the log's name, `key-000001.private` and on, the highest of which signs, `key-000001.note` what
 * the key history says of it, `signed` the tree head that was signed last.
 */
const ORIGIN = 'origin';
const SIGNED = 'signed';
const PRIVATE = /^key-(\d{6})\.private$/;
const NOTE = /^key-(\d{6})\.note$/;
const nameOf = (sequence: number, kind: 'private' | 'note') => `key-${String(sequence).padStart(6, '0')}.${kind}`;

/**
 * A signer whose keys lie in a folder of this machine. It signs a tree only if it is proved to continue the one signed
 * last, which is remembered beside the keys before it is signed: neither a ledger nor a record that was replaced by an
 * older or another one is signed.
 *
 * @throws Fault E_CONFIG where the folder is not private, a key is no key, or the origin is another one than before.
 */
export async function openCheckpointSigner(options: CheckpointSignerOptions): Promise<LocalCheckpointSigner> {
  return createCheckpointSigner(await openKeyFiles(options.folder, options.clock), options);
}

/** The same, from files that are open. */
export async function createCheckpointSigner(
  given: KeyFiles,
  options: Omit<CheckpointSignerOptions, 'folder'>,
): Promise<LocalCheckpointSigner> {
  const { clock } = options;
  const files = rememberFiles(given, (name) => name !== SIGNED);
  const opened: OpenedKeys = new Map();
  const origin = await holdOrigin(files, options);
  if ((await listNumbers(files, PRIVATE)).length === 0) await addKey(files, origin, 1, clock);

  async function readSigned(): Promise<TreeHead | undefined> {
    const text = await files.read(SIGNED);
    return text === undefined ? undefined : parseTreeHead(text);
  }

  /** Enters the keys that have not signed yet in the history, before they do. */
  async function enterKeys(keys: ReadonlyMap<number, NoteKey>, fromSize: number): Promise<void> {
    const entered = new Set(await listNumbers(files, NOTE));
    for (const [sequence, key] of keys) {
      if (entered.has(sequence)) continue;
      const before = keys.get(sequence - 1);
      if (before === undefined && sequence > 1) {
        throw new Fault('E_CONFIG', `${files.folder} lacks the private key before ${nameOf(sequence, 'private')}`);
      }
      const atSeconds = Math.floor(clock.nowMs() / 1_000);
      const text = printKeyEntry({
        key: key.verifier,
        ...(before === undefined ? {} : { after: before.verifier }),
        fromSize,
        atSeconds,
      });
      const lines = [key, ...(before === undefined ? [] : [before])].map(signLine(text));
      await files.add(nameOf(sequence, 'note'), printNote(text, lines));
    }
  }

  /** Takes from keys that were replaced long enough ago what they sign with. They verify for ever. */
  async function dropRetired(keys: Map<number, NoteKey>): Promise<void> {
    for (const sequence of keys.keys()) {
      const successor = await files.read(nameOf(sequence + 1, 'note'));
      if (successor === undefined) continue;
      if (clock.nowMs() < parseKeyEntry(successor).atSeconds * 1_000 + limits.ledgerOverlapMs) continue;
      await files.remove(nameOf(sequence, 'private'));
      opened.delete(nameOf(sequence, 'private'));
      keys.delete(sequence);
    }
  }

  return {
    origin,
    lastSigned: readSigned,
    async sign(head, proof) {
      const last = await readSigned();
      if (last !== undefined && !verifyConsistency(last, head, proof)) {
        throw new Fault(
          'E_LEDGER_FORK',
          `a tree of ${last.size} events was signed, and that of ${head.size} events does not continue it`,
        );
      }
      const keys = await readKeys(files, opened);
      await enterKeys(keys, last?.size ?? 0);
      await dropRetired(keys);
      const text = printCheckpoint(origin, head);
      if (last?.size !== head.size) await files.replace(SIGNED, text);
      return printNote(text, [...keys.values()].reverse().map(signLine(text)));
    },
    async history() {
      const numbers = await listNumbers(files, NOTE);
      return Promise.all(numbers.map(async (number) => (await files.read(nameOf(number, 'note'))) ?? ''));
    },
    async keys() {
      const known = new Map<number, VerifierKey>();
      for (const number of await listNumbers(files, NOTE)) {
        known.set(number, parseKeyEntry((await files.read(nameOf(number, 'note'))) ?? '').key);
      }
      for (const [number, { verifier }] of await readKeys(files, opened)) known.set(number, verifier);
      return [...known].sort(([a], [b]) => a - b).map(([, key]) => key);
    },
    async signEvidence(contents) {
      const text = evidenceText(origin, contents);
      // A key that was made a moment ago is in no history yet: whoever verifies does not know it.
      const entered = new Set(await listNumbers(files, NOTE));
      const known = [...(await readKeys(files, opened))].filter(([sequence]) => entered.has(sequence));
      if (known.length === 0) throw new Fault('E_LEDGER', `no key in ${files.folder} has signed a checkpoint yet`);
      return printNote(
        text,
        known.reverse().map(([, key]) => signLine(text)(key)),
      );
    },
    async rotate() {
      const [last = 0] = (await listNumbers(files, PRIVATE)).reverse();
      await addKey(files, origin, last + 1, clock);
      const key = (await readKeys(files, opened)).get(last + 1);
      if (key === undefined) throw new Fault('E_LEDGER', `the new key in ${files.folder} cannot be read back`);
      return key.verifier;
    },
  };
}

const signLine = (text: string) => (key: NoteKey) => printSignature(key.verifier, key.sign(toBytes(text)));

async function holdOrigin(
  files: KeyFiles,
  { origin, clock }: Omit<CheckpointSignerOptions, 'folder'>,
): Promise<string> {
  if ((await files.read(ORIGIN)) === undefined) {
    await files.add(ORIGIN, `${origin ?? `chaperone/${toHex(clock.randomBytes(8))}`}\n`);
  }
  const held = (await files.read(ORIGIN))?.trimEnd() ?? '';
  if (!isKeyName(held)) throw new Fault('E_CONFIG', `${join(files.folder, ORIGIN)} is not the name of a log`);
  if (origin !== undefined && origin !== held) {
    throw new Fault('E_CONFIG', `the keys in ${files.folder} are of the log ${held}; a log keeps its origin`);
  }
  return held;
}

/** Adds a key under that number, unless another process just has. */
async function addKey(files: KeyFiles, origin: string, sequence: number, clock: Clock): Promise<void> {
  await files.add(nameOf(sequence, 'private'), makePrivateKey(origin, 'note', clock));
}

async function listNumbers(files: KeyFiles, pattern: RegExp): Promise<number[]> {
  return (await files.list()).flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number);
}

/** Keys that were opened, by the names of their files. */
type OpenedKeys = Map<string, { readonly text: string; readonly key: NoteKey }>;

/** The keys that can sign, by their numbers, oldest first. */
async function readKeys(files: KeyFiles, opened: OpenedKeys): Promise<Map<number, NoteKey>> {
  const keys = new Map<number, NoteKey>();
  for (const number of await listNumbers(files, PRIVATE)) {
    const name = nameOf(number, 'private');
    const text = await files.read(name);
    if (text === undefined) continue;
    const before = opened.get(name);
    const key = before?.text === text ? before.key : openPrivateKey(text, 'note', join(files.folder, name));
    opened.set(name, { text, key });
    keys.set(number, key);
  }
  if (keys.size === 0) throw new Fault('E_CONFIG', `there is no private key in ${files.folder}`);
  return keys;
}
