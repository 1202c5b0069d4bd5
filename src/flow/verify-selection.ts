import { EXTREMES, isPicked, MEASURES, type Measure, measureField } from './find-extreme.ts';
import { listWords, stemWord } from './fold-text.ts';
import { sameNoun, stopWords } from './lexicon.ts';
import type { ProvenanceIndex } from './provenance-index.ts';
import type { Field } from './read-records.ts';
import type { Occurrence, SeenRecord } from './seen-record.ts';

/** What the user's words ask of a thing: a number above or below another. */
interface Bound {
  readonly fields: ReadonlySet<string>;
  readonly isMet: (value: number) => boolean;
}

const ATLEAST =
  /\b(?:above|over|at least|higher than|greater than|more than|better than|minimum(?: of)?|min\.?)\s+[$€£]?(\d+(?:\.\d+)?)/g;
const ATMOST =
  /\b(?:under|below|at most|lower than|less than|cheaper than|up to|no more than|maximum(?: of)?|max\.?|within|spend(?: up to)?|budget (?:of|is)|exceeds?(?: more than)?)\s+[$€£]?(\d+(?:\.\d+)?)/g;
const STRICT = /^(?:above|over|higher|greater|more|better|under|below|lower|less|cheaper)\b/;
const MONEY = /[$€£]|\b(?:eur|usd|gbp|euros?|dollars?|pounds?|spend|budget|afford|price|cost|cheaper|night)\b/;
/** Characters around a bound in which is said what it bounds. */
const AROUND = 40;
const MOST =
  /\b(most|highest number of|largest number of|fewest|least|lowest number of|smallest number of)\s+(\p{L}+)/gu;
