import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { ErrorCode } from '../../base/errors.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';

/** Bytes of bodies that are held back, of all connections together. */
export class HeldBytes {
  #bytes = 0;

  take(bytes: number): boolean {
    if (this.#bytes + bytes > limits.egressBytesHeld) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

export interface HoldOptions {
  /** Bytes that may leave in all. */
  readonly most: number;
  readonly held: HeldBytes;
  /** Told of bytes that go on unseen, before they do. What it throws ends the request. */
  onMore(bytes: number): void;
}

export type HeldBody =
  | {
      readonly ok: true;
      /** What was held back, as it came. */
      readonly bytes: Buffer;
      /** The same without its compression, to be looked at. */
      readonly decoded: Buffer;
      /** All of it, where more follows than is held back. */
      readonly rest: Readable | undefined;
      release(): void;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

const refuse = (code: ErrorCode, message: string) => ({ ok: false, code, message }) as const;

/**
 * Holds a body back until it was looked at: nothing of it has left before. One of more than `limits.egressScanBytes`
 * goes on from there unseen, where its rule lets so much out at all. Rejects never.
 */
export async function holdBody(incoming: IncomingMessage, { most, held, onMore }: HoldOptions): Promise<HeldBody> {
  const declared = Number(incoming.headers['content-length'] ?? 0);
  const tooLarge = refuse('E_LIMIT', `the body is larger than the ${most} bytes that its rule lets out`);
  if (declared > most) return tooLarge;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const release = () => {
    held.give(bytes);
    bytes = 0;
  };
  const iterator = incoming[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let isWhole = false;
  try {
    while (bytes <= Math.min(most, limits.egressScanBytes)) {
      const next = await iterator.next();
      if (next.done === true) {
        isWhole = true;
        break;
      }
      if (!held.take(next.value.length)) {
        release();
        return refuse('E_BUSY', 'too much is being held back already');
      }
      chunks.push(next.value);
      bytes += next.value.length;
    }
  } catch {
    release();
    return refuse('E_CANCELLED', 'the client went away');
  }
  if (bytes > most) {
    release();
    return tooLarge;
  }
  const body = Buffer.concat(chunks);
  const decoded = decode(body, incoming.headers['content-encoding'], isWhole);
  if (decoded === undefined) {
    release();
    return refuse('E_EGRESS_FINDING', 'the body is encoded so that nothing can be seen in it');
  }
  const rest = isWhole ? undefined : Readable.from(follow(body, iterator, most, onMore), { objectMode: false });
  return { ok: true, bytes: body, decoded, rest, release };
}

async function* follow(
  first: Buffer,
  iterator: AsyncIterator<Buffer>,
  most: number,
  onMore: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  yield first;
  let bytes = first.length;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    bytes += next.value.length;
    if (bytes > most) throw new Fault('E_LIMIT', 'the body is larger than its rule lets out');
    onMore(next.value.length);
    yield next.value;
  }
}

/** What a body says once it is unpacked; undefined where that cannot be told. A large one is looked at as it comes. */
function decode(body: Buffer, encoding: string | undefined, isWhole: boolean): Buffer | undefined {
  if (encoding === undefined || /^identity$/i.test(encoding)) return body;
  if (!isWhole) return undefined;
  const options = { maxOutputLength: limits.egressScanBytes };
  try {
    if (/^(?:x-)?gzip$/i.test(encoding)) return gunzipSync(body, options);
    if (/^deflate$/i.test(encoding)) return inflateSync(body, options);
    if (/^br$/i.test(encoding)) return brotliDecompressSync(body, options);
  } catch {
    // a body that does not unpack, or into too much, is one that cannot be looked at
  }
  return undefined;
}
