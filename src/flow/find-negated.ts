import { isChangeVerb, readImperatives } from './lexicon.ts';

/** A part of a sentence. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

const NEGATION =
  /\b(?:do|does|did|must|should|may|shall|can|could|will|would|is|are|need|has|have)(?:n['’]?t|\s+not)\b|\b(?:cannot|not|never|nobody|no one|none|nothing|avoid|dont|doesnt|without telling|hide (?:it|this|that|them))\b/giu;
/** `don't forget to` asks for what follows; `not only` adds to it. */
const NO_NEGATION = /^\s+(?:ever\s+)?(?:forget|hesitate|fail|miss)\b|^\s+only\b/iu;
const BREAKS =
  /[,;:–—]\s*(?:(?:but|and|then|so|please|instead|just|rather|only)\s+)*|\b(?:but|instead|and then)\b(?!\s+of\b)\s*(?:please\s+)?/giu;
/** A condition or a statement: what it says does not happen is no order. */
const STATES =
  /\b(?:if|when|since|because|unless|while|as)\b[^,;:]*$|\b(?:i|we|it|that|there|this|which)(?:\s+(?:am|is|are|was|were|have|has|had|do|does|did))?\s*$|['’](?:m|re|s|ve)\s*$/iu;
/** Whoever stands before `must not see it` is the one who must not. */
const SUBJECT = /(?:^|[\s("'])([^\s,;:]+(?:(?:\s*,\s*|\s+(?:and|or|nor)\s+)[^\s,;:]+)*)\s*$/iu;

/**
 * The parts of a sentence that are told not to happen. Of an order everything up to the next one; of a statement, what
 * stands up to the next comma. What is left out only costs a question. `masked`: without quotations and values.
 */
export function findNegated(masked: string): Part[] {
  const parts: Part[] = [];
  let done = 0;
  for (const match of masked.matchAll(NEGATION)) {
    const { index } = match;
    const after = index + match[0].length;
    if (index < done || NO_NEGATION.test(masked.slice(after, after + 40))) continue;
    const before = masked.slice(Math.max(0, index - 120), index);
    const states = STATES.test(before);
    const end = endOf(masked, after, states);
    const subject =
      /^(?:\S+n['’]?t|\S+\s+not|never|cannot)$/iu.test(match[0]) && !states ? SUBJECT.exec(before)?.[1] : undefined;
    parts.push({ start: index - (subject === undefined ? 0 : before.length - before.lastIndexOf(subject)), end });
    done = end;
  }
  return parts;
}

function endOf(masked: string, from: number, states: boolean): number {
  let ordered = false;
  let read = from;
  for (const { 0: mark, index } of masked.slice(from).matchAll(BREAKS)) {
    const at = from + index;
    if (states) return at;
    // `Do not, under any circumstances, mail …`: before its verb nothing is forbidden yet.
    ordered ||= holdsVerb(masked.slice(read, at));
    read = at;
    if (!ordered) continue;
    if (/\b(?:but|instead)\b/iu.test(mark)) return at;
    const next = /^\p{L}+/u.exec(masked.slice(at + mark.length, at + mark.length + 40))?.[0].toLowerCase() ?? '';
    if (isVerb(next)) return at;
  }
  return masked.length;
}

const isVerb = (word: string): boolean => isChangeVerb(word) || readImperatives.has(word);

const holdsVerb = (text: string): boolean =>
  (text.toLowerCase().match(/\p{L}+/gu) ?? []).some((word) => isVerb(word) || word === 'do' || word === 'let');
