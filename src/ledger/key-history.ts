import { Fault, toFault } from '../base/fault.ts';
import { type Note, parseNote, verifyNote } from './note.ts';
import { readDecimal } from './text-bytes.ts';
import { parseVerifierKey, type VerifierKey } from './verifier-key.ts';

const HEADER = 'chaperone/ledger-key@v1';

/** One key of a log: from which size of the tree, and since when, it signs. */
export interface KeyEntry {
  readonly key: VerifierKey;
  /** The key before it. Absent of a log's first key. It is signed, so that nobody can put another one there. */
  readonly after?: VerifierKey;
  readonly fromSize: number;
  readonly atSeconds: number;
}

/** What is signed when a key begins to sign: by the key itself, and by the one before it. */
export function printKeyEntry({ key, after, fromSize, atSeconds }: KeyEntry): string {
  const afterLine = after === undefined ? '' : `after ${after.text}\n`;
  return `${HEADER}\nkey ${key.text}\n${afterLine}from ${fromSize}\ntime ${atSeconds}\n`;
}

/** @throws Fault E_EVIDENCE. */
export function parseKeyEntry(text: string): KeyEntry & { readonly note: Note } {
  const note = parseNote(text);
  const [header, keyLine = '', ...rest] = note.text.slice(0, -1).split('\n');
  const afterLine = rest[0]?.startsWith('after ') ? rest.shift() : undefined;
  const [fromLine = '', timeLine = '', ...more] = rest;
  const key = keyLine.startsWith('key ') ? parseVerifierKey(keyLine.slice('key '.length)) : undefined;
  const after = afterLine === undefined ? undefined : parseVerifierKey(afterLine.slice('after '.length));
  const fromSize = fromLine.startsWith('from ') ? readDecimal(fromLine.slice('from '.length)) : undefined;
  const atSeconds = timeLine.startsWith('time ') ? readDecimal(timeLine.slice('time '.length)) : undefined;
  const isWhole = header === HEADER && more.length === 0 && (afterLine === undefined) === (after === undefined);
  if (!isWhole || !key || fromSize === undefined || atSeconds === undefined) {
    throw new Fault('E_EVIDENCE', 'an entry of the key history is malformed');
  }
  return { key, ...(after === undefined ? {} : { after }), fromSize, atSeconds, note };
}

/** A log's keys that are to be believed, oldest first. */
export class KeyHistory {
  readonly keys: readonly VerifierKey[];
  /** Empty where keys are simply given: then nothing is known of which came first. */
  readonly #entries: readonly KeyEntry[];

  private constructor(keys: readonly VerifierKey[], entries: readonly KeyEntry[]) {
    this.keys = keys;
    this.#entries = entries;
  }

  /** Keys that are simply given, without a history. */
  static of(keys: readonly VerifierKey[]): KeyHistory {
    return new KeyHistory(keys, []);
  }

  /**
   * From the keys somebody trusts to all that hang together with them: each entry names the key before it and is signed
   * by its own key and by that one. So whoever knows one knows those before it, which the signed text names, and those
   * after it, which it has signed.
   *
   * @throws Fault E_EVIDENCE where an entry is not signed so, or a trusted key is not in the history.
   */
  static read(texts: readonly string[], trusted: readonly VerifierKey[]): KeyHistory {
    const entries = texts.map((text, i) => naming(i, () => parseKeyEntry(text)));
    for (const [i, entry] of entries.entries()) {
      const before = entries[i - 1];
      const signers = before === undefined ? [entry.key] : [before.key, entry.key];
      if (naming(i, () => verifyNote(entry.note, signers)).length !== signers.length) {
        throw new Fault('E_EVIDENCE', `key ${i + 1} of the history is not signed by itself and by the key before it`);
      }
      if (entry.after?.text !== before?.key.text) {
        throw new Fault('E_EVIDENCE', `key ${i + 1} of the history does not name the key that stands before it`);
      }
      if (before !== undefined && (before.key.name !== entry.key.name || before.fromSize > entry.fromSize)) {
        throw new Fault('E_EVIDENCE', `key ${i + 1} of the history does not follow the one before it`);
      }
    }
    const keys = entries.map(({ key }) => key);
    // One that is missing may have been taken out, so that a key it replaced counts again.
    const missing = trusted.filter(({ text }) => !keys.some((key) => key.text === text));
    if (trusted.length === 0 || missing.length === trusted.length) {
      throw new Fault('E_EVIDENCE', 'none of the keys given is in the log’s key history');
    }
    if (missing[0] !== undefined) {
      const { name, id } = missing[0];
      throw new Fault(
        'E_EVIDENCE',
        `${name}+${id} is not in the log’s key history: a new key is entered with its first checkpoint`,
      );
    }
    return new KeyHistory(keys, entries);
  }

  /**
   * The keys whose signature counts for a tree of that size: a key that was replaced signs nothing beyond the size from
   * which its successor does, unless the successor signs too.
   */
  keysFor(size: number): readonly VerifierKey[] {
    if (this.#entries.length === 0) return this.keys;
    return this.#entries
      .filter(({ fromSize }, i) => fromSize <= size && size <= (this.#entries[i + 1]?.fromSize ?? Infinity))
      .map(({ key }) => key);
  }
}

/** What is wrong with an entry, with its number. */
function naming<T>(i: number, task: () => T): T {
  try {
    return task();
  } catch (error) {
    const { code, message } = toFault(error, 'E_EVIDENCE', 'cannot be read');
    throw new Fault(code, `key ${i + 1} of the history: ${message}`, { cause: error });
  }
}
