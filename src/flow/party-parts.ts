import { stemWord } from './fold-text.ts';
import { isChangeVerb, isKnownNoun, lookVerbs, readImperatives, stopWords } from './lexicon.ts';
import type { Field } from './read-records.ts';
import type { Task } from './read-task.ts';
import { splitIdentifier } from './read-tool-words.ts';

/** Fields that hold a party, and what the prompt says when it means the party in that part. */
const PARTS: readonly (readonly [RegExp, RegExp])[] = [
  [/^(?:email|mail|address|phone|contact|name|user|username|handle|value|key|iban)$/, /^/],
  [
    /^(?:participant|attendee|invitee|guest|member)$/,
    /\b(?:participants?|attendees?|invitees?|guests?|members?|people|everyone|everybody|person|team)\b/i,
  ],
  [
    /^(?:sender|from|author|owner|organi[sz]er|creator|host|poster|requester)$/,
    /\b(?:sender|reply|respond|answer|author|owner|organi[sz]er|creator|host|back|refund|reimburse|return|(?:who|they) (?:sent|wrote|posted|created|asked))\b/i,
  ],
  [
    /^(?:recipient|to|receiver|payee|beneficiary|account)$/,
    /\b(?:recipients?|payee|same|again|like|usual|account|iban|everyone|everybody)\b/i,
  ],
];

/** The part a field gives somebody: its own name, or what it is the address of, as `organizer` in `organizer.email`. */
export function partOf({ path, words }: Field): string {
  const [parent] = path.includes('.') ? splitIdentifier(path.slice(0, path.lastIndexOf('.'))).slice(-1) : [];
  const above = parent === undefined ? undefined : stemWord(parent);
  return above !== undefined && PARTS.some(([word], i) => i > 0 && word.test(above)) ? above : (words.at(-1) ?? '');
}

/** The prompt means the part that the field gives somebody: the participants, the sender; not just anybody in the record. */
export function playsPart(field: Field, task: Task): boolean {
  const last = partOf(field);
  const part = PARTS.find(([word]) => word.test(last));
  return part ? part[1].test(task.text) : field.words.every((word) => task.stems.has(word));
}

const AUTHOR: ReadonlySet<string> = new Set(
  'sender from author organizer organiser creator owner host requester submitter poster inviter uploader sharer reporter initiator originator issuer assigner commenter reviewer publisher'.split(
    ' ',
  ),
);
const MADE_BY =
  /^(?:create|created|post|posted|sent|written|add|added|upload|uploaded|submit|submitted|invite|invited|share|shared|report|reported|open|opened|comment|commented|update|updated|modified|edited|request|requested|assigned|organized|organised|owned|authored|published|issued|booked)$/;

/** `sender`, `created_by`, and what stands below them: `organizer.email`. */
export function isAuthorField({ words, path }: Field): boolean {
  return [words, ...path.split('.').map((name) => splitIdentifier(name.replace('[]', '')).map(stemWord))].some(
    (names) => names.some((word, i) => AUTHOR.has(word) || (word === 'by' && MADE_BY.test(names[i - 1] ?? ''))),
  );
}

/** The words of the local part of an address, by its key. */
export const localWords = (key: string): string[] => key.slice('email:'.length, key.indexOf('@')).split(/[^\p{L}]+/u);

/** Days and months are written as names are, and are nobody. */
const DATES: ReadonlySet<string> = new Set(
  'monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december'.split(
    ' ',
  ),
);

const isPlainWord = (word: string): boolean =>
  stopWords.has(word) || readImperatives.has(word) || isKnownNoun(stemWord(word));

const AFTER = /\b(?:with|to|from|for|by|about|invite|tell|ask|email|message|contact)\s$/i;

/** The capitalised word stands for somebody: it is no date, and not only the verb or the head that opens a sentence. */
export function namesSomebody(capital: string, task: Task): boolean {
  const word = capital.toLowerCase();
  if (DATES.has(word)) return false;
  // `Mark` is a name and a verb: then only words before a party tell that it is one. What is no word that the planner knows
  // is a name at the head of its sentence too.
  const lead = isChangeVerb(word) || lookVerbs.has(word) ? AFTER : isPlainWord(word) ? /[\p{L}\p{N}]/u : /^/;
  const whole = new RegExp(`(?<![\\p{L}\\p{N}@.])${capital}(?![\\p{L}\\p{N}@])`, 'gu');
  return task.sentences.some(({ text }) =>
    [...text.matchAll(whole)].some(
      ({ index }) => lead.test(text.slice(0, index)) || /^['’]s\b/.test(text.slice(index + capital.length)),
    ),
  );
}
