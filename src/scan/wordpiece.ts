/** One piece of a text, as a WordPiece model reads it. Offsets are UTF-16 code units. */
export interface TextPiece {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** A WordPiece vocabulary: which piece has which number, and whether it knows capitals. */
export interface Vocabulary {
  readonly ids: ReadonlyMap<string, number>;
  readonly lowercase: boolean;
  readonly start: number;
  readonly end: number;
  readonly padding: number;
  readonly unknown: number;
}

/** A longer word is unknown as a whole. */
const WORD_CHARACTERS = 100;
/** Words, and every other sign by itself; the marks of accents belong to their letter. */
const WORDS = /[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]/gu;

/**
 * Reads a vocabulary: one piece a line, its number is its line, counted from 0; `##` begins a piece inside a word, and
 * `[CLS]`, `[SEP]`, `[PAD]` and `[UNK]` are among them. Throws a `RangeError` naming what is missing.
 */
export function readVocabulary(text: string, lowercase: boolean): Vocabulary {
  const ids = new Map(text.split(/\r?\n/).map((piece, id) => [piece, id] as const));
  const special = (name: string): number => {
    const id = ids.get(name);
    if (id === undefined) throw new RangeError(`the vocabulary has no piece \`${name}\``);
    return id;
  };
  return {
    ids,
    lowercase,
    start: special('[CLS]'),
    end: special('[SEP]'),
    padding: special('[PAD]'),
    unknown: special('[UNK]'),
  };
}

/** The pieces of a text, longest first within each word. Linear: a word is no longer than a hundred characters. */
export function splitPieces(text: string, vocabulary: Vocabulary): TextPiece[] {
  const pieces: TextPiece[] = [];
  for (const { 0: word, index } of text.matchAll(WORDS)) {
    const end = index + word.length;
    // Folding may change how long a word is; then its pieces all stand for the whole of it.
    const folded = vocabulary.lowercase ? word.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '') : word;
    const found = folded.length > WORD_CHARACTERS ? undefined : splitWord(folded, vocabulary);
    if (found === undefined) pieces.push({ id: vocabulary.unknown, start: index, end });
    else
      for (const { id, from, to } of found)
        pieces.push(
          folded.length === word.length ? { id, start: index + from, end: index + to } : { id, start: index, end },
        );
  }
  return pieces;
}

function splitWord(
  word: string,
  { ids }: Vocabulary,
): { readonly id: number; readonly from: number; readonly to: number }[] | undefined {
  const found: { id: number; from: number; to: number }[] = [];
  for (let from = 0; from < word.length; ) {
    let to = word.length;
    let id: number | undefined;
    for (; to > from; to--) {
      id = ids.get(from === 0 ? word.slice(0, to) : `##${word.slice(from, to)}`);
      if (id !== undefined) break;
    }
    if (id === undefined) return undefined;
    found.push({ id, from, to });
    from = to;
  }
  return found;
}
