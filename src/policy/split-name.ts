/**
 * A name's words, lower case, per segment: `mail.searchHTMLParts_v2` → `[['mail'], ['search', 'html', 'parts', 'v', '2']]`.
 * Segments end at `.`, `/`, `:` and `__`; words at every other non-letter, at a capital, and at a digit. Letters beyond
 * ASCII stay in their word as they are, so a look-alike letter makes a word that no table holds.
 */
export function splitName(name: string): string[][] {
  return name
    .split(/[./:]|__+/)
    .map(splitWords)
    .filter((words) => words.length > 0);
}

/** The words of one segment, or of an argument's name. */
export function splitWords(text: string): string[] {
  return text
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .replace(/(\p{L})(\d)/gu, '$1 $2')
    .replace(/(\d)(\p{L})/gu, '$1 $2')
    .split(/[^\p{L}\p{M}\d]+/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}
