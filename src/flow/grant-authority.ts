import type { GovernedTool } from '../model/tool.ts';
import { stemWord } from './fold-text.ts';
import { destructiveVerbs, impliedNouns, isChangeVerb, lookVerbs, sameNoun, sameVerb, stopWords } from './lexicon.ts';
import type { Task } from './read-task.ts';
import { readToolWords } from './read-tool-words.ts';

/** Whether the user's words let a tool write at all, and which sentences say so. */
export interface Authority {
  /**
   * `granted`: a verb and an object of the prompt, or a verb and something the prompt names, ask for it. `lent`:
   * content that the prompt delegates to asks for it. `unasked`: no word asks for it. `refused`: the prompt is clearly
   * read-only, or says not to.
   */
  readonly kind: 'granted' | 'lent' | 'unasked' | 'refused';
  readonly sentences: readonly number[];
  /** Sentences with a fitting verb, whatever they say it is done to: only in these may something be named to be destroyed. */
  readonly candidates: readonly number[];
  /** The parts of those sentences that belong to the verb, lower case. */
  readonly reaches: readonly string[];
  readonly destructive: boolean;
}

/**
 * Matches one tool against the prompt. `linked`: sentences that name a value of this call. `lentText`: words of the
 * content the prompt delegates to; it lends verbs, and never destruction.
 */
export function grantAuthority(
  tool: GovernedTool,
  task: Task,
  linked: ReadonlySet<number>,
  lentStems: ReadonlySet<string>,
): Authority {
  const { verb, objects } = readToolWords(tool.tool);
  const destructive = destructiveVerbs.has(verb);
  const sentences: number[] = [];
  const candidates: number[] = [];
  const reaches: string[] = [];
  let forbidden = false;
  for (const [index, sentence] of task.sentences.entries()) {
    for (const asked of sentence.verbs) {
      if (!sameVerb(asked.word, verb) || (destructive && !destructiveVerbs.has(asked.word))) continue;
      if (!asked.negated) {
        candidates.push(index);
        reaches.push(asked.reach);
      }
      const nouns = [...(destructive ? asked.direct : sentence.stems), ...impliedNouns(asked.word)];
      const about =
        objects.length === 0 ||
        matches(objects, nouns) ||
        (sentence.leans && matches(objects, [...task.stems])) ||
        linked.has(index) ||
        (sentence.leans && linked.size > 0);
      if (!about) continue;
      if (asked.negated) forbidden = true;
      else sentences.push(index);
    }
  }
  if (sentences.length > 0 && !forbidden) return { kind: 'granted', sentences, candidates, reaches, destructive };
  if (forbidden)
    return { kind: sentences.length > 0 ? 'unasked' : 'refused', sentences: [], candidates, reaches, destructive };
  const looks = onlyLooksByName(tool);
  if (looks) {
    const asking = task.sentences.flatMap((sentence, i) => (matches(objects, [...sentence.stems]) ? [i] : []));
    if (asking.length > 0) return { kind: 'granted', sentences: asking, candidates, reaches, destructive };
  }
  if (task.readOnly && !looks) return { kind: 'refused', sentences: [], candidates, reaches, destructive };
  if (!destructive && task.delegates === 'actions' && isLent(verb, objects, lentStems))
    return { kind: 'lent', sentences: [], candidates, reaches, destructive };
  return { kind: 'unasked', sentences: [], candidates, reaches, destructive };
}

const matches = (objects: readonly string[], nouns: readonly string[]): boolean =>
  objects.some((object) => !stopWords.has(object) && nouns.some((noun) => sameNoun(object, noun)));

/** A tool that is a write only because its effect cannot be told: its name holds a verb that looks, and none that changes. */
export function onlyLooksByName(tool: GovernedTool): boolean {
  const { verb, objects } = readToolWords(tool.tool);
  return !tool.declared && lookVerbs.has(verb) && !objects.some((word) => isChangeVerb(word) && sureChanges.has(word));
}

/** Whether the planner knows the verb a tool opens with, so that it can tell that nobody asked for it. */
export const isKnownChange = (tool: GovernedTool): boolean => isChangeVerb(readToolWords(tool.tool).verb);

/** Verbs of change that are hardly ever nouns. */
const sureChanges: ReadonlySet<string> = new Set(
  'create add append insert send delete remove update edit modify set replace rename move publish upload save reset purge erase pay buy transfer withdraw approve reject enable disable unlock submit execute run install deploy invite join leave grant revoke cancel'.split(
    ' ',
  ),
);

function isLent(verb: string, objects: readonly string[], stems: ReadonlySet<string>): boolean {
  let acts = false;
  for (const stem of stems) {
    if (sameVerb(baseForm(stem), verb)) {
      acts = true;
      break;
    }
  }
  return acts && matches(objects, [...stems]);
}

/** `increased` → `increase`, `adding` → `add`: content that is delegated to need not be written as orders. */
function baseForm(word: string): string {
  const bare = stemWord(word);
  for (const ending of ['ed', 'ing', 'd']) {
    if (!bare.endsWith(ending)) continue;
    const root = bare.slice(0, -ending.length);
    for (const form of [`${root}e`, root, root.slice(0, -1)])
      if (form.length > 2 && sameVerb(form, form) && isKnown(form)) return form;
  }
  return bare;
}

const isKnown = (form: string): boolean =>
  ['add', 'send', 'pay', 'update', 'create', 'book', 'post', 'invite', 'schedule', 'move', 'share'].some((verb) =>
    sameVerb(form, verb),
  );
