import { assert } from '../../../base/assert.ts';

/**
 * Classic BPF as seccomp takes it: a list of 8-byte instructions over `struct seccomp_data`, without loops. Offsets of a
 * jump count instructions from the next one and fit in a byte, so blocks that are jumped over stay short.
 */
export interface Instruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  readonly value: number;
}

const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER = 0x25;
const JUMP_BITS = 0x45;
const AND = 0x54;
const RETURN = 0x06;

/** Where things are in `struct seccomp_data`. Arguments are 64 bits, the low half first on both architectures. */
export const offsets = { number: 0, architecture: 4, argument: (index: number) => 16 + index * 8 } as const;

export const load = (offset: number): Instruction => make(LOAD_WORD, offset);
export const and = (value: number): Instruction => make(AND, value);
export const give = (action: number): Instruction => make(RETURN, action);
/** Goes on if equal, else jumps over `otherwise` instructions. */
export const equals = (value: number, otherwise: number): Instruction => make(JUMP_EQUAL, value, 0, otherwise);
/** Jumps over `skip` instructions if equal; else goes on. */
export const skipIfEqual = (value: number, skip: number): Instruction => make(JUMP_EQUAL, value, skip, 0);
/** Jumps over `skip` instructions if greater, without sign; else goes on. */
export const skipIfGreater = (value: number, skip: number): Instruction => make(JUMP_GREATER, value, skip, 0);
/** Goes on if any of the bits is set, else jumps over `otherwise` instructions. */
export const hasBits = (bits: number, otherwise: number): Instruction => make(JUMP_BITS, bits, 0, otherwise);

function make(code: number, value: number, jumpTrue = 0, jumpFalse = 0): Instruction {
  assert(jumpTrue <= 255 && jumpFalse <= 255, 'a jump is too far for one byte');
  return { code, jumpTrue, jumpFalse, value };
}

const MOST_INSTRUCTIONS = 4_096;

/** The bytes the kernel takes, in the byte order of x86-64 and arm64. */
export function assemble(program: readonly Instruction[]): Uint8Array {
  assert(program.length <= MOST_INSTRUCTIONS, 'the kernel takes no longer filter');
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, { code, jumpTrue, jumpFalse, value }] of program.entries()) {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, jumpTrue);
    bytes.setUint8(index * 8 + 3, jumpFalse);
    bytes.setUint32(index * 8 + 4, value, true);
  }
  return new Uint8Array(bytes.buffer);
}
