const CONTEXT_LINES = 3;

type Edit = { readonly mark: ' ' | '-' | '+'; readonly line: string };

/**
 * A unified diff of two texts with three lines of context, or `''` if they are the same. `before` undefined: the file
 * is new. Lines pass through `mask` before they are shown, so that a secret is not.
 */
export function diffLines(
  path: string,
  before: string | undefined,
  after: string,
  mask: (line: string) => string = (line) => line,
): string {
  if (before === after) return '';
  const edits = findEdits(splitLines(before ?? ''), splitLines(after));
  const hunks = groupHunks(edits).map((hunk) => printHunk(edits, hunk, mask));
  return [`--- ${before === undefined ? '/dev/null' : path}`, `+++ ${path}`, ...hunks, ''].join('\n');
}

/** Lines without their ends; a line that does not end says so, as `diff` does. */
function splitLines(text: string): readonly string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const last = lines.pop();
  if (last !== undefined && last !== '') lines.push(`${last}\n\\ No newline at end of file`);
  return lines;
}

/** The shortest list of edits from `before` to `after` (Myers, O(ND)), after the common head and tail are set aside. */
function findEdits(before: readonly string[], after: readonly string[]): readonly Edit[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail++;
  }
  const keep = (line: string): Edit => ({ mark: ' ', line });
  return [
    ...before.slice(0, head).map(keep),
    ...findShortest(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(keep),
  ];
}

function findShortest(a: readonly string[], b: readonly string[]): readonly Edit[] {
  const furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  const reach = (diagonal: number) => furthest.get(diagonal) ?? -1;
  for (let steps = 0; steps <= a.length + b.length; steps++) {
    trace.push(new Map(furthest));
    for (let diagonal = -steps; diagonal <= steps; diagonal += 2) {
      const down = diagonal === -steps || (diagonal !== steps && reach(diagonal - 1) < reach(diagonal + 1));
      let x = down ? reach(diagonal + 1) : reach(diagonal - 1) + 1;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      furthest.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return walkBack(a, b, trace);
    }
  }
  return [];
}

function walkBack(a: readonly string[], b: readonly string[], trace: readonly Map<number, number>[]): readonly Edit[] {
  const edits: Edit[] = [];
  let x = a.length;
  let y = b.length;
  for (let steps = trace.length - 1; steps >= 0; steps--) {
    const reach = (diagonal: number) => trace[steps]?.get(diagonal) ?? -1;
    const diagonal = x - y;
    const down = diagonal === -steps || (diagonal !== steps && reach(diagonal - 1) < reach(diagonal + 1));
    const fromDiagonal = down ? diagonal + 1 : diagonal - 1;
    const fromX = steps === 0 ? 0 : reach(fromDiagonal);
    const fromY = steps === 0 ? 0 : fromX - fromDiagonal;
    while (x > fromX && y > fromY) {
      edits.push({ mark: ' ', line: a[--x] ?? '' });
      y--;
    }
    if (steps === 0) break;
    if (down) edits.push({ mark: '+', line: b[--y] ?? '' });
    else edits.push({ mark: '-', line: a[--x] ?? '' });
  }
  return edits.reverse();
}

/** Ranges of edits, `[start, end)`, that are shown together. */
function groupHunks(edits: readonly Edit[]): readonly (readonly [number, number])[] {
  const hunks: [number, number][] = [];
  edits.forEach((edit, index) => {
    if (edit.mark === ' ') return;
    const start = Math.max(0, index - CONTEXT_LINES);
    const end = Math.min(edits.length, index + CONTEXT_LINES + 1);
    const last = hunks.at(-1);
    if (last && start <= last[1]) last[1] = end;
    else hunks.push([start, end]);
  });
  return hunks;
}

function printHunk(
  edits: readonly Edit[],
  [start, end]: readonly [number, number],
  mask: (line: string) => string,
): string {
  const count = (from: number, to: number, mark: '-' | '+') =>
    edits.slice(from, to).filter((edit) => edit.mark === ' ' || edit.mark === mark).length;
  const range = (mark: '-' | '+') => {
    const length = count(start, end, mark);
    const first = count(0, start, mark) + (length === 0 ? 0 : 1);
    return length === 1 ? `${first}` : `${first},${length}`;
  };
  const lines = edits.slice(start, end).map(({ mark, line }) => `${mark}${mask(line.replace(/\r$/, ''))}`);
  return [`@@ -${range('-')} +${range('+')} @@`, ...lines].join('\n');
}
