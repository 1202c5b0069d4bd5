import { findSpelling } from './find-spelling.ts';
import { foldText, listWords, stemWord } from './fold-text.ts';
import { isChangeVerb, isKnownNoun, stopWords } from './lexicon.ts';
import { type Field, type RecordShape, wordsOf } from './read-records.ts';
import type { Task } from './read-task.ts';

/** How well the prompt names a record, in all and per sentence. 0: not at all; from 20 on it can be meant. */
export interface Link {
  readonly score: number;
  readonly bySentence: ReadonlyMap<number, number>;
  /** Stems of its name that the prompt holds side by side. Two records compete for the words they share. */
  readonly stems: ReadonlySet<string>;
  /** Stems of each of its names that the prompt holds in full. */
  readonly names: readonly ReadonlySet<string>[];
}

/** At least this much names a record; less only hints at it. */
export const NAMED = 20;
export const HINTED = 10;

const NAMING: ReadonlySet<string> = new Set(
  'title subject name filename file label summary event product key value slug item topic question username user channel hotel restaurant company city address text full display first last real id number account customer client organization organisation supplier vendor tenant patient member employee candidate handle login'.split(
    ' ',
  ),
);
const AUTHORS: ReadonlySet<string> = new Set('sender from author user poster creator owner'.split(' '));
/** `what they sent me`: of two records with the same party, the one it is the author of is meant. */
const INCOMING =
  /\b(?:sent|paid|gave|transferred|owes?|owed|wired)\b[^.]{0,20}\b(?:me|us)\b|\b(?:got|received|get)\b[^.]{0,20}\bfrom\b/i;
const IGNORED: ReadonlySet<string> = new Set(
  'status type state category kind currency permission role visibility priority format read recurring all'.split(' '),
);
const EXTENSION = /\.[a-z][a-z0-9]{1,4}$/i;
/** Characters of a text that are searched for the user's phrases. */
const PROSE_CHARACTERS = 20_000;

/** Pairs of neighbouring words of the user's sentences that mean something together, by sentence. */
export function listPhrases(task: Task): ReadonlyMap<string, number> {
  const phrases = new Map<string, number>();
  for (const [index, sentence] of task.sentences.entries()) {
    const words = sentence.words.map(stemWord);
    for (let i = 1; i < words.length; i++) {
      const [a, b] = [words[i - 1] ?? '', words[i] ?? ''];
      if (stopWords.has(a) || stopWords.has(b) || a.length < 3 || b.length < 2) continue;
      phrases.set(`${a} ${b}`, index);
    }
  }
  return phrases;
}

/** `kept`: it is of a sort that only the user's own side writes, so that what somebody is there tells who is meant. */
export function linkRecord(record: RecordShape, task: Task, phrases: ReadonlyMap<string, number>, kept = false): Link {
  const scores = new Map<number, number>();
  const raise = (sentence: number, score: number): void => {
    if (sentence >= 0 && (scores.get(sentence) ?? 0) < score) scores.set(sentence, score);
  };
  const shared = new Set<string>();
  const whole: ReadonlySet<string>[] = [];
  const incoming = INCOMING.test(task.text);
  let dated = false;
  let valued = false;
  for (const field of record.fields) {
    const last = field.words.at(-1) ?? '';
    if (kept && OFFICE.has(last) && isTerse(field)) linkOffice(field, task, raise);
    if (IGNORED.has(last)) continue;
    const names = !record.prose && NAMING.has(last) && isTerse(field);
    if (field.key !== undefined) {
      const date = /^\d{4}-(\d{2}-\d{2})/.exec(field.text);
      if (date && (task.mentioned.has(`date:${date[0]}`) || task.mentioned.has(`date:????-${date[1]}`))) dated = true;
      for (const mention of task.mentioned.get(field.key) ?? []) {
        if (mention.kind === 'date' || mention.role === 'excluded') continue;
        if (mention.kind === 'number') {
          if (last !== 'id' && isSpecific(mention.raw)) raise(mention.sentence, NAMED);
          if (
            last !== 'id' ||
            /\b(?:id|number|no|nr)\W*$|#$/i.test(beforeNumber(task, mention.sentence, mention.canonical))
          ) {
            raise(mention.sentence, last === 'id' ? 30 : 5);
            valued = true;
          }
        } else raise(mention.sentence, names ? 30 : NAMED + (incoming && AUTHORS.has(last) ? 3 : 0));
      }
    }
    if (!record.prose && field.key !== undefined && AUTHORS.has(last)) linkAuthor(field, task, raise);
    if (!record.prose && BEGINS.has(last)) linkHour(field, task, raise);
    if (!record.prose && !names && field.key?.startsWith('text:') === true) linkProperty(field, task, raise);
    if (names) linkTitle(field, task, phrases, raise, shared, whole);
    // A long text in a record says what its author likes; that the user's words stand in it chooses nothing.
    else if (record.prose || field.key !== undefined) linkPhrases(field, phrases, raise);
  }
  const extra = (dated ? 4 : 0) + (valued ? 2 : 0);
  if (extra > 0) for (const [sentence, score] of scores) scores.set(sentence, score + extra);
  return { score: Math.max(0, ...scores.values()), bySentence: scores, stems: shared, names: whole };
}

