import { Fault } from '../../base/fault.ts';
import type { MaskedAnswer } from './masked-answer.ts';

const FINAL = 0x80;
const EXTENDED = 0x70;
const OPCODE = 0x0f;
const CONTROL = 0x08;
const CLOSE = 0x08;
const MASKED = 0x80;
const LENGTH = 0x7f;
const MASK_BYTES = 4;
const CONTROL_BYTES = 125;
const CODE_BYTES = 2;
/** 1008: what was said must not go on. */
const POLICY = [0x03, 0xf0];

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  /** Of its payload, what has not come yet. */
  left: number;
}

/**
 * What a host sends through a WebSocket. Frames pass as they come, until the host was sent a credential: from then on each
 * message is looked at as an answer is, and goes on in frames of the door's own, since what is masked has another length.
 */
export class HostFrames {
  readonly #look: () => MaskedAnswer | undefined;
  #isLooking = false;
  #head = Buffer.alloc(0);
  #frame: Frame | undefined;
  #masked: MaskedAnswer | undefined;
  #control = Buffer.alloc(0);
  /** Whether a part of the message under way has gone on. */
  #isOpened = false;

  /** `look` makes what masks one message, where the host may show a credential. */
  constructor(look: () => MaskedAnswer | undefined) {
    this.#look = look;
  }

  /** What may go on now. Throws a `Fault` E_RESULT_UNSCANNED where a message cannot be looked at. */
  push(chunk: Buffer): Buffer {
    const out: Buffer[] = [];
    if (!this.#isLooking && this.#look() !== undefined) {
      if (this.#frame !== undefined || this.#head.length > 0)
        throw unseen('the host was sent a credential in the middle of what it says');
      this.#isLooking = true;
    }
    const isLooking = this.#isLooking;
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#frame === undefined) {
        const before = this.#head.length;
        const read = this.#readHead(Buffer.concat([this.#head, rest]));
        if (read === undefined) {
          this.#head = Buffer.concat([this.#head, rest]);
          break;
        }
        this.#frame = read.frame;
        rest = rest.subarray(read.bytes - before);
        this.#head = Buffer.alloc(0);
      }
      const payload = rest.subarray(0, this.#frame.left);
      rest = rest.subarray(payload.length);
      this.#frame.left -= payload.length;
      if (isLooking) out.push(...this.#take(this.#frame, payload));
      else if (this.#frame.left === 0 && this.#frame.opcode < CONTROL) this.#isOpened = !this.#frame.isFinal;
      if (this.#frame.left === 0) this.#frame = undefined;
    }
    return isLooking ? Buffer.concat(out) : chunk;
  }

  #take({ opcode, isFinal, left }: Frame, payload: Buffer): readonly Buffer[] {
    if (opcode >= CONTROL) {
      this.#control = Buffer.concat([this.#control, payload]);
      if (left > 0) return [];
      const whole = this.#control;
      this.#control = Buffer.alloc(0);
      return [writeFrame(FINAL | opcode, this.#maskControl(opcode, whole))];
    }
    this.#masked ??= this.#look();
    const clear = this.#masked?.push(payload) ?? payload;
    const isOver = left === 0 && isFinal;
    const said = isOver ? Buffer.concat([clear, this.#masked?.end() ?? Buffer.alloc(0)]) : clear;
    if (said.length === 0 && !isOver) return [];
    const first = (isOver ? FINAL : 0) | (this.#isOpened ? 0 : opcode);
    this.#isOpened = !isOver;
    if (isOver) this.#masked = this.#look();
    return [writeFrame(first, said)];
  }

  /** A code stands before the reason of an ending. What grew too long by masking is cut: it is for people. */
  #maskControl(opcode: number, payload: Buffer): Buffer {
    const masked = this.#look();
    if (masked === undefined) return payload;
    const kept = opcode === CLOSE ? CODE_BYTES : 0;
    const text = Buffer.concat([masked.push(payload.subarray(kept)), masked.end()]);
    return Buffer.concat([payload.subarray(0, kept), text]).subarray(0, CONTROL_BYTES);
  }

  #readHead(bytes: Buffer): { readonly frame: Frame; readonly bytes: number } | undefined {
    const isLooking = this.#isLooking;
    const [first = 0, second = 0] = bytes;
    const short = second & LENGTH;
    const extra = short === LENGTH ? 8 : short === LENGTH - 1 ? 2 : 0;
    const whole = 2 + extra + ((second & MASKED) === 0 ? 0 : MASK_BYTES);
    if (bytes.length < whole) return undefined;
    const opcode = first & OPCODE;
    if (isLooking && (first & EXTENDED) !== 0) throw unseen('its messages are packed');
    if (isLooking && (second & MASKED) !== 0) throw unseen('its messages are masked, which no host’s are');
    const length = extra === 8 ? Number(bytes.readBigUInt64BE(2)) : extra === 2 ? bytes.readUInt16BE(2) : short;
    if (isLooking && opcode >= CONTROL && length > CONTROL_BYTES) throw unseen('a frame of its is none');
    return { frame: { opcode, isFinal: (first & FINAL) !== 0, left: length }, bytes: whole };
  }
}

function unseen(why: string): Fault {
  return new Fault('E_RESULT_UNSCANNED', `${why}, and a credential could be in them`);
}

/** The frame that ends a WebSocket, with why. */
export function writeClose(reason: string): Buffer {
  return writeFrame(FINAL | CLOSE, Buffer.concat([Buffer.from(POLICY), Buffer.from(reason)]));
}

function writeFrame(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length <= CONTROL_BYTES) return Buffer.concat([Buffer.from([first, length]), payload]);
  const head = Buffer.alloc(length > 0xffff ? 10 : 4);
  head.writeUInt8(first, 0);
  if (length > 0xffff) {
    head.writeUInt8(LENGTH, 1);
    head.writeBigUInt64BE(BigInt(length), 2);
  } else {
    head.writeUInt8(LENGTH - 1, 1);
    head.writeUInt16BE(length, 2);
  }
  return Buffer.concat([head, payload]);
}
