import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { Clock } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import { addKey, dropPrivateHalf, prepareFolder, readKeys, removeKey, type StoredKey } from './key-folder.ts';

/** Another process may have rotated: a key ring looks at its folder at most this long after the last time it signed. */
const REREAD_AFTER_MS = 60_000;
/** Unknown key ids make us look at the folder too, but not more often than this: anybody can make up a key id. */
const UNKNOWN_KEY_PAUSE_MS = 1_000;
const ATTEMPTS = 8;

export interface VerifyingKey {
  readonly kid: string;
  readonly publicKey: CryptoKey;
  /** Tokens issued later than this were not issued by us: the key had been retired. Infinity for the key that signs. */
  readonly signedUntilMs: number;
  /** When the last token it can have signed has expired. */
  readonly verifiesUntilMs: number;
}

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

export interface KeyRing {
  /** The key that signs now. */
  signingKey(): Promise<SigningKey>;
  /** The key of that id, if it may still verify; looks for keys other processes made. */
  findKey(kid: string): Promise<VerifyingKey | undefined>;
  /** Makes a new signing key; the old one verifies until its last token has expired. Returns the new key's id. */
  rotate(): Promise<string>;
}

/** Opens the keys in `folder`, making the first one if there is none. Throws a `Fault` E_CONFIG. */
export async function openKeyRing(folder: string, clock: Clock): Promise<KeyRing> {
  await prepareFolder(folder);
  let signing: SigningKey;
  let newest: StoredKey;
  let verifying = new Map<string, VerifyingKey>();
  let triedAtMs = 0;
  let readAtMs = 0;

  if ((await readKeys(folder)).length === 0) await makeKey(folder, clock, 1, 0);
  await read();

  async function read(): Promise<readonly StoredKey[]> {
    triedAtMs = clock.monotonicMs();
    const keys = await readKeys(folder);
    const last = keys.at(-1);
    if (last?.jwk.d === undefined) {
      throw new Fault(
        'E_CONFIG',
        `the newest key in ${folder} is missing its private half; remove it and issue new tokens`,
      );
    }
    const next = new Map<string, VerifyingKey>();
    for (const [index, key] of keys.entries()) {
      const publicKey = await importKey(key, false);
      next.set(key.kid, { kid: key.kid, publicKey, ...lifeOf(keys[index + 1]) });
    }
    signing = { kid: last.kid, privateKey: await importKey(last, true) };
    newest = last;
    verifying = next;
    readAtMs = triedAtMs;
    return keys;
  }

  return {
    async signingKey() {
      if (clock.monotonicMs() - readAtMs > REREAD_AFTER_MS) await read();
      return signing;
    },
    async findKey(kid) {
      const known = verifying.get(kid);
      if (known || clock.monotonicMs() - triedAtMs < UNKNOWN_KEY_PAUSE_MS) return known;
      await read();
      return verifying.get(kid);
    },
    async rotate() {
      await read();
      const made = await makeKey(folder, clock, newest.sequence + 1, newest.createdAtMs);
      const keys = await read();
      const nowMs = clock.nowMs();
      for (const [index, key] of keys.entries()) {
        const successor = keys[index + 1];
        if (!successor) continue;
        if (nowMs > lifeOf(successor).verifiesUntilMs) await removeKey(folder, key);
        else if (key.jwk.d !== undefined) await dropPrivateHalf(folder, clock, key);
      }
      return made;
    },
  };
}

/** How long a key with that successor is good for. Other processes may sign with it until they look again. */
function lifeOf(successor: StoredKey | undefined): Pick<VerifyingKey, 'signedUntilMs' | 'verifiesUntilMs'> {
  if (!successor) return { signedUntilMs: Infinity, verifiesUntilMs: Infinity };
  const signedUntilMs = successor.createdAtMs + REREAD_AFTER_MS + limits.tokenSkewMs;
  return { signedUntilMs, verifiesUntilMs: signedUntilMs + limits.tokenLifeMs };
}

/** Stores a new key under `sequence`, or finds that another process just did. Returns the id of whichever is there. */
async function makeKey(folder: string, clock: Clock, sequence: number, afterMs: number): Promise<string> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const { x, d } = await exportJWK(privateKey);
  if (x === undefined || d === undefined) throw new Fault('E_INTERNAL', 'a generated key has no private half');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x, d } as const;
  const kid = await calculateJwkThumbprint(jwk);
  // A clock that went back must not make a key older than the one it replaces.
  const createdAtMs = Math.max(Math.trunc(clock.nowMs()), afterMs);
  if (await addKey(folder, clock, { version: 1, sequence, kid, createdAtMs, jwk })) return kid;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const theirs = (await readKeys(folder)).find((key) => key.sequence === sequence);
    if (theirs) return theirs.kid;
  }
  throw new Fault('E_CONFIG', `the key folder ${folder} is being changed by something else`);
}

async function importKey(key: StoredKey, toSign: boolean): Promise<CryptoKey> {
  const { d, ...publicHalf } = key.jwk;
  const imported = await importJWK(toSign && d !== undefined ? { ...publicHalf, d } : publicHalf, 'EdDSA');
  if (imported instanceof Uint8Array) throw new Fault('E_INTERNAL', 'an Ed25519 key was imported as a secret');
  if (!toSign && (await calculateJwkThumbprint(publicHalf)) !== key.kid) {
    throw new Fault('E_CONFIG', `key ${key.sequence} was changed: its id is not its thumbprint`);
  }
  return imported;
}
