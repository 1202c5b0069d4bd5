import { keyOfText, keyOfValue } from './atoms.ts';
import { escapePattern, listBases, listWords, stemWord } from './fold-text.ts';
import { stopWords } from './lexicon.ts';
import type { Leaf } from './list-leaves.ts';
import { isAuthorField } from './party-parts.ts';
import type { ProvenanceIndex } from './provenance-index.ts';
import type { RecordShape } from './read-records.ts';
import type { Task } from './read-task.ts';

/**
 * It has an author, and that is neither the user nor somebody the user names. What is too long for a name is nobody the
 * user knows, a name that only repeats the record's own is no author the prompt means, and `me` is whoever wrote it.
 */
export function isByOutsider(shape: RecordShape, task: Task, own: ReadonlySet<string>): boolean {
  const authors = shape.fields.filter(isAuthorField);
  return authors.some((field) => {
    const { key, path } = field;
    if (key === undefined) return true;
    // Of an author with an address the address counts: what else stands beside it anybody could have written.
    const parent = path.slice(0, path.lastIndexOf('.') + 1);
    if (
      parent !== '' &&
      !isAddress(key) &&
      authors.some((other) => other.path.startsWith(parent) && isAddress(other.key))
    )
      return false;
    if (own.has(key)) return false;
    const repeats = shape.fields.some((other) => other.key === key && !isAuthorField(other));
    return !task.mentioned.has(key) || (repeats && !isAddress(key));
  });
}

const isAddress = (key: string | undefined): boolean => /^(?:email|account|phone):/.test(key ?? '');

/** The prompt itself names a value that the call asked with: a file, a channel, an address. */
export function isPointed(leaves: readonly Leaf[], task: Task, index: ProvenanceIndex): boolean {
  return leaves.some((leaf) => {
    if (typeof leaf.value !== 'string' || leaf.value.length < 3) return false;
    if (isIdOfNamed(leaf, index)) return true;
    // No mention is longer than a long address.
    const mentions =
      task.mentioned.size === 0 || leaf.value.length > 4_096
        ? undefined
        : (task.mentioned.get(keyOfValue(leaf.value)) ?? task.mentioned.get(keyOfText(leaf.value)));
    if (mentions?.some((mention) => mention.kind !== 'number' && mention.kind !== 'date')) return true;
    return (
      CONTAINER.has(leaf.words.at(-1) ?? '') &&
      new RegExp(`(?<![\\p{L}\\p{N}])${escapePattern(leaf.value)}(?![\\p{L}\\p{N}])`, 'iu').test(task.text)
    );
  });
}

/** It is the id of the one file, page or message that the prompt names. */
const isIdOfNamed = ({ value, words }: Leaf, index: ProvenanceIndex): boolean =>
  words.at(-1) === 'id' &&
  index
    .find(keyOfValue(value))
    .some(({ record, field, inProse }) => !inProse && record.shape.id === field && index.isNamed(record, record.kinds));

/** How a listing is put in order or written, which leaves nothing out of it. */
const SHAPING = /^(?:sort|order|direction|format|field|timezone|locale|language|verbose|detail|descending|ascending)$/;
const STATE = /^(?:state|status)$/;
/** How many of a listing come back, and from where on. */
const CUT = /^(?:limit|count|max|maximum|size|top|n|results?|per)$/;
const FROM = /^(?:page|offset|skip|cursor|start|after|before|token)$/;
const FEW = 5;
const DATED =
  /\b(?:today|tonight|tomorrow|yesterday|mon|tues|wednes|thurs|fri|satur|sun)(?:day)?\b|\b(?:week|month|year|day|weekend|recent|latest|last|next|upcoming|past|morning|evening|afternoon|hours?)s?\b/i;

/**
 * What the call returned was chosen by a value of the model's own: what it left out cannot be known, so that being the only
 * one to match says nothing. A limit leaves something out where it lets only a few things through.
 */
export function isNarrowed(
  leaves: readonly Leaf[],
  task: Task,
  index: ProvenanceIndex,
  about: readonly string[] = [],
): boolean {
  return leaves.some(({ value, words }) => {
    const last = words.at(-1) ?? '';
    if (typeof value === 'boolean' || value === '' || words.some((word) => SHAPING.test(word))) return false;
    const key = keyOfValue(value);
    const number = typeof value === 'number' ? value : key.startsWith('number:') ? Number(key.slice(7)) : undefined;
    if (number !== undefined && task.numbers.includes(number)) return false;
    if (number !== undefined && words.some((word) => CUT.test(word))) return number < FEW;
    if (number !== undefined && words.some((word) => FROM.test(word))) return number > 1;
    if (task.mentioned.has(key)) return false;
    if (/^(?:date:|\d{4}-\d{2})/.test(key) || /^\d{4}-\d{2}-\d{2}/.test(String(value)))
      return !DATED.test(task.text) && !task.mentions.some(({ kind }) => kind === 'date');
    if (isSaid(String(value), task)) return false;
    // `inbox` of `list_inbox`, or what is still open: that much everybody means who asks for the list.
    if (listWords(String(value)).every((word) => about.includes(stemWord(word)))) return false;
    if (STATE.test(last) && /^(?:open|active|current|new|all|any)$/i.test(String(value))) return false;
    return (
      !index.find(key).some(({ record, inProse }) => !inProse && !record.ownWrite && !record.narrowed) ||
      last === 'cursor'
    );
  });
}

/** All words of a value are the user's. */
const isSaid = (value: string, task: Task): boolean =>
  listWords(value).every((word) => stopWords.has(word) || listBases(word).some((base) => task.stems.has(base)));

/**
 * The record says whose it is, by a fact that is attested of the user, and it is not the user: `customer_id`, where the
 * user's is another one. A bare `id` says nothing: every record has one.
 */
export function isOfAnother(shape: RecordShape, facts: ReadonlyMap<string, string>): boolean {
  return shape.fields.some((field) => {
    if (field.key === undefined || field.words.length < 2 || !WHOSE.test(field.words.at(-1) ?? '')) return false;
    const own = facts.get(field.words.join(' '));
    return own !== undefined && own !== field.key;
  });
}

const WHOSE = /^(?:id|uuid|number|account|email)$/;

/** Arguments that name what holds the things returned. */
const CONTAINER: ReadonlySet<string> = new Set(
  'channel group folder team list project user room repo repository'.split(' '),
);