const AFFIX =
  /\b(start|begin|end)(?:s|ing|ning)?\s+(?:with|in|by)\s+(?:the (?:word|letters?|prefix|suffix|name)\s+)?['"“‘`]?([^\s'"”’`,;:!?]*[^\s'"”’`,;:!?.])/giu;
/** More things than these are no list that somebody chooses from. */
const THINGS = 200;
const NAMES = /^(?:name|title|value|key|number|id|slug)$/;

/**
 * Whether the user's words pick this very value out of everything that was listed: the cheapest with a rating above four,
 * the room with the most members, all that begin with something. The claim is computed again over all that was listed, and
 * what was not looked at, or is as good, picks nothing. `texts`: sentences that ask, in lower case.
 */
export function isSelected(place: Occurrence, texts: readonly string[], index: ProvenanceIndex): boolean {
  const { record, field, inProse } = place;
  if (inProse || record.ownWrite || record.shape.prose || index.exhausted || field.key === undefined) return false;
  const kinds = [...new Set([...record.kinds, ...field.words])];
  if (texts.some((text) => isOfAffix(field, text, kinds))) return true;
  if (texts.some((text) => isMostFrequent(place, text, index))) return true;
  if (!NAMES.test(field.words.at(-1) ?? '') && !isOwnId(place)) return false;
  const things = listThings(place, index);
  if (things === undefined) return false;
  return texts.some(
    (text) => isCounted(field.key ?? '', things, text, index) || isBest(field.key ?? '', things, text, kinds),
  );
}

const isOwnId = ({ record, field }: Occurrence): boolean => record.shape.id === field;

/** All that was listed beside it, by the key that names each; with everything that was read of each. */
function listThings(place: Occurrence, index: ProvenanceIndex): ReadonlyMap<string, readonly SeenRecord[]> | undefined {
  const key = place.field.key ?? '';
  const keys = new Set<string>();
  for (const { record, inProse, field } of index.find(key)) {
    if (inProse || record.ownWrite || record.shape.prose) continue;
    const path = field.path;
    for (const other of index.listing(record.call)) {
      const named = other.shape.fields.find((candidate) => candidate.path === path);
      if (named?.key !== undefined) keys.add(named.key);
      if (keys.size > THINGS) return undefined;
    }
  }
  const things = new Map<string, readonly SeenRecord[]>();
  for (const thing of keys) {
    const records = index
      .find(thing)
      .filter(({ record, inProse }) => !inProse && !record.ownWrite && !record.shape.prose)
      .map(({ record }) => record);
    things.set(thing, [...new Set(records)]);
  }
  return things;
}

function isBest(
  chosen: string,
  things: ReadonlyMap<string, readonly SeenRecord[]>,
  text: string,
  kinds: readonly string[],
): boolean {
  const wanted = findExtremes(text, kinds);
  const bounds = readBounds(text);
  if (wanted.length === 0 && bounds.length === 0) return false;
  const own = things.get(chosen) ?? [];
  const isMet = (records: readonly SeenRecord[], { fields, isMet: meets }: Bound): boolean | undefined => {
    const value = measureAll(records, fields);
    return typeof value === 'number' ? meets(value) : undefined;
  };
  if (!bounds.every((bound) => isMet(own, bound) === true)) return false;
  const words = new Set(listWords(text).map(stemWord));
  const rivals = [...things].filter(
    ([key, records]) =>
      key !== chosen && !bounds.some((bound) => isMet(records, bound) === false) && !isOfOtherSort(own, records, words),
  );
  if (wanted.length === 0) return things.size > 1 && rivals.length === 0;
  return wanted.every(({ fields, wants }) => {
    const value = measureAll(own, fields);
    return value !== undefined && rivals.every(([, records]) => isPicked(value, measureAll(records, fields), wants));
  });
}

/** `the oldest open issue`: of another sort is what says something else where this one says a word of the user's. */
function isOfOtherSort(own: readonly SeenRecord[], other: readonly SeenRecord[], words: ReadonlySet<string>): boolean {
  const sorts = (records: readonly SeenRecord[]) =>
    records.flatMap(({ shape }) => shape.fields.filter((field) => SORT.test(field.words.at(-1) ?? '')));
  const isSaid = (field: Field): boolean => listWords(field.text).some((word) => words.has(stemWord(word)));
  return sorts(own).some(
    (mine) => isSaid(mine) && sorts(other).some((theirs) => theirs.path === mine.path && !isSaid(theirs)),
  );
}
const SORT = /^(?:state|status|type|category|kind|cuisine|class|color|colour|size|value)$/;

/** Superlatives that stand before what is meant; all of them where none does. */
function findExtremes(
  text: string,
  kinds: readonly string[],
): { fields: ReadonlySet<string>; wants: 'most' | 'least' }[] {
  const found = EXTREMES.flatMap((extreme) => {
    const at = text.search(extreme.words);
    if (at === -1) return [];
    const near = listWords(text.slice(at, at + AROUND)).map(stemWord);
    return [{ ...extreme, isNear: near.some((word) => kinds.some((kind) => sameNoun(word, kind))) }];
  });
  return found.some(({ isNear }) => isNear) ? found.filter(({ isNear }) => isNear) : found;
}

function readBounds(text: string): Bound[] {
  const bounds: Bound[] = [];
  const read = (pattern: RegExp, compare: (value: number, bound: number, strict: boolean) => boolean): void => {
    for (const match of text.matchAll(pattern)) {
      const bound = Number(match[1]);
      const strict = STRICT.test(match[0]);
      const around = text.slice(Math.max(0, match.index - AROUND), match.index + match[0].length + AROUND / 2);
      const measure = Object.values(MEASURES).find((fields: Measure) =>
        listWords(around).some((word) => fields.has(stemWord(word)) || fields.has(word)),
      );
      const fields = measure ?? (MONEY.test(around) ? MEASURES.price : undefined);
      // What is bounded by words that nobody understands bounds nothing that could be checked.
      bounds.push({ fields: fields ?? new Set(), isMet: (value) => compare(value, bound, strict) });
    }
  };
  read(ATLEAST, (value, bound, strict) => (strict ? value > bound : value >= bound));
  read(ATMOST, (value, bound, strict) => (strict ? value < bound : value <= bound));
  return bounds;
}

/** One value from everything that was read of a thing; none where two readings differ. */
function measureAll(records: readonly SeenRecord[], fields: Measure): number | string | undefined {
  const values = new Set(records.map((record) => measureField(record, fields)).filter((value) => value !== undefined));
  return values.size === 1 ? [...values][0] : undefined;
}

/** `the room with the most members`: of each room all members were listed, and this one has more than any other. */
function isCounted(
  chosen: string,
  things: ReadonlyMap<string, readonly SeenRecord[]>,
  text: string,
  index: ProvenanceIndex,
): boolean {
  return [...text.matchAll(MOST)].some(([, how = '', noun = '']) => {
    const wants = /few|least|low|small/.test(how) ? 'least' : 'most';
    const own = index.countListed(chosen, stemWord(noun));
    if (things.size < 2) return false;
    if (own === undefined) return isMeasured(chosen, things, stemWord(noun), wants);
    return [...things.keys()].every(
      (key) => key === chosen || isPicked(own, index.countListed(key, stemWord(noun)), wants),
    );
  });
}

/** `the error that hits the most users`: each of them says how many, in a field called so. */
function isMeasured(
  chosen: string,
  things: ReadonlyMap<string, readonly SeenRecord[]>,
  noun: string,
  wants: 'most' | 'least',
): boolean {
  const fields = new Set([noun]);
  const own = measureAll(things.get(chosen) ?? [], fields);
  return (
    typeof own === 'number' &&
    [...things].every(([key, records]) => key === chosen || isPicked(own, measureAll(records, fields), wants))
  );
}

/** `who wrote the most messages`: in one listing nobody else stands as often in this field. */
function isMostFrequent({ record, field }: Occurrence, text: string, index: ProvenanceIndex): boolean {
  if (![...text.matchAll(MOST)].some(([, how = '']) => !/few|least|low|small/.test(how))) return false;
  if (record.shape.id === field || NAMES.test(field.words.at(-1) ?? '')) return false;
  const counts = new Map<string, number>();
  for (const { shape } of index.listing(record.call)) {
    const key = shape.fields.find(({ path }) => path === field.path)?.key;
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const own = counts.get(field.key ?? '') ?? 0;
  return own > 1 && [...counts].every(([key, count]) => key === field.key || count < own);
}

/** `all rooms that begin with ext-`, where it is a room and begins so. */
function isOfAffix(field: Field, text: string, kinds: readonly string[]): boolean {
  const about = listWords(text).map(stemWord);
  if (!kinds.some((kind) => !stopWords.has(kind) && about.some((word) => sameNoun(word, kind)))) return false;
  const value = field.text.toLowerCase();
  return [...text.matchAll(AFFIX)].some(([, which = '', affix = '']) =>
    which.toLowerCase() === 'end' ? value.endsWith(affix.toLowerCase()) : value.startsWith(affix.toLowerCase()),
  );
}
