import { keyOfText, keyOfValue } from './atoms.ts';
import { escapePattern } from './fold-text.ts';
import { isAuthorField } from './judge-party.ts';
import type { Leaf } from './list-leaves.ts';
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
export function isPointed(leaves: readonly Leaf[], task: Task): boolean {
  return leaves.some((leaf) => {
    if (typeof leaf.value !== 'string' || leaf.value.length < 3) return false;
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
