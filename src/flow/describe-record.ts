import { findSpelling } from './find-spelling.ts';
import { listWords, stemWord } from './fold-text.ts';
import { sameNoun, stopWords } from './lexicon.ts';
import type { Field } from './read-records.ts';
import type { Sentence } from './read-sentence.ts';
import type { RunView } from './run-view.ts';
import type { SeenRecord } from './seen-record.ts';

/** Values of more words than these are no property by which somebody tells things apart. */
const WORDS = 3;
/** More records than these of one tool are not gone through. */
const RECORDS = 2_000;

/**
 * Whether the prompt tells a record by what it says of itself, `the critical alert`, `who is on call for discovery`: the
 * sentence speaks of its sort and holds more of its short values than of any other record of its tool. `alone`: and holds
 * none of any other; who adds a record could otherwise say more of itself than the genuine one.
 */
export function isDescribed(record: SeenRecord, view: RunView, alone = false): boolean {
  const { authority, index, task } = view;
  if (record.ownWrite || record.byOutsider || record.narrowed || record.shape.prose || index.exhausted) return false;
  const asking = authority.candidates.flatMap((at) => task.sentences[at] ?? []);
  return (asking.length > 0 ? asking : task.sentences).some((sentence) => {
    if (!speaksOfSort(sentence, record)) return false;
    const own = countSaid(record, sentence);
    if (own === 0) return false;
    const others = index.ofTool(record.tool, RECORDS);
    return (
      others?.every((other) => other.identity === record.identity || countSaid(other, sentence) < (alone ? 1 : own)) ??
      false
    );
  });
}

function speaksOfSort(sentence: Sentence, { kinds }: SeenRecord): boolean {
  const joined = sentence.folded.replace(/[\s-]+/gu, '');
  return kinds.some(
    (kind) =>
      !stopWords.has(kind) &&
      ([...sentence.stems].some((stem) => sameNoun(stem, kind)) || (kind.length > 4 && joined.includes(kind))),
  );
}

/** How many short values of a record's own fields a sentence holds in full, `his January invoice` by its month. */
const countSaid = ({ shape, kinds }: SeenRecord, { text }: Sentence): number =>
  new Set(
    shape.fields
      .filter((field) => isOfMonth(field, text) || (isProperty(field, kinds) && findSpelling(field.text, text)))
      .map(({ path }) => path),
  ).size;

function isOfMonth({ key, text: value }: Field, text: string): boolean {
  const month =
    key?.startsWith('date:') === true ? MONTHS[Number(/^\d{4}-(\d{2})/.exec(value)?.[1] ?? 0) - 1] : undefined;
  return month !== undefined && new RegExp(`\\b${month}\\s+\\p{Ll}{3,}`, 'u').test(text);
}
const MONTHS = 'January February March April May June July August September October November December'.split(' ');

function isProperty(field: Field, kinds: readonly string[]): boolean {
  if (field.key?.startsWith('text:') !== true || /^(?:true|false)$/.test(field.text)) return false;
  const words = listWords(field.text);
  return (
    words.length > 0 &&
    words.length <= WORDS &&
    field.text.length > 2 &&
    !words.every((word) => stopWords.has(word) || kinds.includes(stemWord(word)))
  );
}

/**
 * Keys of names that a record which the prompt names gives in a part that the prompt names too: `Ines’s manager` leads to
 * whoever stands in the field `manager` of Ines’s record.
 */
export function listLed({ shape, link }: SeenRecord, stems: ReadonlySet<string>): string[] {
  return shape.fields.flatMap((field) => {
    const isAsked = field.words.length > 0 && field.words.every((word) => stems.has(word) && !stopWords.has(word));
    const isOwnName = link.names.some((name) =>
      listWords(field.text)
        .map(stemWord)
        .every((word) => name.has(word)),
    );
    return isAsked && !isOwnName && NAME.test(field.text.trim()) && field.key !== undefined ? [field.key] : [];
  });
}
const NAME = /^\p{Lu}[\p{L}\p{M}.'’-]+(?: [\p{L}\p{M}.'’-]+){0,3}$/u;

/** The record is the only one of its sort that is called what another record led to. */
export function isLedTo(record: SeenRecord, { index, led }: RunView): boolean {
  if (led.size === 0 || record.ownWrite || record.byOutsider || record.narrowed || index.exhausted) return false;
  return record.shape.fields.some((field) => {
    const leading = led.get(field.key ?? '');
    if (
      field.key === undefined ||
      !leading?.some((one) => index.isNamed(one, one.kinds)) ||
      !CALLED.test(field.words.at(-1) ?? '')
    )
      return false;
    const alike = index
      .find(field.key)
      .filter((place) => !place.inProse && place.record.kinds.some((kind) => record.kinds.includes(kind)))
      .filter((place) => CALLED.test(place.field.words.at(-1) ?? ''));
    return alike.every((place) => place.record.identity === record.identity);
  });
}
const CALLED = /^(?:name|title|user|username|person|contact)$/;
