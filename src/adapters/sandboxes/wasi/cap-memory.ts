/**
 * A WebAssembly module says itself how far its memory may grow. This writes the maximum into it, before anybody compiles
 * it: what the engine holds from then on is in the module's own words.
 */
export class NotAModule extends Error {}

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const IMPORTS = 2;
const MEMORIES = 5;
const HAS_MAXIMUM = 1;
const MEMORY = 2;

/** The module with every memory capped. Throws a `NotAModule` for what is none, brings its memory, or needs more. */
export function capMemory(module: Uint8Array, mostPages: number): Uint8Array {
  if (!MAGIC.every((byte, index) => module[index] === byte)) throw new NotAModule('this is not a WebAssembly module');
  const reader = new Reader(module, MAGIC.length);
  const parts: Uint8Array[] = [module.subarray(0, MAGIC.length)];
  while (!reader.ended) {
    const from = reader.at;
    const id = reader.byte();
    const size = reader.number();
    const body = reader.take(size);
    if (id === IMPORTS) refuseImportedMemory(new Reader(body, 0));
    parts.push(
      id === MEMORIES ? section(id, rewrite(new Reader(body, 0), mostPages)) : module.subarray(from, reader.at),
    );
  }
  return join(parts);
}

function rewrite(reader: Reader, mostPages: number): number[] {
  const count = reader.number();
  const out = write(count);
  for (let index = 0; index < count; index++) {
    const flags = reader.number();
    if (flags > HAS_MAXIMUM) throw new NotAModule('memory that is shared, or of 64 bits, cannot be held');
    const least = reader.number();
    const most = flags === HAS_MAXIMUM ? Math.min(reader.number(), mostPages) : mostPages;
    if (least > most) throw new NotAModule('the module needs more memory than its profile gives');
    out.push(HAS_MAXIMUM, ...write(least), ...write(most));
  }
  return out;
}

/** A memory from outside would have the maximum of whoever made it; WASI modules have their own. */
function refuseImportedMemory(reader: Reader): void {
  for (let left = reader.number(); left > 0; left--) {
    reader.take(reader.number());
    reader.take(reader.number());
    const kind = reader.byte();
    if (kind === MEMORY) throw new NotAModule('the module wants a memory from outside');
    if (kind !== 0) throw new NotAModule('the module wants more from outside than functions');
    reader.number();
  }
}

function section(id: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([id, ...write(body.length), ...body]);
}

function write(value: number): number[] {
  const out: number[] = [];
  let left = value;
  do {
    const rest = Math.floor(left / 128);
    out.push((left % 128) | (rest > 0 ? 128 : 0));
    left = rest;
  } while (left > 0);
  return out;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  get ended(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new NotAModule('the module ends in the middle');
    return byte;
  }

  /** An unsigned number of up to 32 bits, seven at a time. */
  number(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new NotAModule('a number of the module is too long');
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.#bytes.length) throw new NotAModule('the module ends in the middle');
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }
}
