import { escapePattern, stripInvisible } from './fold-text.ts';

/** What stands before or behind a name that is a part of something longer: `finance` in `finance-private`, `docs` in `docs/old`. */
const BEFORE = '(?<![\\p{L}\\p{N}_])(?<![\\p{L}\\p{N}_][-./\\\\@]|(?:^|\\s)[~.]{0,2}[/\\\\])';
const BEHIND = "(?:['’]s)?(?![\\p{L}\\p{N}_]|[-./\\\\@:][\\p{L}\\p{N}_])";
/** Digits are written in groups: `1234` in `1234 5678` is a part too. */
const NO_GROUP_BEFORE = '(?<!\\d[ .,-]?)';
const NO_GROUP_BEHIND = '(?![ .,-]?\\d)';

/**
 * Where a text spells a value, the whole of it and no part of a longer one, whatever its case. Answers how the text
 * spells it; a leading `#` or `@` counts only where the value has it as well. `undefined` where it does not stand there.
 */
export function findSpelling(
  value: string,
  text: string,
  around: { readonly before?: string; readonly behind?: string } = {},
): string | undefined {
  const bare = stripInvisible(value).trim().replace(/^[#@]/, '');
  if (bare === '') return undefined;
  const spelled = escapePattern(bare).replace(/\s+/gu, '\\s+');
  const start = /^\d/.test(bare) ? NO_GROUP_BEFORE : '';
  const end = /\d$/.test(bare) ? NO_GROUP_BEHIND : '';
  const pattern = new RegExp(
    `${around.before ?? ''}${BEFORE}${start}(?<sigil>[#@]?)(?<own>${spelled})${end}${BEHIND}${around.behind ?? ''}`,
    'iu',
  );
  const found = pattern.exec(text)?.groups;
  if (!found) return undefined;
  const { sigil = '', own = '' } = found;
  return sigil !== '' && value.trim().startsWith(sigil) ? `${sigil}${own}` : own;
}
