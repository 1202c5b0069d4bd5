/**
 * What a machine's relay and its host say to each other of a connection, by its number. `hold` and `go` come from whichever
 * end cannot pass on what it was sent. The relay says `begin` when it starts the program, and `leave` last of all, which is
 * answered with the same word.
 */
export const frames = { open: 0, data: 1, end: 2, close: 3, hold: 4, go: 5, leave: 6, begin: 7 } as const;

export interface Frame {
  readonly id: number;
  readonly kind: number;
  readonly bytes: Buffer;
}

const HEADER_BYTES = 9;
/** The longest that is sent, and taken. */
const MOST_BYTES = 65_536;

export function writeFrame(id: number, kind: number, bytes: Uint8Array = new Uint8Array()): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += MOST_BYTES) {
    const part = bytes.subarray(at, at + MOST_BYTES);
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(id, 0);
    header.writeUInt8(kind, 4);
    header.writeUInt32BE(part.length, 5);
    parts.push(header, Buffer.from(part.buffer, part.byteOffset, part.length));
  }
  return Buffer.concat(parts);
}

/** Puts frames together again from whatever pieces they arrive in. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  #held = Buffer.alloc(0);

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** `false` for bytes that are no frames: nothing that follows them can be read. */
  take(chunk: Uint8Array): boolean {
    this.#held = Buffer.concat([this.#held, chunk]);
    while (this.#held.length >= HEADER_BYTES) {
      const length = this.#held.readUInt32BE(5);
      const kind = this.#held.readUInt8(4);
      if (length > MOST_BYTES || kind > frames.begin) return false;
      if (this.#held.length < HEADER_BYTES + length) break;
      const bytes = this.#held.subarray(HEADER_BYTES, HEADER_BYTES + length);
      const id = this.#held.readUInt32BE(0);
      this.#held = this.#held.subarray(HEADER_BYTES + length);
      this.#onFrame({ id, kind, bytes });
    }
    return true;
  }
}
