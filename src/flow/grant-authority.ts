import type { GovernedTool } from '../model/tool.ts';
import { stemWord } from './fold-text.ts';
import {
  destructiveVerbs,
  impliedNouns,
  isChangeVerb,
  isKnownNoun,
  joiners,
  lookVerbs,
  sameNoun,
  sameVerb,
  stopWords,
  tellingVerbs,
  vagueLookVerbs,
} from './lexicon.ts';
import type { TaskVerb } from './read-sentence.ts';
import type { Task } from './read-task.ts';
import { readToolWords, splitIdentifier } from './read-tool-words.ts';

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
  /** A fitting verb is said of something that the planner has no word for: it may well be what this tool acts on. */
  readonly vague: boolean;
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
  const { verb, verbs, objects, nouns: about } = readToolWords(tool.tool);
  // Whichever of them destroys: a name does not make harmless what its description says, nor the other way round.
  const destructive = verbs.some((one) => destructiveVerbs.has(one));
  const sentences: number[] = [];
  const candidates: number[] = [];
  const reaches: string[] = [];
  let forbidden = false;
  let vague = false;
  for (const [index, sentence] of task.sentences.entries()) {
    for (const asked of sentence.verbs) {
      if (!verbs.some((one) => sameVerb(asked.word, one)) || (destructive && !destructiveVerbs.has(asked.word)))
        continue;
      if (!asked.negated) {
        candidates.push(index);
        if (asked.leansOnPrevious) candidates.push(index - 1);
        reaches.push(asked.reach);
        vague ||= !destructive && asked.direct.length > 0 && !asked.direct.some(isKnownNoun);
      }
      const said = [...(destructive ? asked.direct : sentence.stems), ...listImplied(asked)];
      // `Make an event at the Grand`: what it makes is named, and it is no booking of the Grand.
      if (LIGHT.has(asked.word) && asked.word !== verb && isSaidOfOther(asked.direct, objects)) continue;
      const isMeant =
        objects.length === 0 ||
        matches(about, said) ||
        (sentence.leans && matches(about, [...task.stems])) ||
        linked.has(index) ||
        (sentence.leans && linked.size > 0);
      if (!isMeant) continue;
      if (asked.negated) forbidden = true;
      else sentences.push(index);
    }
  }
  if (sentences.length > 0 && !forbidden)
    return { kind: 'granted', sentences, candidates, reaches, destructive, vague };
  if (forbidden)
    return {
      kind: sentences.length > 0 ? 'unasked' : 'refused',
      sentences: [],
      candidates,
      reaches,
      destructive,
      vague,
    };
  const looks = onlyLooksByName(tool);
  if (looks) {
    const asking = task.sentences.flatMap((sentence, i) =>
      matches(objects, [...sentence.stems, ...sentence.verbs.flatMap(listImplied)]) ? [i] : [],
    );
    if (asking.length > 0) return { kind: 'granted', sentences: asking, candidates, reaches, destructive, vague };
  }
  if (task.readOnly && !looks) return { kind: 'refused', sentences: [], candidates, reaches, destructive, vague };
  if (!destructive && task.delegates === 'actions' && isLent(verb, objects, lentStems))
    return { kind: 'lent', sentences: [], candidates, reaches, destructive, vague };
  return { kind: 'unasked', sentences: [], candidates, reaches, destructive, vague };
}

/** `reserve` alone may mean a table or a car; `reserve the hotel` says which, and then nothing is added to it. */
function listImplied({ word, direct, reach }: TaskVerb): readonly string[] {
  // `Write them that …` is a message; `write a summary` is a summary.
  if (word === 'write' && direct.length > 0) return /^write to\b/.test(reach) ? impliedNouns(word) : [];
  const isOfOtherSort = tellingVerbs.has(word)
    ? direct.some((noun) => sameNoun(noun, 'money'))
    : direct.some(isKnownNoun);
  return isOfOtherSort ? [] : impliedNouns(word);
}

/** Verbs that say little: what is done shows in what it is done to. */
const LIGHT: ReadonlySet<string> = new Set('make create set put add give take'.split(' '));

const isSaidOfOther = (direct: readonly string[], objects: readonly string[]): boolean =>
  objects.length > 0 &&
  // `Put a note on the status page`: a few words are no other thing than what they are put on.
  !direct.some((noun) => WORDING.has(noun)) &&
  objects.every(isKnownNoun) &&
  direct.length > 0 &&
  direct.some(isKnownNoun) &&
  !matches(objects, direct);

const WORDING: ReadonlySet<string> = new Set('note line word text message notice'.split(' '));

const matches = (objects: readonly string[], nouns: readonly string[]): boolean =>
  objects.some((object) => !stopWords.has(object) && nouns.some((noun) => sameNoun(object, noun)));

/**
 * A tool that is a write only because its effect cannot be told: its name opens with a verb that computes or tells, and
 * holds nothing that could be another verb. Where it opens with a verb that policy takes for a read, policy found a
 * reason not to; the one that is little is that what is looked at may be marked as seen.
 */
export function onlyLooksByName(tool: GovernedTool): boolean {
  if (tool.declared) return false;
  const [verb = '', ...rest] = splitIdentifier(tool.tool.name.split(/[./:]|__+/).at(-1) ?? tool.tool.name);
  const marks = rest.some((word) => word === 'unread' || word === 'unseen');
  if (!(marks ? lookVerbs : vagueLookVerbs).has(verb)) return false;
  return !rest.some((word) => joiners.has(word) || isChangeVerb(word));
}

/** Whether the planner knows the verb a tool opens with, so that it can tell that nobody asked for it. */
export const isKnownChange = (tool: GovernedTool): boolean => isChangeVerb(readToolWords(tool.tool).verb);

/** Whether somebody declared what it does, or its name says that it changes something. Otherwise it may only look. */
export const tellsEffect = (tool: GovernedTool): boolean => tool.declared || isKnownChange(tool);

/** Whether its name opens with a verb that looks: that it changes anything is a doubt, and no knowledge. */
export const mayLook = (tool: GovernedTool): boolean =>
  !tool.declared && lookVerbs.has(splitIdentifier(tool.tool.name.split(/[./:]|__+/).at(-1) ?? tool.tool.name)[0] ?? '');

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
