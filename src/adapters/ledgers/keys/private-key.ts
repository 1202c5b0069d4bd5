import type { Clock } from '../../../base/clock.ts';
import { type Ed25519Key, openEd25519 } from '../../../base/ed25519.ts';
import { Fault } from '../../../base/fault.ts';
import { fromBase64, toBase64 } from '../../../ledger/text-bytes.ts';
import { type KeyUse, makeVerifierKey, type VerifierKey } from '../../../ledger/verifier-key.ts';

/** A private key as it lies on disk, in the form that Go's note package writes: `PRIVATE+KEY+name+id+base64`. */
const PREFIX = 'PRIVATE+KEY+';
const SEED_BYTES = 32;
const TYPE_OF: Readonly<Record<KeyUse, number>> = { note: 0x01, cosignature: 0x04 };

export interface NoteKey {
  readonly verifier: VerifierKey;
  sign(message: Uint8Array): Uint8Array;
}

/** The text of a new private key. */
export function makePrivateKey(name: string, use: KeyUse, clock: Clock): string {
  const seed = clock.randomBytes(SEED_BYTES);
  const { id } = makeVerifierKey(name, use, openEd25519(seed).publicKey);
  return `${PREFIX}${name}+${id}+${toBase64(new Uint8Array([TYPE_OF[use], ...seed]))}\n`;
}

/** @throws Fault E_CONFIG that says nothing of what stands in the file. */
export function openPrivateKey(text: string, use: KeyUse, path: string): NoteKey {
  const [name = '', id = '', ...rest] = text.startsWith(PREFIX) ? text.slice(PREFIX.length).trimEnd().split('+') : [];
  const material = fromBase64(rest.join('+'));
  if (material?.length === 1 + SEED_BYTES && material[0] === TYPE_OF[use]) {
    const key: Ed25519Key = openEd25519(material.subarray(1));
    const verifier = makeVerifierKey(name, use, key.publicKey);
    if (verifier.id === id) return { verifier, sign: (message) => key.sign(message) };
  }
  throw new Fault('E_CONFIG', `${path} is not a private key of a ledger; restore it from a backup`);
}
