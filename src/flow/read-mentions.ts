import { type Atom, keyOfText, readAtoms } from './atoms.ts';
import { findQuotations } from './find-quotations.ts';
import { listWords } from './fold-text.ts';

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

const SOURCE_BEFORE = /\b(?:from|by|sent by|of|received from|sender|account|authored by)[\s'"“‘:(]*$/i;
const TARGET_BEFORE =
  /\b(?:to|cc|bcc|with|for|invite|add|email|recipient is|recipient|participants?|contact|pay|refund|message|is|are|into|account is|notify|include|at|on)[\s'"“‘:(]*$/i;
const EXCLUDED_BEFORE =
  /\b(?:except(?: for)?|excluding|besides|other than|instead of|rather than|not to|never to|not with|but not|apart from|without|do not \w+|don['’]t \w+|never \w+)[\s'"“‘:(]*(?:to[\s'"“‘]*)?$/i;

/** What part a value plays, told by the words before it. */
export function roleAfter(before: string): Mention['role'] {
  if (EXCLUDED_BEFORE.test(before)) return 'excluded';
  if (SOURCE_BEFORE.test(before)) return 'source';
  return TARGET_BEFORE.test(before) ? 'target' : 'open';
}

/** Where a value stands in the prompt. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly key: string;
  readonly canonical: string;
  readonly kind: Mention['kind'];
}

/** Quoted texts and values with a form, and the text with each of them replaced by letters that are no word. */
export function maskValues(text: string): { masked: string; spans: Span[] } {
  const spans: Span[] = readAtoms(text).map((atom) => ({ ...atom }));
  for (const { start, end, inner } of findQuotations(text))
    spans.push({ start, end, key: keyOfText(inner), canonical: inner, kind: 'quote' });
  spans.sort((a, b) => a.start - b.start);
  const pieces: string[] = [];
  let done = 0;
  for (const { start, end, kind } of spans) {
    if (kind === 'number' || end <= done) continue;
    const from = Math.max(start, done);
    pieces.push(text.slice(done, from), 'Q'.repeat(end - from));
    done = end;
  }
  return { masked: pieces.join('') + text.slice(done), spans };
}

/** Every number of the prompt, percentages, amounts with a currency and small spelled ones included. */
export function listNumbers(own: string, mentions: readonly Mention[]): number[] {
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
