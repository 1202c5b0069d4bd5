import { wasi as codes, OpenFile, type WASI } from '@bjorn3/browser_wasi_shim';

type Call = (...values: never[]) => number;
const VECTOR_BYTES = 8;

/**
 * The calls of a program, with those that make files larger held to a number of bytes: its files are memory of its host,
 * which no maximum of its own memory bounds. Room is not given back, whatever is removed.
 */
export function holdSpace(wasi: WASI, spaceBytes: number): WASI['wasiImport'] {
  const calls = wasi.wasiImport;
  let left = BigInt(spaceBytes);
  const hold = (name: string, endOf: (file: OpenFile, values: readonly (number | bigint)[]) => bigint): Call => {
    const call = calls[name] as (...values: unknown[]) => number; // one of the functions of the module
    return (...values: (number | bigint)[]) => {
      const file = wasi.fds[Number(values[0])];
      if (!(file instanceof OpenFile)) return call(...values);
      const before = file.file.size;
      if (endOf(file, values) - before > left) return codes.ERRNO_NOSPC;
      const result = call(...values);
      const grown = file.file.size - before;
      if (grown > 0n) left -= grown;
      return result;
    };
  };
  const lengthOf = (vectors: unknown, count: unknown): bigint => {
    const memory = new DataView(wasi.inst.exports.memory.buffer);
    let length = 0n;
    for (let index = 0; index < Number(count); index++)
      length += BigInt(memory.getUint32(Number(vectors) + index * VECTOR_BYTES + 4, true));
    return length;
  };
  return {
    ...calls,
    fd_write: hold('fd_write', (file, [, vectors, count]) => file.file_pos + lengthOf(vectors, count)),
    fd_pwrite: hold('fd_pwrite', (_, [, vectors, count, offset]) => BigInt(offset ?? 0) + lengthOf(vectors, count)),
    fd_allocate: hold('fd_allocate', (_, [, offset, length]) => BigInt(offset ?? 0) + BigInt(length ?? 0)),
    fd_filestat_set_size: hold('fd_filestat_set_size', (_, [, size]) => BigInt(size ?? 0)),
  };
}
