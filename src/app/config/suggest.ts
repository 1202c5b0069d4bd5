/**
 * How many single-character insertions, deletions, replacements and swaps of neighbours turn one text into the other,
 * counting no further than `most`: anything beyond it is `most + 1`.
 */
export function editDistance(from: string, to: string, most: number): number {
  if (Math.abs(from.length - to.length) > most) return most + 1;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        cost = Math.min(cost, at(beforePrevious, column - 2) + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return Math.min(at(previous, to.length), most + 1);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

const LONGEST = 128;

/**
 * The candidate that was most likely meant by `written`, if one is near enough: an edit for every
 * three characters, at most three.
 */
export function suggest(written: string, candidates: Iterable<string>): string | undefined {
  if (written.length > LONGEST) return undefined;
  const word = written.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.max(1, Math.floor(written.length / 3)), written.length - 1) + 1;
  for (const candidate of candidates) {
    if (candidate === written) continue;
    const distance = editDistance(word, candidate.toLowerCase(), bestDistance - 1);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean `x`?`, or nothing. */
export function didYouMean(written: string, candidates: Iterable<string>): string {
  const meant = suggest(written, candidates);
  return meant === undefined ? '' : `; did you mean \`${meant}\`?`;
}
