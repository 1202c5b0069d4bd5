import { foldText } from './fold-text.ts';
import type { Occurrence, SeenRecord } from './seen-record.ts';

/** Everything that some records say, in one folded text, for the few questions that no key answers. */
export class SearchedTexts {
  readonly #text: string;
  /** Where each field begins in it, ascending, and which one it is. */
  readonly #starts: readonly number[];
  readonly #places: readonly Occurrence[];

  constructor(records: readonly SeenRecord[]) {
    const places = records.flatMap((record) =>
      record.shape.fields.map((field): Occurrence => ({ record, field, inProse: true })),
    );
    const texts = places.map(({ field }) => foldText(field.text));
    const starts: number[] = [];
    let at = 0;
    for (const text of texts) {
      starts.push(at);
      at += text.length + 1;
    }
    this.#text = texts.join('\n');
    this.#starts = starts;
    this.#places = places;
  }

  /** The fields that hold a text, whatever its case; at most `most` of them. */
  find(text: string, most: number): readonly Occurrence[] {
    const wanted = foldText(text);
    const found: Occurrence[] = [];
    for (let at = this.#text.indexOf(wanted); at !== -1 && found.length < most; ) {
      const which = this.#fieldAt(at);
      const place = this.#places[which];
      if (place) found.push(place);
      const next = this.#starts[which + 1];
      at = next === undefined ? -1 : this.#text.indexOf(wanted, next);
    }
    return found;
  }

  #fieldAt(at: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
