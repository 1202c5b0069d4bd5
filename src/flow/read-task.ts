import type { PromptPart } from '../model/prompt.ts';
import { type Atom, keyOfText, readAtoms } from './atoms.ts';
import { cutPasted } from './cut-pasted.ts';
import { foldText, listWords, stemWord, stripInvisible } from './fold-text.ts';
import { isChangeVerb, readImperatives, stopWords } from './lexicon.ts';

/** A verb that the user asks with. */
export interface TaskVerb {
  readonly word: string;
  readonly negated: boolean;
  /** Stems between the verb and the next preposition: what it is done to. */
  readonly direct: readonly string[];
}

export interface Sentence {
  readonly text: string;
  readonly folded: string;
  readonly words: readonly string[];
  readonly stems: ReadonlySet<string>;
  readonly verbs: readonly TaskVerb[];
  /** It leans on something said before: `it`, `them`, `the same`. */
  readonly leans: boolean;
  /** `look`: asks for an answer only. `change`: asks for an effect. `tell`: says something. `unclear`: cannot be told. */
  readonly kind: 'look' | 'change' | 'tell' | 'unclear';
}

/** A value of the prompt and the part it plays there. */
export interface Mention {
  readonly key: string;
  readonly canonical: string;
  /** As the user wrote it. */
  readonly raw: string;
  readonly kind: Atom['kind'] | 'quote';
  readonly sentence: number;
  readonly role: 'source' | 'target' | 'excluded' | 'open';
}

