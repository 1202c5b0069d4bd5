import { type FlowTool, readToolWords } from './flow-tool.ts';
import { destructiveVerbs, impliedNouns, sameNoun, sameVerb, stopWords } from './lexicon.ts';
import { stemWord } from './fold-text.ts';
import type { Task } from './read-task.ts';

/** Whether the user's words let a tool write at all, and which sentences say so. */
export interface Authority {
  /**
   * `granted`: a verb and an object of the prompt, or a verb and something the prompt names, ask for it. `lent`:
   * content that the prompt delegates to asks for it. `unasked`: no word asks for it. `refused`: the prompt is clearly
   * read-only, or says not to.
   */
  readonly kind: 'granted' | 'lent' | 'unasked' | 'refused';
  readonly sentences: readonly number[];
  readonly destructive: boolean;
}

/**
 * Matches one tool against the prompt. `linked`: sentences that name a value of this call. `lentText`: words of the
 * content the prompt delegates to; it lends verbs, and never destruction.
 */
export function grantAuthority(tool: FlowTool, task: Task, linked: ReadonlySet<number>, lentStems: ReadonlySet<string>): Authority {
  const { verb, objects } = readToolWords(tool.tool);
  const destructive = destructiveVerbs.has(verb);
  const sentences: number[] = [];
  let forbidden = false;
  for (const [index, sentence] of task.sentences.entries()) {
    for (const asked of sentence.verbs) {
      if (!sameVerb(asked.word, verb) || (destructive && !destructiveVerbs.has(asked.word))) continue;
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
  if (sentences.length > 0 && !forbidden) return { kind: 'granted', sentences, destructive };
  if (forbidden) return { kind: sentences.length > 0 ? 'unasked' : 'refused', sentences: [], destructive };
  if (task.readOnly && isSurelyWrite(tool, verb)) return { kind: 'refused', sentences: [], destructive };
  if (!destructive && task.delegates !== 'none' && isLent(verb, objects, lentStems)) return { kind: 'lent', sentences: [], destructive };
  return { kind: 'unasked', sentences: [], destructive };
}

const matches = (objects: readonly string[], nouns: readonly string[]): boolean =>
  objects.some((object) => !stopWords.has(object) && nouns.some((noun) => sameNoun(object, noun)));

/** In a read-only task a tool of unknown effect is asked about; one that is declared or named as a write is refused. */
const isSurelyWrite = (tool: FlowTool, verb: string): boolean => tool.declared || verb !== '';

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
    for (const form of [`${root}e`, root, root.slice(0, -1)]) if (form.length > 2 && sameVerb(form, form) && isKnown(form)) return form;
  }
  return bare;
}

const isKnown = (form: string): boolean => ['add', 'send', 'pay', 'update', 'create', 'book', 'post', 'invite', 'schedule', 'move', 'share'].some((verb) => sameVerb(form, verb));
