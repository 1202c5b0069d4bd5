import type { Label } from '../model/label.ts';
import type { GovernedTool } from '../model/tool.ts';
import { foldText, stemWord } from './fold-text.ts';
import { isChangeVerb, readImperatives, stopWords } from './lexicon.ts';

/** A protected argument, as policy inferred it or the manifest declares it. */
export interface FlowSink {
  /** `recipients[]`, `options.depth`, `items[].url`; `*` stands for names the schema leaves open. */
  readonly path: string;
  readonly carries: 'destination' | 'recipient' | 'authority' | 'data';
  /** Where its values may come from, besides the prompt: `server/tool.field`. Absent: anywhere that is trusted. */
  readonly from?: readonly string[];
}

/** A governed tool with what flow must know of it. Composed by whoever composes policy and flow. */
export interface FlowTool extends GovernedTool {
  readonly sinks: readonly FlowSink[];
  /** What its results are labelled where somebody declared it. Absent: untrusted and internal. */
  readonly yields?: Pick<Label, 'integrity' | 'secrecy'>;
}

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

const wordsOfTools = new WeakMap<FlowTool['tool'], ToolWords>();

export function readToolWords(tool: FlowTool['tool']): ToolWords {
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