/** What the user asked for, as far as the words tell. Made of trusted text only. */
export interface Task {
  readonly attested: boolean;
  readonly text: string;
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

const QUOTED = /(?<=^|[\s(:,;])(?:'(.+?)'|"(.+?)"|[‘“`](.+?)[’”`])(?=$|[\s.,;:!?)])/gsu;
const BREAK = /[.!?;]+(?:\s+|$)|\n+|(?<=^|\s)\(?\d{1,2}[.)]\s+|:\s+(?=\d{1,2}[.)]\s)/gu;
const QUESTION = /^(?:who|whom|whose|what|when|where|which|why|how|is|are|am|was|were|do|does|did|has|have|had|any)$/;
const WISH =
  /\b(?:i|we)(?: \w+)? (?:need|want|wish|hope|would like|have to|must|should)\b|['’]d like\b|\byou(?: \w+)? (?:should|must|need|have to)\b|\brid of\b|\bplease\b/i;
const POLITE = new Set([
  'please',
  'also',
  'then',
  'and',
  'now',
  'just',
  'kindly',
  'first',
  'finally',
  'next',
  'so',
  'or',
  'but',
  'afterwards',
  'lastly',
  'secondly',
  'only',
  'immediately',
  'quickly',
  'hey',
  'hi',
  'hello',
  'ok',
  'okay',
  'well',
  'again',
  'otherwise',
  'both',
  'either',
  'thereafter',
]);
const LEADS_TO = new Set([
  'want',
  'need',
  'like',
  'love',
  'wish',
  'have',
  'forget',
  'sure',
  'remember',
  'you',
  'try',
  'proceed',
  'certain',
  'got',
  'and',
  'or',
  'possible',
  'able',
]);
const SUBJECT = new Set(['i', 'we', 'they', 'he', 'she', 'it', 'who', 'that', 'which']);
const MODAL = new Set([
  'can',
  'could',
  'would',
  'will',
  'should',
  'must',
  'shall',
  'may',
  "let's",
  'lets',
  "i'd",
  "we'd",
  "i'll",
]);
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
const NEGATION = /(?:\bdo not|\bdon['’]?t|\bnever|\bwithout|\bnot|\bno need to|\bavoid|\bdon t)\s+(?:\w+ly\s+)?$/;
const LEANING =
  /\b(?:it|them|this|these|those|they|him|her|that one|the same|each|its|their|everyone|everybody|one|ones)\b/;
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
  const mentions = spans.map((span) => {
    const sentence = bounds.findIndex((bound) => span.start >= bound.start && span.start < bound.end);
    const before = own.slice(Math.max(bounds[sentence]?.start ?? 0, span.start - 80), span.start);
    return {
      key: span.key,
      canonical: span.canonical,
      raw: own.slice(span.start, span.end),
      kind: span.kind,
      sentence,
      role: roleAfter(before),
    };
  });
  const folded = foldText(own);
  const delegating = folded.replace(FOLLOWING, '');
  const actions = ACTIONS.exec(delegating);
  const kinds = sentences.map((sentence) => sentence.kind);
  const delegates =
    actions !== null && pointsAtContent(actions[0]) ? 'actions' : CONTENT.test(folded) ? 'content' : 'none';
  const wishes = sentences.some((sentence) => sentence.kind === 'tell' && WISH.test(sentence.text));
  return {
    attested: folded !== '',
    understood: (kinds.includes('change') || kinds.includes('look')) && !kinds.includes('unclear') && !wishes,
    text: own,
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

const pointsAtContent = (text: string): boolean =>
  /\b(?:in|from|of|specified|described|listed|given|by|says?|asks?|instructions?|requests?|wants?|outlined|written)\b/.test(
    text,
  );

interface Span {
  readonly start: number;
  readonly end: number;
  readonly key: string;
  readonly canonical: string;
  readonly kind: Mention['kind'];
}

/** Quoted texts and values with a form, and the text with each of them replaced by letters that are no word. */
function maskValues(text: string): { masked: string; spans: Span[] } {
  const spans: Span[] = readAtoms(text).map((atom) => ({ ...atom }));
  for (const match of text.matchAll(QUOTED)) {
    const inner = match[1] ?? match[2] ?? match[3] ?? '';
    spans.push({
      start: match.index,
      end: match.index + match[0].length,
      key: keyOfText(inner),
      canonical: inner,
      kind: 'quote',
    });
  }
  let masked = text;
  for (const { start, end, kind } of spans) {
    if (kind === 'number') continue;
    masked = masked.slice(0, start) + 'Q'.repeat(end - start) + masked.slice(end);
  }
  return { masked, spans: spans.sort((a, b) => a.start - b.start) };
}

function listNumbers(own: string, mentions: readonly Mention[]): number[] {
  const numbers = mentions.filter((mention) => mention.kind === 'number').map((mention) => Number(mention.canonical));
  for (const match of own.matchAll(
    /(?<![\d.])(\d+(?:\.\d+)?)\s*(?:%|percent|€|\$|£|eur|usd|gbp|k\b)|[$€£]\s?(\d+(?:\.\d+)?)/giu,
  ))
    numbers.push(Number(match[1] ?? match[2]));
  const spelled = [
    'zero',
    'one',
    'two',
    'three',
    'four',
    'five',
    'six',
    'seven',
    'eight',
    'nine',
    'ten',
    'eleven',
    'twelve',
  ];
  for (const word of listWords(own)) if (spelled.includes(word)) numbers.push(spelled.indexOf(word));
  return [...new Set(numbers)];
}

const SOURCE_BEFORE = /\b(?:from|by|sent by|of|received from|sender|account|authored by)[\s'"“‘:(]*$/i;
const TARGET_BEFORE =
  /\b(?:to|cc|bcc|with|for|invite|add|email|recipient is|recipient|participants?|contact|pay|refund|message|is|are|into|account is|notify|include|at|on)[\s'"“‘:(]*$/i;
const EXCLUDED_BEFORE =
  /\b(?:except(?: for)?|excluding|besides|other than|instead of|rather than|not to|never to|not with|but not|apart from|without|do not \w+|don['’]t \w+|never \w+)[\s'"“‘:(]*(?:to[\s'"“‘]*)?$/i;

function roleAfter(before: string): Mention['role'] {
  if (EXCLUDED_BEFORE.test(before)) return 'excluded';
  if (SOURCE_BEFORE.test(before)) return 'source';
  return TARGET_BEFORE.test(before) ? 'target' : 'open';
}

function readSentence(text: string, masked: string, question: boolean): Sentence {
  const folded = foldText(masked);
  const tokens = [...folded.matchAll(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*|[,:()–—]/gu)].map((match) => ({
    word: match[0],
    at: match.index,
  }));
  const verbs: TaskVerb[] = [];
  let unclear = false;
  let looks = question;
  const opener = tokens.find((token) => /\p{L}/u.test(token.word) && !POLITE.has(token.word))?.word ?? '';
  if (QUESTION.test(opener) && !(opener === 'have' || opener === 'do')) looks = true;
  for (const [i, { word, at }] of tokens.entries()) {
    if (!/^\p{L}/u.test(word) || POLITE.has(word) || MODAL.has(word) || isPlaceholder(word) || /['’]/.test(word))
      continue;
    if (/^(?:is|are|was|were|has|sent|said|says|called|told|asked|wants?|will)$/.test(tokens[i + 1]?.word ?? ''))
      continue;
    const place = verbPlace(tokens, i);
    if (place === 'no') continue;
    if (word === 'let') {
      const knows = tokens.slice(i + 1, i + 6).some((token) => token.word === 'know');
      if (knows && /^(?:me|us)$/.test(tokens[i + 1]?.word ?? '')) looks = true;
      else if (knows) verbs.push({ word: 'notify', negated: false, direct: [] });
      continue;
    }
    const negated =
      NEGATION.test(folded.slice(Math.max(0, at - 30), at)) &&
      !/\b(?:forget|hesitate) to\s+$/.test(folded.slice(0, at));
    if (readImperatives.has(word) && !(word === 'tell' || word === 'give')) {
      looks = true;
      // `find` and `check` only look; `get`, `fetch` and `save` can stand for a change too.
      if (isChangeVerb(word) && place === 'head') verbs.push({ word, negated, direct: directAfter(tokens, i) });
    } else if (word === 'tell' || word === 'give') {
      if (/^(?:me|us)$/.test(tokens[i + 1]?.word ?? '')) looks = true;
      else verbs.push({ word, negated, direct: directAfter(tokens, i) });
    } else if (isChangeVerb(word)) {
      if (followsNoun(tokens, i)) continue;
      verbs.push({ word, negated, direct: directAfter(tokens, i) });
    } else if (
      place === 'head' &&
      !QUESTION.test(word) &&
      !stopWords.has(word) &&
      word !== 'let' &&
      word !== 'make' &&
      word !== 'thanks' &&
      word !== 'thank'
    ) {
      if (word !== 'perform' && word !== 'do') unclear = true;
      verbs.push({ word, negated, direct: directAfter(tokens, i) });
    }
  }
  const positive = verbs.filter((verb) => !verb.negated && isChangeVerb(verb.word));
  const words = listWords(text);
  return {
    text,
    folded: foldText(text),
    words,
    stems: new Set(words.filter((word) => !stopWords.has(word)).map(stemWord)),
    verbs,
    leans: LEANING.test(folded),
    kind: positive.some((verb) => !(readImperatives.has(verb.word) && looks))
      ? 'change'
      : unclear && !looks
        ? 'unclear'
        : looks
          ? 'look'
          : 'tell',
  };
}

const isPlaceholder = (word: string): boolean => /^q{2,}$/.test(word);

/** Whether a verb may stand here: at the head of a clause, after `to` where that asks, after `you`, or nowhere. */
function verbPlace(tokens: readonly { readonly word: string }[], i: number): 'head' | 'joined' | 'no' {
  const before = tokens[i - 1]?.word;
  if (before === undefined || before === 'please' || before === 'kindly') return 'head';
  if (before === 'to' && tokens[i - 2]?.word === 'have') return 'no';
  if (before === 'to')
    return LEADS_TO.has(tokens[i - 2]?.word ?? '') ||
      (/^(?:me|us)$/.test(tokens[i - 2]?.word ?? '') && LEADS_TO.has(tokens[i - 3]?.word ?? ''))
      ? 'joined'
      : 'no';
  if (before === 'you' || before === 'not' || before === "don't" || before === 'don’t' || before === 'never')
    return MODAL.has(tokens[i - 2]?.word ?? '') || before !== 'you' ? 'joined' : 'no';
  if (before === ',' || before === ':' || before === '(' || before === '–' || before === '—') return 'joined';
  if ((before === 'should' || before === 'must') && tokens[i - 2]?.word === 'you') return 'joined';
  if (before === 'help' || before === "let's" || before === 'lets') return 'joined';
  if (POLITE.has(before)) {
    // A polite word counts as the head only if nothing but polite words stands before it.
    for (let j = i - 2; j >= 0; j--) if (!POLITE.has(tokens[j]?.word ?? '')) return 'joined';
    return 'head';
  }
  return /ly$/.test(before) && before.length > 4 && !SUBJECT.has(tokens[i - 2]?.word ?? '') ? 'joined' : 'no';
}

/** `my messages, email and calendar`: a word in a list of nouns is no verb. */
function followsNoun(tokens: readonly { readonly word: string }[], i: number): boolean {
  const next = tokens[i + 1]?.word;
  const before = tokens[i - 1]?.word;
  return (
    (before === ',' || before === 'and' || before === 'or') &&
    (next === undefined || next === ',' || next === 'and' || next === 'or')
  );
}

function directAfter(tokens: readonly { readonly word: string }[], i: number): string[] {
  const found: string[] = [];
  for (const { word } of tokens.slice(i + 1, i + 12)) {
    if (PREPOSITION.has(word) || /^[,:()–—]$/.test(word)) {
      if (found.length > 0) break;
      continue;
    }
    if (!stopWords.has(word) && !isPlaceholder(word)) found.push(stemWord(word));
  }
  return found;
}
