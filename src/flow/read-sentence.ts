import { findNegated, type Part } from './find-negated.ts';
import { foldText, listWords, stemWord } from './fold-text.ts';
import { isChangeVerb, readImperatives, stopWords } from './lexicon.ts';
import { directAfter, directBefore, isPlaceholder, listTokens, readPassive, readPhrasal } from './read-clause.ts';

/** A verb that the user asks with. */
export interface TaskVerb {
  readonly word: string;
  readonly negated: boolean;
  /** Stems between the verb and the next preposition: what it is done to. */
  readonly direct: readonly string[];
  /** It opens its sentence. */
  readonly opens: boolean;
  /** What it is done to is named in the sentence before. */
  readonly leansOnPrevious?: true;
  /** Its own part of the sentence, lower case: from it to the next verb. Empty where that cannot be told. */
  readonly reach: string;
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
  /** It wants to know something. `Can you …?` asks for something to be done, and is none. */
  readonly asks: boolean;
  /** The parts of it that are told not to happen, as offsets in its text. */
  readonly negated: readonly Part[];
  /** Stems of what it asks to have found or told. */
  readonly sought: ReadonlySet<string>;
}

/** They look (`return the names`, `give me the total`) as often as they change something (`return the lamp`, `give her access`). */
const AMBIGUOUS: ReadonlySet<string> = new Set(['return', 'browse', 'tell', 'give']);

const QUESTION = /^(?:who|whom|whose|what|when|where|which|why|how|is|are|am|was|were|do|does|did|has|have|had|any)$/;
/** `Do I …`, `Do any messages …`, `What does …`; not `Do what …`, `Do the tasks …`. */
const ASKS =
  /^\W*(?:(?:and|also|so|but|then|hey|hi|hello|ok|okay|well|now),?\s+)*(?:(?:who|whom|whose|what|when|where|which|why|how|is|are|am|was|were|does|did|has|had)\b|(?:do|have)\s+(?:i|we|you|they|he|she|it|any|some|my|our|there)\b)/;
const REQUESTS = /\b(?:please|(?:can|could|would|will) you)\b/;
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
const NEGATION = /(?:\bdo not|\bdon['’]?t|\bnever|\bwithout|\bnot|\bno need to|\bavoid|\bdon t)\s+(?:\w+ly\s+)?$/;
const LEANING =
  /\b(?:it|them|this|these|those|they|him|her|that one|the same|each|its|his|hers?|their|everyone|everybody|one|ones)\b/;

/** Reads one sentence. `masked`: the same text with quotations and values replaced, so that no verb is found in them. */
export function readSentence(text: string, masked: string, question: boolean): Sentence {
  // Folding must not move anything, so that a verb's place in the masked text is its place in the text.
  const lower = masked.toLowerCase();
  const folded = lower.length === text.length ? lower : foldText(masked);
  const tokens = listTokens(folded);
  const parts = findNegated(masked);
  const sought = new Set<string>();
  const verbs: (Omit<TaskVerb, 'reach'> & { readonly at: number })[] = [];
  let unclear = false;
  let looks = question;
  const opener = tokens.find((token) => /\p{L}/u.test(token.word) && !POLITE.has(token.word))?.word ?? '';
  if (QUESTION.test(opener) && !(opener === 'have' || opener === 'do')) looks = true;
  for (const [i, { word: said, at }] of tokens.entries()) {
    const passive = readPassive(tokens, i);
    if (passive !== undefined) {
      const negated = parts.some((part) => part.start <= at && at < part.end);
      verbs.push({ word: passive, negated, opens: false, direct: directBefore(tokens, i), at });
      continue;
    }
    const word = readPhrasal(said, tokens, i);
    if (!/^\p{L}/u.test(word) || POLITE.has(word) || MODAL.has(word) || isPlaceholder(word) || /['’]/.test(word))
      continue;
    if (/^(?:is|are|was|were|has|sent|said|says|called|told|asked|wants?|will)$/.test(tokens[i + 1]?.word ?? ''))
      continue;
    const place = verbPlace(tokens, i);
    if (place === 'no') continue;
    if (word === 'let') {
      const knows = tokens.slice(i + 1, i + 6).some((token) => token.word === 'know');
      if (knows && /^(?:me|us)$/.test(tokens[i + 1]?.word ?? '')) looks = true;
      else if (knows) verbs.push({ word: 'notify', negated: false, opens: false, direct: [], at });
      continue;
    }
    const negated =
      NEGATION.test(folded.slice(Math.max(0, at - 30), at)) &&
      !/\b(?:forget|hesitate) to\s+$/.test(folded.slice(Math.max(0, at - 30), at));
    if (readImperatives.has(word) && !AMBIGUOUS.has(word)) {
      looks = true;
      for (const stem of directAfter(tokens, i)) sought.add(stem);
    } else if (word === 'tell' || word === 'give') {
      if (/^(?:me|us)$/.test(tokens[i + 1]?.word ?? '')) looks = true;
      else verbs.push({ word, negated, opens: place === 'head', direct: directAfter(tokens, i), at });
    } else if (isChangeVerb(word)) {
      if (followsNoun(tokens, i)) continue;
      verbs.push({ word, negated, opens: place === 'head', direct: directAfter(tokens, i), at });
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
      verbs.push({ word, negated, opens: place === 'head', direct: directAfter(tokens, i), at });
    }
  }
  const positive = verbs.filter((verb) => !verb.negated && isChangeVerb(verb.word));
  const words = listWords(text);
  // One string for all verbs: a long sentence may hold thousands that lean on it.
  const whole = text.toLowerCase();
  return {
    text,
    folded: foldText(text),
    words,
    stems: new Set(words.filter((word) => !stopWords.has(word)).map(stemWord)),
    verbs: verbs.map(({ at, ...verb }, i) => ({
      ...verb,
      reach: folded === lower ? reachOf(whole, at, verbs[i + 1]?.at) : '',
    })),
    leans: LEANING.test(folded),
    asks: ASKS.test(folded) || (question && !REQUESTS.test(folded)),
    negated: parts,
    sought,
    kind: positive.some((verb) => !(AMBIGUOUS.has(verb.word) && looks))
      ? 'change'
      : unclear
        ? 'unclear'
        : looks
          ? 'look'
          : 'tell',
  };
}

/** What is said from one verb to the next; all of the sentence where that leans on something said before. */
function reachOf(whole: string, from: number, to: number | undefined): string {
  const reach = whole.slice(from, to);
  return LEANING.test(reach) ? whole : reach;
}

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
  if (before === ',' || before === ':' || before === '(' || before === ')' || before === '–' || before === '—')
    return 'joined';
  if ((before === 'should' || before === 'must') && tokens[i - 2]?.word === 'you') return 'joined';
  if (before === 'help' || before === "let's" || before === 'lets') return 'joined';
  if (POLITE.has(before)) {
    // A polite word counts as the head only if nothing but polite words stands before it.
    for (let j = i - 2; j >= Math.max(0, i - 12); j--) if (!POLITE.has(tokens[j]?.word ?? '')) return 'joined';
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
