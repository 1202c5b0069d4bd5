import type { GovernedTool } from '../model/tool.ts';
import { foldText, stemWord } from './fold-text.ts';
import { isChangeVerb, readImperatives, stopWords } from './lexicon.ts';

/** What the words of a tool's name say. */
export interface ToolWords {
  /** The verb it opens with, or the first change verb after a vendor's name. Lower case. */
  readonly verb: string;
  /** The stems of all other words with a meaning: what it acts on. */
  readonly objects: readonly string[];
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
  const words = splitIdentifier(tool.name.split(/[./:]|__+/).at(-1) ?? tool.name);
  const known = words.findIndex((word) => isChangeVerb(word) || readImperatives.has(word));
  const at = known === -1 ? 0 : known;
  const verb = words[at] ?? '';
  const objects = words.filter((word, i) => i !== at && !stopWords.has(word)).map(stemWord);
  const read: ToolWords = { verb, objects: [...new Set(objects)] };
  wordsOfTools.set(tool, read);
  return read;
}
