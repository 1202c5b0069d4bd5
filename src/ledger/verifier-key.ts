import { sha256 } from '../base/sha256.ts';
import { fromBase64, toBase64, toBytes, toHex } from './text-bytes.ts';

/** What a key signs (C2SP signed-note): a note as it is, or that a witness has seen it at a time. */
export type KeyUse = 'note' | 'cosignature';

const TYPES: Readonly<Record<KeyUse, number>> = { note: 0x01, cosignature: 0x04 };
const KEY_BYTES = 32;

/** A public key with the name it signs under. `text` is how it is handed out: `name+id+base64`. */
export interface VerifierKey {
  readonly name: string;
  /** 8 hex digits. */
  readonly id: string;
  readonly use: KeyUse;
  readonly publicKey: Uint8Array;
  readonly text: string;
}

/** Whether a name can be that of a key, and so a log's: no white space, no plus, nothing that cannot be seen. */
export function isKeyName(name: string): boolean {
  return name.length > 0 && name.length <= 255 && !/[\s+\p{Cc}\p{Cf}\p{Zs}]/u.test(name) && name.isWellFormed();
}

export function makeVerifierKey(name: string, use: KeyUse, publicKey: Uint8Array): VerifierKey {
  const material = new Uint8Array([TYPES[use], ...publicKey]);
  const id = toHex(sha256(new Uint8Array([...toBytes(`${name}\n`), ...material])).subarray(0, 4));
  return { name, id, use, publicKey, text: `${name}+${id}+${toBase64(material)}` };
}

/** The key that a text stands for; undefined where it is none, or its id is not that of its name and key. */
export function parseVerifierKey(text: string): VerifierKey | undefined {
  const [name = '', id = '', ...rest] = text.trim().split('+');
  const material = fromBase64(rest.join('+')); // base64 has a plus of its own
  if (!isKeyName(name) || material?.length !== 1 + KEY_BYTES) return undefined;
  const use = material[0] === TYPES.note ? 'note' : material[0] === TYPES.cosignature ? 'cosignature' : undefined;
  if (use === undefined) return undefined;
  const key = makeVerifierKey(name, use, material.slice(1));
  return key.id === id ? key : undefined;
}
