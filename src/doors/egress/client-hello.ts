import { limits } from '../../base/limits.ts';

/** What the first message of TLS shows. */
export type ClientHello =
  | { readonly kind: 'hello' /** As it is written. */; readonly serverName?: string; readonly isEncrypted: boolean }
  /** More bytes are needed to tell. */
  | { readonly kind: 'partial' }
  /** It is no TLS, or none that can be read. */
  | { readonly kind: 'other' };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;
/** Drafts of the same thing, which some clients still send. */
const ENCRYPTED_DRAFTS = new Set([0xffce, 0xfe08, 0xfe09, 0xfe0a]);
const HOST_NAME = 0;
const MOST_RECORD = 16_384;

const other = { kind: 'other' } as const;
const partial = { kind: 'partial' } as const;

/** Reads the host out of the first bytes that a TLS client sends, however they are cut into records. Never throws. */
export function readClientHello(bytes: Uint8Array): ClientHello {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let gathered = 0;
  for (let at = 0; ; ) {
    if (bytes.length > at && bytes[at] !== HANDSHAKE) return other;
    if (bytes.length > at + 1 && bytes[at + 1] !== 3) return other;
    if (bytes.length < at + 5) return partialWithin(bytes.length);
    const length = view.getUint16(at + 3);
    if (length === 0 || length > MOST_RECORD) return other;
    const part = bytes.subarray(at + 5, at + 5 + length);
    parts.push(part);
    gathered += part.length;
    const message = parts.length === 1 ? part : join(parts, gathered);
    if (message.length > 0 && message[0] !== CLIENT_HELLO) return other;
    if (message.length >= 4) {
      const wanted = 4 + (((message[1] ?? 0) << 16) | ((message[2] ?? 0) << 8) | (message[3] ?? 0));
      if (wanted > limits.egressHelloBytes) return other;
      if (message.length >= wanted) return readMessage(message.subarray(4, wanted));
    }
    if (part.length < length) return partialWithin(bytes.length);
    at += 5 + length;
  }
}

function partialWithin(bytes: number): ClientHello {
  return bytes < limits.egressHelloBytes ? partial : other;
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function readMessage(body: Uint8Array): ClientHello {
  const reader = new Reader(body);
  reader.skip(2 + 32); // version and random
  reader.take(1); // session id
  reader.take(2); // cipher suites
  reader.take(1); // compression methods
  if (reader.failed) return other;
  if (reader.isAtEnd) return { kind: 'hello', isEncrypted: false };
  const extensions = new Reader(reader.take(2));
  if (!reader.isAtEnd) return other;
  let serverName: string | undefined;
  let isEncrypted = false;
  while (!reader.failed && !extensions.failed && !extensions.isAtEnd) {
    const type = extensions.number(2);
    const value = extensions.take(2);
    if (extensions.failed) return other;
    if (type === ENCRYPTED_CLIENT_HELLO || ENCRYPTED_DRAFTS.has(type)) isEncrypted = true;
    if (type !== SERVER_NAME) continue;
    // A second name would be read by some and not by others.
    const name = serverName === undefined ? readServerName(value) : undefined;
    if (name === undefined) return other;
    serverName = name;
  }
  if (reader.failed || extensions.failed) return other;
  return { kind: 'hello', isEncrypted, ...(serverName === undefined ? {} : { serverName }) };
}

function readServerName(value: Uint8Array): string | undefined {
  const list = new Reader(value);
  const names = new Reader(list.take(2));
  const type = names.number(1);
  const name = names.take(2);
  if (list.failed || names.failed || !list.isAtEnd || !names.isAtEnd || type !== HOST_NAME) return undefined;
  const text = String.fromCharCode(...name.subarray(0, 256));
  return name.length <= 255 && /^[A-Za-z0-9._-]+$/.test(text) ? text : undefined;
}

/** Reads numbers and length-prefixed parts; once it has run out, it says so and gives nothing. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  skip(count: number): void {
    if (this.#at + count > this.#bytes.length) this.failed = true;
    else this.#at += count;
  }

  number(size: 1 | 2): number {
    const from = this.#at;
    this.skip(size);
    if (this.failed) return 0;
    const first = this.#bytes[from] ?? 0;
    return size === 1 ? first : (first << 8) | (this.#bytes[from + 1] ?? 0);
  }

  /** The bytes that follow a length of `size` bytes. */
  take(size: 1 | 2): Uint8Array {
    const length = this.number(size);
    const from = this.#at;
    this.skip(length);
    return this.failed ? new Uint8Array(0) : this.#bytes.subarray(from, from + length);
  }
}
