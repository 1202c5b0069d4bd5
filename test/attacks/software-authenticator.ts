import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { JsonObject } from '../../src/base/json.ts';

/** What an authenticator can be told to do wrong. */
export interface Misbehaviour {
  readonly origin?: string;
  readonly host?: string;
  /** Without a finger on it. */
  readonly unverified?: boolean;
  readonly challenge?: string;
  /** Signs with a key of its own instead. */
  readonly key?: KeyObject;
  readonly userHandle?: string;
}

/** An authenticator in software: a real ES256 key, CBOR and signatures, as WebAuthn has them. */
export class SoftwareAuthenticator {
  readonly id = randomBytes(32);
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #origin: string;
  #count = 0;
  #userHandle = '';

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** What `navigator.credentials.create` would give for these options. */
  create(options: JsonObject, wrong: Misbehaviour = {}): JsonObject {
    this.#userHandle = String((options['user'] as JsonObject)['id']);
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' });
    const cose = cborMap([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(this.id.length);
    const credential = Buffer.concat([Buffer.alloc(16), length, this.id, cose]);
    const attestation = cborMap([
      ['fmt', 'none'],
      ['attStmt', null],
      ['authData', Buffer.concat([this.#data(0x40, wrong), credential])],
    ]);
    return {
      id: this.id.toString('base64url'),
      rawId: this.id.toString('base64url'),
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON: this.#clientData('webauthn.create', options, wrong).toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal'],
      },
    };
  }

  /** What `navigator.credentials.get` would give. */
  get(options: JsonObject, wrong: Misbehaviour = {}): JsonObject {
    this.#count += 1;
    const data = this.#data(0, wrong);
    const client = this.#clientData('webauthn.get', options, wrong);
    const signed = Buffer.concat([data, createHash('sha256').update(client).digest()]);
    return {
      id: this.id.toString('base64url'),
      rawId: this.id.toString('base64url'),
      type: 'public-key',
      clientExtensionResults: {},
      response: {
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: sign('sha256', signed, wrong.key ?? this.#keys.privateKey).toString('base64url'),
        userHandle: wrong.userHandle ?? this.#userHandle,
      },
    };
  }

  /** As a copy of it would count that was made before. */
  turnBack(): void {
    this.#count = 0;
  }

  #data(flags: number, { host, unverified }: Misbehaviour): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(this.#count);
    const name = createHash('sha256')
      .update(host ?? new URL(this.#origin).hostname)
      .digest();
    return Buffer.concat([name, Buffer.from([flags | 0x01 | (unverified ? 0 : 0x04)]), count]);
  }

  #clientData(type: string, options: JsonObject, { origin, challenge }: Misbehaviour): Buffer {
    const said = {
      type,
      challenge: challenge ?? options['challenge'],
      origin: origin ?? this.#origin,
      crossOrigin: false,
    };
    return Buffer.from(JSON.stringify(said));
  }
}

type Cbor = number | string | Uint8Array | null;

function cborMap(entries: readonly (readonly [number | string, Cbor])[]): Buffer {
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, value]) => [cbor(key), cbor(value)])]);
}

function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  // An empty map stands for what says nothing.
  return value === null ? head(5, 0) : Buffer.concat([head(2, value.length), value]);
}

function head(kind: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(kind << 5) | count]);
  if (count < 256) return Buffer.from([(kind << 5) | 24, count]);
  return Buffer.from([(kind << 5) | 25, count >> 8, count & 0xff]);
}
