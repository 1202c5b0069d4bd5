import { foldText, listWords, stemWord } from './fold-text.ts';
import { stopWords } from './lexicon.ts';
import type { SeenRecord } from './seen-record.ts';

/** Characters of content that are read for what it delegates. */
const CHARACTERS = 100_000;

/** Words from which on a field says something. */
const SAYING = 4;

const NAMING = /^(?:name|title|filename|subject)$/;

/** What the content says that the prompt delegates to. It lends verbs and names of objects; never parties or secrets. */
export class Delegated {
  readonly stems = new Set<string>();
  #text = '';

  get text(): string {
    return this.#text;
  }

  /** Content that is delegated to selects objects by their whole names. */
  names(record: SeenRecord): boolean {
    if (this.#text === '' || record.shape.prose) return false;
    return record.shape.fields.some(
      (field) =>
        field.key !== undefined &&
        NAMING.test(field.words.at(-1) ?? '') &&
        field.text.length > 3 &&
        this.#text.includes(foldText(field.text)),
    );
  }

  add(record: SeenRecord): void {
    for (const field of record.shape.fields) {
      // A note may be short; a name or a state says nothing.
      if (field.key !== undefined && !record.shape.prose && listWords(field.text).length < SAYING) continue;
      const folded = foldText(field.text);
      if (this.#text.length + folded.length > CHARACTERS) return;
      this.#text += `${folded}\n`;
      for (const word of listWords(folded)) if (!stopWords.has(word)) this.stems.add(stemWord(word));
    }
  }
}
