/** Characters that show nothing and only make two texts differ: zero-width, joiners, bidi controls, soft hyphen, tags. */
const INVISIBLE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: each character stands for itself here
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\u{e0000}-\u{e0fff}]/gu;

/** One spelling of a text for comparing: NFKC, no invisible characters, lower case, single spaces, ends trimmed. */
export function foldText(text: string): string {
  return stripInvisible(text).toLowerCase().replace(/\s+/gu, ' ').trim();
}

/** The same text in NFKC without invisible characters, case and spaces kept. */
export function stripInvisible(text: string): string {
  return isPlain(text) ? text : text.normalize('NFKC').replace(INVISIBLE, '');
}

/** Printable ASCII is its own NFKC and holds nothing invisible; most text is that, and checking is cheap. */
function isPlain(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: tabs and line breaks are plain, other controls are kept too
  return !/[^\x00-\x7f]/.test(text);
}

const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/** The words of a text, folded; whatever is no letter or digit separates. `team-plan_v2.docx` → team, plan, v2, docx. */
export function listWords(text: string): string[] {
  return foldText(text).match(WORD) ?? [];
}

/** A rough singular and base form, so that `entries` meets `entry`. The result is a key, not always a word. */
export function stemWord(word: string): string {
  if (word === 'ids') return 'id';
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.length > 4 && /(?:ss|sh|ch|x|z)es$/.test(word)) return word.slice(0, -2);
  if (word.length > 3 && word.endsWith('s') && !word.endsWith('ss') && !word.endsWith('us')) return word.slice(0, -1);
  return word;
}

/** What a word may be a form of: `closed` → close, clos; `merging` → merge, merg; itself where it has no such ending. */
export function listBases(word: string): string[] {
  const stem = stemWord(word);
  const bases = ['ed', 'ing', 'd'].flatMap((ending) => {
    const root = stem.endsWith(ending) ? stem.slice(0, -ending.length) : '';
    return root.length < 2 ? [] : [root, `${root}e`, root.replace(/(.)\1$/, '$1')];
  });
  return [stem, ...bases];
}

/** A text as part of a pattern, taken literally, without a leading `#` or `@`. */
export function escapePattern(text: string): string {
  return text.replace(/^[#@]/, '').replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
