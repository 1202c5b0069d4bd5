import { escapePattern } from './fold-text.ts';
import type { Task } from './read-task.ts';

const EXCEPT =
  /\b(?:except(?: for)?|excluding|besides|other than|instead of|rather than|apart from|not to|never to|but not|without)\s+(?:to\s+)?[#@'"]?$/iu;
const SOURCE_BEFORE = /\b(?:from|by)\s+(?:the\s+)?[#@'"]?$/iu;
const SOURCE_AFTER =
  /^['"]?(?:['’]s?\s|\s+(?:has |have |had |just |recently |last |ever )*(?:wrote|written|sent|said|says|posted|shared|asked|asks|published|mentioned|reported|suggested|proposed|uploaded)\b)/iu;
/** A name right behind such a word is who gets it. */
const GETS =
  /\b(?:to|cc|invite|message|tell|email|mail|dm|text|notify|ping|inform|pay|remind)\s+(?:the\s+)?[#@'"]?(\p{Lu}[\p{L}\p{N}_-]*)/gu;

/**
 * The part that a bare name plays in the prompt: `excluded` where some sentence rules it out, `source`
 * where it only says whose words are meant, and somebody else is named as who gets them.
 */
export function roleOfName(name: string, task: Task): 'excluded' | 'source' | 'open' {
  const bare = name.replace(/^[#@]/, '');
  const whole = new RegExp(`(?<![\\p{L}\\p{N}_])${escapePattern(bare)}(?![\\p{L}\\p{N}_])`, 'giu');
  let named = 0;
  let excluded = 0;
  let source = 0;
  for (const { text, negated } of task.sentences) {
    for (const { index, 0: found } of text.matchAll(whole)) {
      named += 1;
      const before = text.slice(Math.max(0, index - 80), index);
      const after = text.slice(index + found.length, index + found.length + 60);
      if (EXCEPT.test(before) || negated.some((part) => part.start <= index && index < part.end)) excluded += 1;
      else if (SOURCE_BEFORE.test(before) || (SOURCE_AFTER.test(after) && !/\bto\s+['"]?$/iu.test(before))) source += 1;
    }
  }
  if (named === 0) return 'open';
  if (excluded > 0) return 'excluded';
  if (source < named) return 'open';
  const others = [...task.text.matchAll(GETS)].some(
    ([, other = '']) => !bare.toLowerCase().startsWith(other.toLowerCase()),
  );
  return others ? 'source' : 'open';
}
