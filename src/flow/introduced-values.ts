import { keyOfNumber, keyOfValue, readAtoms } from './atoms.ts';
import { listHiddenTexts } from './decode-forms.ts';
import { foldText } from './fold-text.ts';
import type { Leaf } from './list-leaves.ts';
import type { ProvenanceIndex } from './provenance-index.ts';
import type { Task } from './read-task.ts';

/** A text shorter than this is everywhere: that it comes back says nothing, and neither does that it was sent. */
const LEAST_CHARACTERS = 3;
/** Longer texts are content; what they hold are values. */
const MOST_CHARACTERS = 200;

/** Texts that are remembered as looked through, and how long they may be. */
const HANDLED = 256;
const HANDLED_CHARACTERS = 1_024;

/**
 * Values that the agent was the first to bring into its run, as arguments of calls that ran. A tool that repeats them, or
 * stores them and is asked again, is no evidence for them.
 */
export class IntroducedValues {
  readonly keys = new Set<string>();
  readonly #handled = new Set<string>();

  /**
   * Takes in the arguments of a call that is about to be observed. `added`: keys that are new. `numbers`: keys that count
   * for the one result only, since a number comes back for other reasons too. `approved`: a person let the call run; then
   * what a declared argument chose is theirs.
   */
  add(
    leaves: readonly Leaf[],
    isKnown: (key: string, text: string) => boolean,
    approved = false,
  ): { readonly added: readonly string[]; readonly numbers: ReadonlySet<string> } {
    const numbers = new Set<string>();
    const added: string[] = [];
    const take = (key: string, text: string): void => {
      if (this.keys.has(key) || isKnown(key, text)) return;
      this.keys.add(key);
      added.push(key);
    };
    for (const { value, sink } of leaves) {
      // Whoever approves a call sees what it goes to; what is written in it they only let through.
      if (approved && sink?.declared === true && sink.carries !== 'data') continue;
      if (typeof value === 'number') numbers.add(keyOfNumber(value));
      if (typeof value !== 'string' || value.length < LEAST_CHARACTERS) continue;
      if (value.length <= MOST_CHARACTERS) {
        const key = keyOfValue(value);
        if (key.startsWith('number:')) numbers.add(key);
        else take(key, value);
      }
      // What was looked through once holds nothing new: what was known then is known now, and what was not is kept.
      if (this.#isHandled(value)) continue;
      for (const atom of [value, ...listHiddenTexts(value)].flatMap(readAtoms))
        if (atom.kind !== 'number' && atom.kind !== 'date') take(atom.key, atom.canonical);
    }
    return { added, numbers };
  }

  clear(): void {
    this.keys.clear();
    this.#handled.clear();
  }

  #isHandled(text: string): boolean {
    if (text.length > HANDLED_CHARACTERS) return false;
    const known = this.#handled.has(text);
    if (this.#handled.size >= HANDLED) this.#handled.clear();
    this.#handled.add(text);
    return known;
  }
}

/** Whether the user said a value, or a result held it before the agent did. */
export function isKnownValue(key: string, text: string, task: Task, index: ProvenanceIndex): boolean {
  return task.mentioned.has(key) || index.find(key).length > 0 || task.folded.includes(foldText(text));
}
