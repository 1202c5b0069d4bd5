/** A text between quotation marks. `start` and `end` hold the marks, `inner` does not. */
export interface Quotation {
  readonly start: number;
  readonly end: number;
  readonly inner: string;
}

/** A mark that opens stands at a start, after a space or a bracket; its partner stands before an end, a space or a stop. */
const OPENS = /(?<=^|[\s(:,;])['"‘“`]/gu;
const CLOSES = /['"’”`](?=$|[\s.,;:!?)])/gu;

const sortOf = (mark: string): string => (mark === "'" || mark === '"' ? mark : '“');

/** The quotations of a text, in order. Each mark is looked at once: a text of marks that never close costs no more than any other. */
export function findQuotations(text: string): Quotation[] {
  const closers = new Map<string, number[]>();
  for (const { 0: mark, index } of text.matchAll(CLOSES)) {
    const sort = sortOf(mark);
    const places = closers.get(sort);
    if (places) places.push(index);
    else closers.set(sort, [index]);
  }
  const next = new Map<string, number>();
  const found: Quotation[] = [];
  let from = 0;
  for (const { 0: mark, index } of text.matchAll(OPENS)) {
    if (index < from) continue;
    const sort = sortOf(mark);
    const places = closers.get(sort) ?? [];
    let at = next.get(sort) ?? 0;
    // Between the marks there is at least one character.
    while ((places[at] ?? Number.POSITIVE_INFINITY) < index + 2) at += 1;
    next.set(sort, at);
    const close = places[at];
    if (close === undefined) continue;
    from = close + 1;
    found.push({ start: index, end: from, inner: text.slice(index + 1, close) });
  }
  return found;
}
