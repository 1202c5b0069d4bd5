import type { GovernedTool } from '../model/tool.ts';
import { foldText, stemWord } from './fold-text.ts';
import { isChangeVerb, isKnownNoun, lookVerbs, readImperatives, stopWords } from './lexicon.ts';
import { directAfter, listTokens, readPhrasal } from './read-clause.ts';

/** What the words of a tool's name say. */
export interface ToolWords {
  /** The verb it opens with, or the first one after a vendor's name or what it acts on. Lower case. */
  readonly verb: string;
  /** That, and the one its description opens with: `Puts a service back`. A prompt asks for the tool by either. */
  readonly verbs: readonly string[];
  /** The stems of all other words with a meaning: what it acts on. */
  readonly objects: readonly string[];
  /** Those, and what its description says right behind its verb. */
  readonly nouns: readonly string[];
}

/** Names repeat without end, so their words are kept; a hostile flood of names only empties the shelf. */
const shelf = new Map<string, readonly string[]>();
const SHELF = 4_096;

/** The folded words of a tool's name, or an argument's. */
export function splitIdentifier(name: string): readonly string[] {
  const kept = shelf.get(name);
  if (kept) return kept;
  const words = name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((word) => word !== '')
    .map(foldText);
  if (shelf.size >= SHELF) shelf.clear();
  shelf.set(name, words);
  return words;
}

const wordsOfTools = new WeakMap<GovernedTool['tool'], ToolWords>();

export function readToolWords(tool: GovernedTool['tool']): ToolWords {
  const kept = wordsOfTools.get(tool);
  if (kept) return kept;
  const segments = tool.name.split(/[./:]|__+/).map(splitIdentifier);
  const last = segments.at(-1) ?? [];
  // `tenants.list`: where the last part is the verb alone, what it acts on stands before it.
  const words = last.length === 1 && segments.length > 1 ? [...(segments.at(-2) ?? []), ...last] : last;
  const at = verbAt(words);
  const verb = at === -1 ? '' : (words[at] ?? '');
  // What may be the noun as well is what it acts on as much: `invoice_history`.
  const isThing = (word: string, i: number): boolean =>
    i !== at || (isKnownNoun(stemWord(word)) && !RATHER_VERBS.has(word));
  const objects = words.filter((word, i) => isThing(word, i) && !stopWords.has(word)).map(stemWord);
  const said = readDescription(tool.description);
  const read: ToolWords = {
    verb,
    verbs: said === undefined || said.verb === verb ? [verb] : [verb, said.verb],
    objects: [...new Set(objects)],
    nouns: [...new Set([...objects, ...(said?.nouns ?? [])])],
  };
  wordsOfTools.set(tool, read);
  return read;
}

/**
 * Where the verb stands: the first word that is one and no noun as well, so that `message_send` and `send_message` are
 * one; else the first that is hardly ever the noun; else the first that may be one; -1 where there is none.
 */
function verbAt(words: readonly string[]): number {
  const isVerb = (word: string): boolean => isChangeVerb(word) || readImperatives.has(word) || lookVerbs.has(word);
  const tiers = [(word: string) => !isKnownNoun(stemWord(word)), (word: string) => RATHER_VERBS.has(word), () => true];
  for (const tier of tiers) {
    // Nobody says a verb before `of`: a `schedule_of_day` is a thing.
    const at = words.findIndex((word, i) => isVerb(word) && tier(word) && words[i + 1] !== 'of');
    if (at !== -1) return at;
  }
  // Where none is known it is the first word, unless that names a thing: then the name has none.
  return isKnownNoun(stemWord(words[0] ?? '')) ? -1 : 0;
}
const RATHER_VERBS: ReadonlySet<string> = new Set(['update', 'post', 'book', 'schedule', 'change']);

/** Words of a description that are looked at: what a tool does stands first. */
const OPENING = 14;

/**
 * The verb that a description opens with, where the planner knows it, and the stems of what follows. A server words its
 * descriptions as it words its names; either only says for which prompts a tool is meant, never what it may touch.
 */
function readDescription(text: string): { readonly verb: string; readonly nouns: readonly string[] } | undefined {
  const sentence = /^[^.!?\n;]{1,300}/.exec(text.trim())?.[0] ?? '';
  const tokens = listTokens(sentence).slice(0, OPENING);
  const [first] = tokens;
  if (first === undefined) return undefined;
  const word = stemWord(first.word);
  const verb = readPhrasal(word, [{ word }, ...tokens.slice(1)], 0);
  if (!isChangeVerb(verb) || readImperatives.has(verb)) return undefined;
  return { verb, nouns: directAfter(tokens, 0) };
}
