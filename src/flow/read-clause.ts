import { listBases, stemWord } from './fold-text.ts';
import { isChangeVerb, stopWords } from './lexicon.ts';

/** A word of a sentence, or a mark that parts it. */
export interface Token {
  readonly word: string;
  readonly at: number;
}

/** The words of a folded text in order, with the marks that part its clauses. */
export function listTokens(folded: string): Token[] {
  return [...folded.toLowerCase().matchAll(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*|[,:()–—]/gu)].map((match) => ({
    word: match[0],
    at: match.index,
  }));
}

/** What stands for a quotation or a value that was taken out. */
export const isPlaceholder = (word: string): boolean => /^q{2,}$/.test(word);

const PREPOSITION = new Set([
  'in',
  'from',
  'of',
  'to',
  'with',
  'by',
  'on',
  'at',
  'for',
  'via',
  'using',
  'about',
  'into',
  'that',
  'which',
  'mentioned',
  'called',
  'named',
  'titled',
  'if',
  'when',
  'as',
  'and',
  'then',
  'before',
  'after',
  'because',
  'containing',
  'according',
  'based',
  'who',
  'where',
  'so',
]);

const SUBORDINATE: ReadonlySet<string> = new Set(['that', 'which', 'who', 'where', 'if', 'when', 'because', 'so']);

/** Two words that are one verb: `take the towels out of the cart` removes, `check out with a card` orders. */
const PHRASAL: readonly (readonly [verb: string, rest: RegExp, means: string])[] = [
  ['check', /^out(?: (?:with|using|now|and|by|,)|$)/, 'checkout'],
  ['take', /^(?:[^,:]+ ){0,6}(?:out of|off)\b/, 'remove'],
  ['drop', /^(?:[^,:]+ ){1,4}an? (?:short |quick )?(?:line|note|message|mail|email|text)\b/, 'message'],
  ['throw', /^(?:[^,:]+ ){0,6}(?:away|out)\b/, 'delete'],
  ['call', /^(?:[^,:]+ ){0,6}off\b/, 'cancel'],
  ['fill', /^(?:in|out)\b/, 'submit'],
  ['hand', /^(?:in|out)\b/, 'submit'],
  ['back', /^up\b/, 'copy'],
  ['write', /^down\b/, 'note'],
  ['roll', /^(?:[^,:]+ ){0,6}back\b/, 'rollback'],
  ['put', /^(?:[^,:]+ ){1,6}back\b/, 'restore'],
  ['bring', /^(?:[^,:]+ ){0,6}(?:back|up)\b/, 'restore'],
  ['tick', /^(?:[^,:]+ ){0,6}off\b/, 'complete'],
  ['cross', /^(?:[^,:]+ ){0,6}off\b/, 'complete'],
  ['sign', /^(?:[^,:]+ ){0,6}up\b/, 'register'],
  ['hand', /^(?:[^,:]+ ){0,6}over\b/, 'transfer'],
  ['push', /^(?:[^,:]+ ){0,6}back\b/, 'reschedule'],
  ['put', /^(?:[^,:]+ ){0,6}off\b/, 'reschedule'],
  ['bring', /^(?:[^,:]+ ){0,6}forward\b/, 'reschedule'],
  ['spin', /^(?:[^,:]+ ){0,6}up\b/, 'create'],
  ['tear', /^(?:[^,:]+ ){0,6}down\b/, 'delete'],
  ['take', /^(?:[^,:]+ ){0,6}down\b/, 'delete'],
  ['get', /^rid of\b/, 'delete'],
  ['get', /^(?:him|her|them) (?:an?|some|two|three|\d+)\b/, 'reserve'],
  ['get', /^back to\b/, 'reply'],
  ['follow', /^up with\b/, 'message'],
  ['jot', /^(?:[^,:]+ ){0,6}down\b/, 'note'],
  ['top', /^(?:[^,:]+ ){0,6}up\b/, 'fund'],
  ['kick', /^(?:[^,:]+ ){0,6}off\b/, 'start'],
  ['reach', /^out to\b/, 'contact'],
  ['turn', /^(?:[^,:]+ ){1,12}into\b/, 'create'],
  ['make', /^(?:[^,:]+ ){1,12}into\b/, 'create'],
  ['leave', /^(?:[^,:]+ ){0,3}an? (?:\w+ )?(?:note|comment|message|review|remark|reply)\b/, 'note'],
  ['go', /^back to\b/, 'rollback'],
  ['bump', /^(?:[^,:]+ ){0,6}(?:up|down|to)\b/, 'raise'],
  ['let', /^(?:[^,:]+ ){1,6}in\b/, 'approve'],
  ['set', /^(?:[^,:]+ ){0,2}up\b/, 'schedule'],
  ['hand', /^(?:[^,:]+ ){1,8}(?:to|on)\b/, 'assign'],
];

export function readPhrasal(word: string, tokens: readonly { readonly word: string }[], i: number): string {
  const found = PHRASAL.filter(([verb]) => verb === word);
  if (found.length === 0) return word;
  const rest = tokens
    .slice(i + 1, i + 10)
    .map((token) => token.word)
    .join(' ');
  return found.find(([, pattern]) => pattern.test(rest))?.[2] ?? word;
}

/** Stems of what a verb is done to: what stands between it and the next preposition. */
export function directAfter(tokens: readonly { readonly word: string }[], i: number): string[] {
  const found: string[] = [];
  for (const [j, { word }] of tokens.slice(i + 1, i + 12).entries()) {
    // `Write them that …`: what follows is what is said, and nothing that is written to.
    if (j > 0 && SUBORDINATE.has(word)) break;
    if (PREPOSITION.has(word) || /^[,:()–—]$/.test(word)) {
      if (found.length > 0) break;
      continue;
    }
    if (!stopWords.has(word) && !isPlaceholder(word)) found.push(stemWord(word));
  }
  return found;
}

/** `The mailer has to be restarted`, `this must be deleted`: the verb that is asked for, where one is. */
export function readPassive(tokens: readonly Token[], i: number): string | undefined {
  const [before, at] = [tokens[i - 1]?.word ?? '', tokens[i]?.word];
  if (at !== 'be' || !/^(?:to|should|must)$/.test(before)) return undefined;
  if (before === 'to' && !/^(?:has|have|needs?|ought)$/.test(tokens[i - 2]?.word ?? '')) return undefined;
  if (clauseBefore(tokens, i).some((word) => CONDITION.has(word))) return undefined;
  return listBases(tokens[i + 1]?.word ?? '').find(isChangeVerb);
}

/** What follows these words is supposed, or said by somebody, and not asked for. */
const CONDITION: ReadonlySet<string> = new Set(
  'if unless whether when once until before after that says said think thinks'.split(' '),
);

function clauseBefore(tokens: readonly Token[], i: number): string[] {
  const words = tokens.slice(Math.max(0, i - 12), i).map(({ word }) => word);
  return words.slice(words.findLastIndex((word) => /^[,:()–—]$/.test(word)) + 1);
}

/** Stems of what stands in front of a passive: what it is to be done to. */
export function directBefore(tokens: readonly Token[], i: number): string[] {
  return clauseBefore(tokens, i)
    .filter((word) => !stopWords.has(word) && !isPlaceholder(word))
    .map(stemWord);
}
