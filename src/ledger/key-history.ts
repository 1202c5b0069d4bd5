import { Fault } from '../base/fault.ts';
import { type Note, parseNote, verifyNote } from './note.ts';
import { readDecimal } from './text-bytes.ts';
import { parseVerifierKey, type VerifierKey } from './verifier-key.ts';

const HEADER = 'chaperone/ledger-key@v1';

/** One key of a log: from which size of the tree, and since when, it signs. */
export interface KeyEntry {
  readonly key: VerifierKey;
  readonly fromSize: number;
  readonly atSeconds: number;
}

/** What is signed when a key begins to sign: by the key itself, and by the one before it. */
export function printKeyEntry({ key, fromSize, atSeconds }: KeyEntry): string {
  return `${HEADER}\nkey ${key.text}\nfrom ${fromSize}\ntime ${atSeconds}\n`;
}

/** @throws Fault E_EVIDENCE. */
export function parseKeyEntry(text: string): KeyEntry & { readonly note: Note } {
  const note = parseNote(text);
  const [header, keyLine = '', fromLine = '', timeLine = '', ...more] = note.text.slice(0, -1).split('\n');
  const key = keyLine.startsWith('key ') ? parseVerifierKey(keyLine.slice('key '.length)) : undefined;
  const fromSize = fromLine.startsWith('from ') ? readDecimal(fromLine.slice('from '.length)) : undefined;
  const atSeconds = timeLine.startsWith('time ') ? readDecimal(timeLine.slice('time '.length)) : undefined;
  if (header !== HEADER || more.length > 0 || !key || fromSize === undefined || atSeconds === undefined) {
    throw new Fault('E_EVIDENCE', 'an entry of the key history is malformed');
  }
  return { key, fromSize, atSeconds, note };
}

/** A log's keys that are to be believed, oldest first. */
export class KeyHistory {
  readonly entries: readonly KeyEntry[];

  private constructor(entries: readonly KeyEntry[]) {
    this.entries = entries;
  }

  /** Keys that are simply given, without a history. */
  static of(keys: readonly VerifierKey[]): KeyHistory {
    return new KeyHistory(keys.map((key) => ({ key, fromSize: 0, atSeconds: 0 })));
  }

  /**
   * From the keys somebody trusts to all that hang together with them: each entry is signed by its own key and by the
   * one before, so whoever knows one knows those before and after it.
   *
   * @throws Fault E_EVIDENCE where an entry is not signed so, or none of the trusted keys is in the history.
   */
  static read(texts: readonly string[], trusted: readonly VerifierKey[]): KeyHistory {
    const entries = texts.map(parseKeyEntry);
    for (const [i, entry] of entries.entries()) {
      const before = entries[i - 1];
      const signers = before === undefined ? [entry.key] : [before.key, entry.key];
      if (verifyNote(entry.note, signers).length !== signers.length) {
        throw new Fault('E_EVIDENCE', `key ${i + 1} of the history is not signed by itself and by the key before it`);
      }
      if (before !== undefined && (before.key.name !== entry.key.name || before.fromSize > entry.fromSize)) {
        throw new Fault('E_EVIDENCE', `key ${i + 1} of the history does not follow the one before it`);
      }
    }
    if (!entries.some(({ key }) => trusted.some(({ text }) => text === key.text))) {
      throw new Fault('E_EVIDENCE', 'none of the keys given is in the log’s key history');
    }
    return new KeyHistory(entries.map(({ key, fromSize, atSeconds }) => ({ key, fromSize, atSeconds })));
  }

  get keys(): readonly VerifierKey[] {
    return this.entries.map(({ key }) => key);
  }

  /**
   * The keys whose signature counts for a tree of that size: a key that was replaced signs nothing beyond the size from
   * which its successor does, unless the successor signs too.
   */
  keysFor(size: number): readonly VerifierKey[] {
    return this.entries
      .filter(({ fromSize }, i) => fromSize <= size && size <= (this.entries[i + 1]?.fromSize ?? Infinity))
      .map(({ key }) => key);
  }
}
