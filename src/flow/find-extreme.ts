import type { SeenRecord } from './seen-record.ts';

/** A superlative of the user's, and the fields it is about. */
interface Extreme {
  readonly words: RegExp;
  readonly fields: ReadonlySet<string>;
  readonly wants: 'most' | 'least';
}

/** Names of fields, as stems, that hold one sort of measure. */
export type Measure = ReadonlySet<string>;
const set = (text: string): Measure => new Set(text.split(' '));
const SIZE = set('size length byte bytes amount quantity count population area duration');
const TIME = set('date time timestamp created modified updated sent received start last at opened posted placed');
const PRICE = set('price cost amount fee rate fare total');
const RATING = set('rating score star review rank point grade');
export const MEASURES = { rating: RATING, price: PRICE, size: SIZE } as const;

export const EXTREMES: readonly Extreme[] = [
  { words: /\b(?:largest|biggest|longest|heaviest)\b/, fields: SIZE, wants: 'most' },
  { words: /\b(?:smallest|shortest|lightest)\b/, fields: SIZE, wants: 'least' },
  { words: /\b(?:latest|newest|most recent|last)\b/, fields: TIME, wants: 'most' },
  { words: /\b(?:oldest|earliest)\b/, fields: TIME, wants: 'least' },
  {
    words: /\b(?:cheapest|least expensive|lowest[- ]pric\w+|lowest cost|lowest price)\b/,
    fields: PRICE,
    wants: 'least',
  },
  { words: /\b(?:most expensive|priciest|highest price|highest amount|costliest)\b/, fields: PRICE, wants: 'most' },
  { words: /\b(?:best|highest|top)[- ]?(?:rat\w+|review\w*|scor\w+)?\b/, fields: RATING, wants: 'most' },
  { words: /\b(?:worst|lowest)[- ]?(?:rat\w+|review\w*|scor\w+)?\b/, fields: RATING, wants: 'least' },
];

/**
 * Whether a record is the one that a superlative of these texts, which are lower case, picks out of everything its call returned. The
 * claim is recomputed over the whole listing, and a tie picks nothing.
 */
export function isExtreme(record: SeenRecord, siblings: readonly SeenRecord[], texts: readonly string[]): boolean {
  const wanted = EXTREMES.filter(({ words }) => texts.some((text) => words.test(text)));
  if (wanted.length === 0) return false;
  const listing = siblings.filter((other) => (other.shape.id !== undefined) === (record.shape.id !== undefined));
  if (listing.length < 2) return false;
  return wanted.every(({ fields, wants }) => {
    const own = measureField(record, fields);
    if (own === undefined) return false;
    return listing.every(
      (other) => other.identity === record.identity || isPicked(own, measureField(other, fields), wants),
    );
  });
}

/** Whether a value is beyond another; never where the other is not known. */
export function isPicked(own: number | string, other: number | string | undefined, wants: 'most' | 'least'): boolean {
  return other !== undefined && (wants === 'most' ? 1 : -1) * compare(own, other) > 0;
}

/** What a record says of one sort of measure. */
export function measureField(record: SeenRecord, fields: ReadonlySet<string>): number | string | undefined {
  for (const field of record.shape.fields) {
    if (field.path.includes('[]')) continue;
    const words = field.words.at(-1) === 'value' ? [...field.words, ...record.kinds] : field.words;
    if (!words.some((word) => fields.has(word))) continue;
    if (field.number !== undefined) return field.number;
    if (field.key === undefined || field.words.at(-1) === 'value') {
      // `Rating: 4.7` at the head of a longer text; what follows may be anybody's words.
      const labelled = /^[\p{L} ]{2,20}:\s*(-?\d+(?:\.\d+)?)/u.exec(field.text)?.[1];
      if (labelled !== undefined && field.words.at(-1) === 'value') return Number(labelled);
      if (field.key === undefined) continue;
    }
    if (/^\d{4}-\d{2}-\d{2}/.test(field.text)) return field.text;
    const number = /-?\d+(?:\.\d+)?/.exec(field.text.replaceAll(',', ''))?.[0];
    if (number !== undefined) return Number(number);
  }
  return undefined;
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [String(a), String(b)];
  return x === y ? 0 : x > y ? 1 : -1;
}
