/**
 * Finds which of many literals stand where in a text, in one pass: three characters at a time are looked up in a small
 * table, and only where they could begin an anchor is one compared. Cheap on text that has none.
 */
export class AnchorFinder {
  readonly #anchors: readonly string[];
  readonly #ignoreCase: boolean;
  readonly #mayBegin = new Uint8Array(TABLE);
  readonly #byPlace = new Map<number, number[]>();

  /**
   * Anchors of at least three ASCII characters, the first of them no line end.
   * @param ignoreCase anchors are in lower case and found in any
   */
  constructor(anchors: readonly string[], ignoreCase: boolean) {
    this.#anchors = anchors;
    this.#ignoreCase = ignoreCase;
    for (const [index, anchor] of anchors.entries()) {
      const place = hash(
        foldCase(anchor.charCodeAt(0)),
        foldCase(anchor.charCodeAt(1)),
        foldCase(anchor.charCodeAt(2)),
      );
      this.#mayBegin[place] = 1;
      this.#byPlace.set(place, [...(this.#byPlace.get(place) ?? []), index]);
    }
  }

  /** Where each anchor stands, ascending, by the anchor's index; only of anchors that stand anywhere. */
  find(text: string): ReadonlyMap<number, readonly number[]> {
    const found = new Map<number, number[]>();
    let first = foldCase(text.charCodeAt(0));
    let second = foldCase(text.charCodeAt(1));
    const mayBegin = this.#mayBegin;
    for (let at = 0; at + 2 < text.length; at++) {
      const third = foldCase(text.charCodeAt(at + 2));
      const place = hash(first, second, third);
      if (mayBegin[place] === 1) this.#compare(text, at, place, found);
      first = second;
      second = third;
    }
    return found;
  }

  #compare(text: string, at: number, place: number, found: Map<number, number[]>): void {
    for (const index of this.#byPlace.get(place) ?? []) {
      const anchor = this.#anchors[index] ?? '';
      if (!(this.#ignoreCase ? startsWithIgnoringCase(text, anchor, at) : text.startsWith(anchor, at))) continue;
      const places = found.get(index);
      if (places) places.push(at);
      else found.set(index, [at]);
    }
  }
}

/** `anchor` is in small letters. */
function startsWithIgnoringCase(text: string, anchor: string, at: number): boolean {
  for (let i = anchor.length - 1; i >= 0; i--) {
    const code = text.charCodeAt(at + i);
    const small = code >= 65 && code <= 90 ? code | 32 : code;
    if (small !== anchor.charCodeAt(i)) return false;
  }
  return true;
}

const TABLE = 32_768;

/** Close enough to lower case for looking up: what collides is compared in full. */
function foldCase(code: number): number {
  return code | 32;
}

function hash(first: number, second: number, third: number): number {
  return (Math.imul(first, 961) ^ Math.imul(second, 131) ^ Math.imul(third, 7)) & (TABLE - 1);
}
