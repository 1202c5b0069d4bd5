import type { PromptPart } from '../model/prompt.ts';
import { cutPasted } from './cut-pasted.ts';
import { foldText, stripInvisible } from './fold-text.ts';
import { listNumbers, type Mention, maskValues, roleAfter } from './read-mentions.ts';
import { readSentence, type Sentence } from './read-sentence.ts';

/** What the user asked for, as far as the words tell. Made of trusted text only. */
export interface Task {
  readonly attested: boolean;
  readonly text: string;
  readonly folded: string;
  readonly sentences: readonly Sentence[];
  readonly mentions: readonly Mention[];
  readonly mentioned: ReadonlyMap<string, readonly Mention[]>;
  readonly stems: ReadonlySet<string>;
  readonly numbers: readonly number[];
  /** Every sentence with a request asks for an answer only, and none leaves doubt. */
  readonly readOnly: boolean;
  /** Every sentence with a request is made of words the planner knows. Only then can it say that something was not asked. */
  readonly understood: boolean;
  /** Whether the user lets content say how (`content`) or even what to do (`actions`). */
  readonly delegates: 'none' | 'content' | 'actions';
  /** Several things of one sort are meant: `each`, `all`, a list. */
  readonly many: boolean;
}

/** What is shortened ends no sentence: `Dr. Sato`. */
const BREAK =
  /(?<!\b(?:[Dd]r|[Mm]rs?|[Mm]s|[Pp]rof|[Ss]t|[Nn]o|[Nn]r|vs|e\.g|i\.e|[Dd]ept|[Aa]pprox|[Jj]r|[Ss]r))[.!?;]+(?:\s+|$)|\n+|(?<=^|\s)\(?\d{1,2}[.)]\s+|:\s+(?=\d{1,2}[.)]\s)/gu;
const WISH =
  /\b(?:i|we)(?: \w+)? (?:need|want|wish|hope|would like|have to|must|should)\b|['’]d like\b|\byou(?: \w+)? (?:should|must|need|have to)\b|\brid of\b|\bplease\b/i;
const ACTIONS =
  /\b(?:do|does|follow|perform|execute|carry out|complete|handle|apply|implement|obey|act on|take|fulfil|fulfill|address|process)\b[^.!?\n]{0,60}?\b(?:instructions?|actions?|steps?|tasks?|to-?dos?|requests?|what)\b(?!\s+in the order)[^.!?\n]*/;
const FOLLOWING = /\b(?:the )?following\b/;
const CONTENT =
  /\b(?:accordingly|as (?:described|specified|instructed|requested|mentioned|stated|written|indicated|listed|given|explained|it says)|based on|according to|pay (?:the|my|this|that|our|all|these|those) (?:\w+ ){0,3}(?:bills?|invoices?))\b/;
const MANY = /\b(?:all|each|every|everyone|everybody|both|any|these|those|several|multiple|respective(?:ly)?)\b/;

export function readTask(prompt: readonly PromptPart[]): Task {
  const own = stripInvisible(cutPasted(prompt).own);
  const { masked, spans } = maskValues(own);
  const sentences: Sentence[] = [];
  const bounds: { start: number; end: number }[] = [];
  let start = 0;
  for (const match of [...masked.matchAll(BREAK), undefined]) {
    const end = match === undefined ? masked.length : match.index + match[0].length;
    if (masked.slice(start, end).trim() !== '') {
      const question = /\?\s*$/.test(match?.[0] ?? '');
      sentences.push(readSentence(own.slice(start, end), masked.slice(start, end), question));
      bounds.push({ start, end });
    }
    start = end;
  }
  for (const [i, sentence] of sentences.entries()) sentences[i] = leanOn(sentence, sentences[i - 1]);
  // Spans and sentences are both in order: one walk finds the sentence of each.
  let reached = 0;
  const mentions = spans.map((span) => {
    while (reached < bounds.length && (bounds[reached]?.end ?? 0) <= span.start) reached += 1;
    const bound = bounds[reached];
    const sentence = bound !== undefined && bound.start <= span.start ? reached : -1;
    const from = sentence === -1 ? 0 : (bound?.start ?? 0);
    const at = span.start - from;
    const isNegated = sentences[sentence]?.negated.some((part) => part.start <= at && at < part.end) ?? false;
    return {
      key: span.key,
      canonical: span.canonical,
      raw: own.slice(span.start, span.end),
      kind: span.kind,
      sentence,
      role: isNegated ? ('excluded' as const) : roleAfter(own.slice(Math.max(from, span.start - 80), span.start)),
    };
  });
  const folded = foldText(own);
  const kinds = sentences.map((sentence) => sentence.kind);
  const delegates = sentences.some(handsOver) ? 'actions' : CONTENT.test(folded) ? 'content' : 'none';
  const wishes = sentences.some((sentence) => sentence.kind === 'tell' && WISH.test(sentence.text));
  return {
    attested: folded !== '',
    understood: (kinds.includes('change') || kinds.includes('look')) && !kinds.includes('unclear') && !wishes,
    text: own,
    folded,
    sentences,
    mentions,
    mentioned: Map.groupBy(mentions, (mention) => mention.key),
    stems: new Set(sentences.flatMap((sentence) => [...sentence.stems])),
    numbers: listNumbers(own, mentions),
    readOnly:
      kinds.includes('look') && !kinds.includes('change') && !kinds.includes('unclear') && delegates !== 'actions',
    delegates,
    many: MANY.test(folded),
  };
}

/** `The choir is off. Delete it.`: what an order leans on stands before it, where its own sentence opens with it. */
function leanOn(sentence: Sentence, before: Sentence | undefined): Sentence {
  if (before === undefined || !sentence.leans) return sentence;
  return {
    ...sentence,
    verbs: sentence.verbs.map((verb) =>
      verb.opens && verb.reach !== '' && PRONOUN.test(verb.reach)
        ? { ...verb, reach: `${before.text.toLowerCase()}\n${verb.reach}`, leansOnPrevious: true as const }
        : verb,
    ),
  };
}
const PRONOUN = /^\W*\p{L}+\s+(?:it|them|him|her|this|that|these|those|both)\b/u;

/** An order to do what some content says. A question about such content hands nothing over, nor does a ban. */
function handsOver({ folded, asks, negated }: Sentence): boolean {
  if (asks || negated.length > 0) return false;
  const actions = ACTIONS.exec(folded.replace(FOLLOWING, ''));
  return actions !== null && pointsAtContent(actions[0]);
}

const pointsAtContent = (text: string): boolean =>
  /\b(?:in|from|of|specified|described|listed|given|by|says?|asks?|instructions?|requests?|wants?|outlined|written)\b/.test(
    text,
  );
