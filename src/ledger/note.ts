import { verifyEd25519 } from '../base/ed25519.ts';
import { Fault } from '../base/fault.ts';
import { fromBase64, toBase64, toBytes, toHex } from './text-bytes.ts';
import { isKeyName, type VerifierKey } from './verifier-key.ts';

/** A text and who signed it (C2SP signed-note). */
export interface Note {
  /** Ends with a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteSignature {
  readonly name: string;
  /** 8 hex digits. */
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

/** A signature that holds. `atSeconds`: when a witness gave it. */
export interface Signed {
  readonly key: VerifierKey;
  readonly atSeconds?: number;
}

const MARK = '— ';
const MAX_SIGNATURES = 64;
const MAX_NOTE_CHARS = 65_536;
const ID_BYTES = 4;
const TIME_BYTES = 8;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** @throws Fault E_EVIDENCE that says what is not as it has to be. */
export function parseNote(text: string): Note {
  if (text.length > MAX_NOTE_CHARS) throw notANote('it is too long');
  if (CONTROL.test(text) || !text.isWellFormed()) throw notANote('it holds control characters');
  const split = text.lastIndexOf('\n\n');
  if (split < 0 || !text.endsWith('\n')) throw notANote('there is no empty line before signatures');
  const lines = text.slice(split + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw notANote(`it has more than ${MAX_SIGNATURES} signatures`);
  return { text: text.slice(0, split + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [name = '', encoded = '', ...more] = line.startsWith(MARK) ? line.slice(MARK.length).split(' ') : [];
  const bytes = fromBase64(encoded);
  if (!isKeyName(name) || more.length > 0 || bytes === undefined || bytes.length <= ID_BYTES) {
    throw notANote('a signature line is malformed');
  }
  return { name, keyId: toHex(bytes.subarray(0, ID_BYTES)), bytes: bytes.slice(ID_BYTES) };
}

/** One line of a note, with its newline. */
export function printSignature(key: Pick<VerifierKey, 'name' | 'id'>, signature: Uint8Array): string {
  const id = key.id.match(/../g)?.map((digits) => Number.parseInt(digits, 16)) ?? [];
  return `${MARK}${key.name} ${toBase64(new Uint8Array([...id, ...signature]))}\n`;
}

export function printNote(text: string, signatureLines: readonly string[]): string {
  return `${text}\n${signatureLines.join('')}`;
}

/**
 * The signatures of known keys, each verified; those of unknown keys are ignored.
 *
 * @throws Fault E_EVIDENCE where a known key's signature does not hold: such a note is worth nothing.
 */
export function verifyNote(note: Note, keys: readonly VerifierKey[]): readonly Signed[] {
  const found = new Map<string, Signed>();
  for (const signature of note.signatures) {
    const key = keys.find(({ name, id }) => name === signature.name && id === signature.keyId);
    if (key === undefined) continue;
    const signed = verifySignature(note.text, key, signature.bytes);
    if (signed === undefined) throw new Fault('E_EVIDENCE', `the signature of ${key.name}+${key.id} does not hold`);
    found.set(key.text, signed);
  }
  return [...found.values()];
}

function verifySignature(text: string, key: VerifierKey, bytes: Uint8Array): Signed | undefined {
  if (key.use === 'note') return verifyEd25519(key.publicKey, toBytes(text), bytes) ? { key } : undefined;
  if (bytes.length <= TIME_BYTES) return undefined;
  const time = new DataView(bytes.buffer, bytes.byteOffset, TIME_BYTES).getBigUint64(0);
  if (time === 0n || time > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const atSeconds = Number(time);
  const holds = verifyEd25519(key.publicKey, cosignedBytes(text, atSeconds), bytes.subarray(TIME_BYTES));
  return holds ? { key, atSeconds } : undefined;
}

/** What a witness signs of a checkpoint (C2SP tlog-cosignature, Ed25519). */
export function cosignedBytes(checkpointText: string, atSeconds: number): Uint8Array {
  return toBytes(`cosignature/v1\ntime ${atSeconds}\n${checkpointText}`);
}

/** A witness's signature as it stands in a note: the time in 8 bytes, then the 64 of the signature. */
export function timestampSignature(atSeconds: number, signature: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES + signature.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(atSeconds));
  bytes.set(signature, TIME_BYTES);
  return bytes;
}

function notANote(why: string): Fault {
  return new Fault('E_EVIDENCE', `not a signed note: ${why}`);
}
