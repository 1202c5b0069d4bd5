/** A text made from another one, and where its parts stood there. */
export interface RewrittenText {
  readonly text: string;
  /** The span of the original that a span of this text came from; never empty for a span that is not. */
  originalSpan(start: number, end: number): Span;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One piece that was replaced: `at` and `length` in the new text, `start` and `end` in the original. */
interface Piece extends Span {
  readonly at: number;
  readonly length: number;
}

/**
 * Replaces every match of `pattern` by what `replace` makes of it; `undefined` leaves a match as it is. Returns
 * undefined when nothing changed. `pattern` is global and linear.
 */
export function rewriteText(
  text: string,
  pattern: RegExp,
  replace: (match: string, at: number) => string | undefined,
): RewrittenText | undefined {
  const pieces: Piece[] = [];
  const parts: string[] = [];
  let from = 0;
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    const piece = replace(match[0], match.index);
    if (piece === undefined || piece === match[0]) continue;
    parts.push(text.slice(from, match.index), piece);
    at += match.index - from;
    from = match.index + match[0].length;
    pieces.push({ at, length: piece.length, start: match.index, end: from });
    at += piece.length;
  }
  if (pieces.length === 0) return undefined;
  parts.push(text.slice(from));
  return {
    text: parts.join(''),
    originalSpan: (start, end) => ({ start: toOriginal(pieces, start, 'start'), end: toOriginal(pieces, end, 'end') }),
  };
}

function toOriginal(pieces: readonly Piece[], offset: number, side: 'start' | 'end'): number {
  // The last piece that begins before the offset, or at it when a start is asked for.
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = pieces[middle]?.at ?? 0;
    if (side === 'start' ? at <= offset : at < offset) low = middle + 1;
    else high = middle;
  }
  const piece = pieces[low - 1];
  if (!piece) return offset;
  const beyond = offset - (piece.at + piece.length);
  if (side === 'start') return beyond >= 0 ? piece.end + beyond : piece.start;
  return beyond > 0 ? piece.end + beyond : piece.end;
}
