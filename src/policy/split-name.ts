/**
 * A name's words, lower case, per segment: `mail.searchHTMLParts_v2` → `[['mail'], ['search', 'html', 'parts', 'v', '2']]`.
 * Segments end at `.`, `/`, `:` and `__`; words at every other non-letter, at a capital, and at a digit. Letters beyond
 * ASCII stay in their word as they are, so a look-alike letter makes a word that no table holds.
 */
export function splitName(name: string): (readonly string[])[] {
  return name
    .split(/[./:]|__+/)
    .map(splitWords)
    .filter((words) => words.length > 0);
}

/** The names met last. Every call asks for the same few; others may come from anybody, so it never grows beyond this. */
const known = new Map<string, readonly string[]>();
const KNOWN_NAMES = 2_000;
const KNOWN_CHARS = 64;

/** The words of one segment, or of an argument's name. */
export function splitWords(text: string): readonly string[] {
  const words = known.get(text);
  if (words !== undefined) return words;
  const split = splitAnew(text);
  if (text.length > KNOWN_CHARS) return split;
  if (known.size >= KNOWN_NAMES) known.clear();
  known.set(text, split);
  return split;
}

function splitAnew(text: string): readonly string[] {
  return text
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .replace(/(\p{L})(\d)/gu, '$1 $2')
    .replace(/(\d)(\p{L})/gu, '$1 $2')
    .split(/[^\p{L}\p{M}\d]+/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}
