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
      const place = roll(roll(roll(0, anchor.charCodeAt(0)), anchor.charCodeAt(1)), anchor.charCodeAt(2));
      this.#mayBegin[place] = 1;
      this.#byPlace.set(place, [...(this.#byPlace.get(place) ?? []), index]);
    }
  }

  /** Where each anchor stands, ascending, by the anchor's index; only of anchors that stand anywhere. */
  find(text: string): ReadonlyMap<number, readonly number[]> {
    const found = new Map<number, number[]>();
    const mayBegin = this.#mayBegin;
    let place = roll(roll(0, text.charCodeAt(0)), text.charCodeAt(1));
    for (let at = 2; at < text.length; at++) {
      place = roll(place, text.charCodeAt(at));
      if (mayBegin[place] === 1) this.#compare(text, at - 2, place, found);
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

/**
 * The place of the last three characters, from that of the three before: five bits of each, which are the same for both
 * cases of a letter. What falls on the same place by chance is compared in full.
 */
function roll(place: number, code: number): number {
  return ((place << 5) ^ (code & 31) ^ ((code & 64) >> 2)) & (TABLE - 1);
}