/** A name is short. What is longer could hold the user's words and anything besides. */
const isTerse = (field: Field): boolean => listWords(field.text).length <= NAME_WORDS;
const NAME_WORDS = 12;
/** A name that only hints holds at least one in so many of its words. */
const MOST_OF = 3;

function beforeNumber(task: Task, sentence: number, number: string): string {
  const text = task.sentences[sentence]?.text ?? '';
  const at = text.indexOf(number);
  return at === -1 ? '' : text.slice(Math.max(0, at - 12), at);
}

/** `the page that Eli posted`: the prompt names who wrote the record, capitalised as names are. */
function linkAuthor(field: Field, task: Task, raise: (sentence: number, score: number) => void): void {
  const name = field.text.trim();
  if (!/^\p{Lu}[\p{L}\p{M} .'-]{1,40}$/u.test(name)) return;
  for (const [index, sentence] of task.sentences.entries()) {
    const at = sentence.text.indexOf(name);
    if (at !== -1 && !/[\p{L}\p{N}]/u.test(sentence.text.charAt(at - 1) + sentence.text.charAt(at + name.length)))
      raise(index, NAMED);
  }
}

/** `my 3 o'clock`, `the 10:30`: what begins then. */
function linkHour(field: Field, task: Task, raise: (sentence: number, score: number) => void): void {
  const [, hour = '', minute = ''] = /(?:^|[T ])([01]?\d|2[0-3]):([0-5]\d)/.exec(field.text) ?? [];
  if (hour === '') return;
  for (const [index, { text }] of task.sentences.entries()) {
    for (const [, said = '', minutes = '00', half = ''] of text.matchAll(HOUR)) {
      if (minutes === '00' && half === '' && !text.includes(`${said}:`)) continue;
      const isAfternoon = half.toLowerCase().startsWith('p');
      const hours = Number(said) % 12;
      const meant =
        half === '' || /^o/i.test(half) ? [Number(said), hours, hours + 12] : [isAfternoon ? hours + 12 : hours];
      if (meant.includes(Number(hour)) && minutes === minute) raise(index, NAMED);
    }
  }
}
const BEGINS: ReadonlySet<string> = new Set('start begin from time at'.split(' '));
const HOUR = /\b(?:my|our|the|their|his|her|that)\s(\d{1,2})(?::(\d{2}))?\s?(am|pm|a\.m|p\.m|o['’]?clock)?/gi;

/** `her levothyroxine`: a word that is hardly said by chance, in a short value. It only hints. */
function linkProperty(field: Field, task: Task, raise: (sentence: number, score: number) => void): void {
  if (CONTENT.test(field.words.at(-1) ?? '')) return;
  const stems = wordsOf(field);
  if (stems.length > PROPERTY_WORDS) return;
  const rare = stems.filter(
    (stem) => stem.length >= RARE && !isKnownNoun(stem) && !isChangeVerb(stem) && !stopWords.has(stem),
  );
  for (const [index, sentence] of task.sentences.entries())
    if (rare.some((stem) => sentence.stems.has(stem))) raise(index, HINTED + 1);
}
const CONTENT = /^(?:body|content|text|message|note|comment|description|remark|reason|snippet|summary|preview|bio)$/;
const PROPERTY_WORDS = 4;
const RARE = 6;

/** What somebody is: `our support lead`, `my manager`. Only all of it, side by side, says who is meant. */
function linkOffice(field: Field, task: Task, raise: (sentence: number, score: number) => void): void {
  const stems = listWords(field.text)
    .filter((word) => !stopWords.has(word))
    .map(stemWord);
  if (stems.length === 0 || stems.some((stem) => stem.length < 3)) return;
  for (const [index, sentence] of task.sentences.entries()) {
    const words = sentence.words.map(stemWord);
    if (words.some((_, i) => stems.every((stem, j) => words[i + j] === stem))) raise(index, NAMED + stems.length);
  }
}
const OFFICE: ReadonlySet<string> = new Set('role title position job function office'.split(' '));

/** `10.00` or `1250` singles out a record; `2` does not. */
const isSpecific = (raw: string): boolean => /\d\.\d|\d{3}/.test(raw);

function linkTitle(
  field: Field,
  task: Task,
  phrases: ReadonlyMap<string, number>,
  raise: (sentence: number, score: number) => void,
  shared: Set<string>,
  whole: ReadonlySet<string>[],
): void {
  if (field.key === undefined || field.number !== undefined) return;
  const stems = [
    ...new Set(wordsOf({ ...field, text: field.text.replace(EXTENSION, '') }).filter((word) => !stopWords.has(word))),
  ];
  if (stems.length === 0 || stems.every((stem) => stem.length < 3 && !/\d/.test(stem))) return;
  const folded = foldText(field.text);
  for (let i = 1; i < stems.length; i++) {
    const [a, b] = [stems[i - 1] ?? '', stems[i] ?? ''];
    if (phrases.has(`${a} ${b}`)) shared.add(a).add(b);
  }
  for (const [index, sentence] of task.sentences.entries()) {
    const held = stems.filter((stem) => sentence.stems.has(stem)).length;
    if (held === 0) continue;
    if (held === stems.length) {
      whole.push(new Set(stems));
      const phrase = stems.length > 1 && sentence.folded.includes(folded);
      raise(index, phrase ? 28 : 20 + Math.min(stems.length, 5));
    } else if (
      held * MOST_OF >= stems.length &&
      (stems.some((stem) => stem.length > 3 && sentence.stems.has(stem)) || holdsName(field.text, sentence.text))
    )
      raise(index, HINTED + Math.min(held, 4));
  }
}

/** A short word is a name where both write it as one: `Ines`. */
const holdsName = (name: string, sentence: string): boolean =>
  (name.match(/\p{Lu}\p{L}{2,}/gu) ?? []).some((word) => findSpelling(word, sentence) === word);

/** Two neighbouring words of the user's stand together in a text that is not a name. */
function linkPhrases(
  field: Field,
  phrases: ReadonlyMap<string, number>,
  raise: (sentence: number, score: number) => void,
): void {
  if (phrases.size === 0 || field.number !== undefined) return;
  const words = wordsOf(
    field.text.length > PROSE_CHARACTERS ? { ...field, text: field.text.slice(0, PROSE_CHARACTERS) } : field,
  );
  for (let i = 1; i < words.length; i++) {
    const sentence = phrases.get(`${words[i - 1]} ${words[i]}`);
    if (sentence !== undefined) raise(sentence, HINTED + 3 / words.length);
  }
}
