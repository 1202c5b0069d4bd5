import type { Place } from '../../model/place.ts';

/** Lines end where editors end them. */
const LINE_END = /\r\n|\r|\n/g;

/** The place of `offset` (UTF-16 units) in a text that begins at `start`. */
export function locateOffset(start: Place, text: string, offset: number): Place {
  const before = text.slice(0, offset);
  let lines = 0;
  let lastEnd = 0;
  for (const end of before.matchAll(LINE_END)) {
    lines++;
    lastEnd = end.index + end[0].length;
  }
  const column = lines === 0 ? start.column + before.length : before.length - lastEnd + 1;
  return { file: start.file, line: start.line + lines, column };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The UTF-16 offset of a UTF-8 byte offset, which is what Cedar reports. */
export function offsetOfByte(text: string, byte: number): number {
  return decoder.decode(encoder.encode(text).subarray(0, byte)).length;
}
