/**
 * Finds which of many literals stand where in a text, in one pass: three characters at a time are looked up in a small
 * table, and only where they could begin an anchor is one compared. Cheap on text that has none.
 */
export class AnchorFinder {
  readonly #anchors: readonly string[];
  readonly #ignoreCase: boolean;
  readonly #mayBegin = new Uint8Array(TABLE);
  readonly #byPlace: (readonly number[] | undefined)[] = new Array(TABLE);
  /** The fifth character of each anchor, in its small form; 0 where there is none: many begin with the same word. */
  readonly #fifth: Uint8Array;

  /**
   * Anchors of at least three ASCII characters, the first of them no line end.
   * @param ignoreCase anchors are in lower case and found in any
   */
  constructor(anchors: readonly string[], ignoreCase: boolean) {
    this.#anchors = anchors;
    this.#ignoreCase = ignoreCase;
    this.#fifth = Uint8Array.from(anchors, (anchor) => (anchor.length > 4 ? anchor.charCodeAt(4) | 32 : 0));
    for (const [index, anchor] of anchors.entries()) {
      const place = roll(roll(roll(0, anchor.charCodeAt(0)), anchor.charCodeAt(1)), anchor.charCodeAt(2));
      this.#mayBegin[place] = 1;
      this.#byPlace[place] = [...(this.#byPlace[place] ?? []), index];
    }
  }

  /** Where each anchor stands, ascending, by the anchor's index; only of anchors that stand anywhere. */
  find(text: string): ReadonlyMap<number, readonly number[]> {
    const { length } = text;
    if (length < 3) return NOTHING;
    let found: Map<number, number[]> | undefined;
    const mayBegin = this.#mayBegin;
    let place = roll(roll(0, text.charCodeAt(0)), text.charCodeAt(1));
    for (let at = 2; at < length; at++) {
      place = roll(place, text.charCodeAt(at));
      if (mayBegin[place] === 1) found = this.#compare(text, at - 2, place, found);
    }
    return found ?? NOTHING;
  }

  #compare(
    text: string,
    at: number,
    place: number,
    found: Map<number, number[]> | undefined,
  ): Map<number, number[]> | undefined {
    const fifth = text.charCodeAt(at + 4) | 32; // beyond the end it is 32: no anchor of five characters fits there
    let all = found;
    for (const index of this.#byPlace[place] ?? []) {
      const expected = this.#fifth[index] ?? 0;
      if (expected !== 0 && expected !== fifth) continue;
      const anchor = this.#anchors[index] ?? '';
      if (!(this.#ignoreCase ? startsWithIgnoringCase(text, anchor, at) : text.startsWith(anchor, at))) continue;
      all ??= new Map();
      const places = all.get(index);
      if (places) places.push(at);
      else all.set(index, [at]);
    }
    return all;
  }
}

const NOTHING: ReadonlyMap<number, readonly number[]> = new Map();

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
