import { foldText, stripInvisible } from './fold-text.ts';

/** What a value is, told by its form alone. */
export type AtomKind = 'email' | 'url' | 'account' | 'phone' | 'number' | 'date' | 'file';

/** A value that stands in a text. Two atoms are the same value exactly when their keys are equal. */
export interface Atom {
  readonly kind: AtomKind;
  readonly key: string;
  /** How it is written when it is executed. */
  readonly canonical: string;
  readonly start: number;
  readonly end: number;
}

const EMAIL =
  /(?<![\p{L}\p{N}._%+-])(?:mailto:)?[\p{L}\p{N}](?:[\p{L}\p{N}._%+-]{0,126}[\p{L}\p{N}_+-])?@[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)+/gu;
const URL_FORM =
  /(?:[a-z][a-z0-9+.-]{1,20}:\/\/|www\.)[^\s<>"'`{}|\\^]+|(?<![@\p{L}\p{N}.-])(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+(?:com|org|net|io|dev|app|co|ai|edu|gov|info|biz|me|ly|gl|uk|de|fr|it|es|eu|us|ru|cn|xyz|site|online|shop)(?:\/[^\s<>"'`{}|\\^]*)?(?![\p{L}\p{N}@])/giu;
const ACCOUNT =
  /(?<![\p{L}\p{N}])(?:[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?|(?:0x)?[0-9a-fA-F]{32,64}|\d[\d -]{10,22}\d)(?![\p{L}\p{N}])/gu;
const PHONE = /(?<![\p{L}\p{N}])\+\d[\d ().-]{6,18}\d(?!\d)/gu;
const FILE =
  /(?<![\p{L}\p{N}_@./\\-])(?:[~.]{0,2}\/)?(?:[\p{L}\p{N}_.-]+\/)*[\p{L}\p{N}_-][\p{L}\p{N}_.-]*\.[a-z][a-z0-9]{1,4}(?![\p{L}\p{N}])/giu;
const DATE =
  /(?<!\d)\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?(?!\d)|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?\b|\b\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*(?:,? \d{4})?\b/giu;
const NUMBER = /(?<![\p{L}\p{N}.])[-+]?\d+(?:[,']\d{3})*(?:\.\d+)?(?![\p{L}\p{N}])/gu;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Each form, what every text that holds one has, and how it is written when it is executed. Strongest first. */
const FORMS: readonly (readonly [AtomKind, RegExp, RegExp, (text: string) => string | undefined])[] = [
  ['email', /@/, EMAIL, canonicalEmail],
  ['url', /\.|:\/\//, URL_FORM, canonicalUrl],
  ['date', /\d/, DATE, canonicalDate],
  ['file', /\./, FILE, (text) => text],
  ['phone', /\+\d/, PHONE, (text) => `+${text.replace(/\D/g, '')}`],
  ['account', /[\dA-Fa-f]{4}/, ACCOUNT, canonicalAccount],
  ['number', /\d/, NUMBER, canonicalNumber],
];

/** Every value with a recognisable form in a text, in order, not overlapping; stronger forms win over weaker ones. */
export function readAtoms(raw: string): Atom[] {
  const text = stripInvisible(raw);
  if (!/[\d@.:]/.test(text)) return [];
  const taken = new Uint8Array(text.length);
  const atoms: Atom[] = [];
  for (const [kind, hint, form, canonicalise] of FORMS) {
    if (!hint.test(text)) continue;
    for (const match of text.matchAll(form)) {
      const found = kind === 'url' ? match[0].replace(/[.,;:!?)\]]+$/, '') : match[0];
      const start = match.index;
      const end = start + found.length;
      if (taken[start] === 1 || taken[end - 1] === 1) continue;
      const canonical = canonicalise(found);
      if (canonical === undefined) continue;
      taken.fill(1, start, end);
      atoms.push({ kind, key: keyOf(kind, canonical), canonical, start, end });
    }
  }
  return atoms.sort((a, b) => a.start - b.start);
}

/** The one atom a text consists of, if it is one. */
export function readAtom(raw: string): Atom | undefined {
  const text = stripInvisible(raw).trim();
  return wholeAtom(text, readAtoms(text));
}

/** The atom that is the whole of a text, given the atoms of it. */
export function wholeAtom(text: string, atoms: readonly Atom[]): Atom | undefined {
  const [atom] = atoms;
  return atom && atoms.length === 1 && atom.start === 0 && atom.end === text.length ? atom : undefined;
}

/** The key of any value: of its form where it has one, else of its folded text. */
export function keyOfValue(value: string | number | boolean): string {
  if (typeof value === 'number') return keyOf('number', String(value));
  if (typeof value === 'boolean') return `text:${String(value)}`;
  const kept = shelf.get(value);
  if (kept !== undefined) return kept;
  const key = readAtom(value)?.key ?? keyOfText(value);
  if (shelf.size >= SHELF) shelf.clear();
  if (value.length <= SHELVED_CHARACTERS) shelf.set(value, key);
  return key;
}

/** Agents send the same values again and again, so their keys are kept; a flood of others only empties the shelf. */
const shelf = new Map<string, string>();
const SHELF = 4_096;
const SHELVED_CHARACTERS = 256;

export const keyOfText = (text: string): string => `text:${foldText(text).replace(/^[#@]/, '')}`;
export const keyOfNumber = (value: number): string => keyOf('number', String(value));

function keyOf(kind: AtomKind, canonical: string): string {
  return kind === 'file' ? keyOfText(canonical) : `${kind}:${kind === 'url' ? canonical : canonical.toLowerCase()}`;
}

export function canonicalEmail(text: string): string {
  return text.replace(/^mailto:/i, '').toLowerCase();
}

/** Scheme and host in one form, no default port, no trailing dot or slash; `undefined` if it is no URL. */
export function canonicalUrl(text: string): string | undefined {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  const host = url.host.replace(/^www\./, '').replace(/\.$/, '');
  const scheme = url.protocol === 'http:' ? 'https:' : url.protocol;
  const user = url.username === '' && url.password === '' ? '' : `${url.username}:${url.password}@`;
  return `${scheme}//${user}${host}${url.pathname.replace(/\/+$/, '')}${url.search}${url.hash}`;
}

function canonicalAccount(text: string): string | undefined {
  const bare = text.replace(/[ -]/g, '');
  return bare.length >= 11 ? bare.toUpperCase() : undefined;
}

function canonicalNumber(text: string): string | undefined {
  const value = Number(text.replace(/[,'+]/g, ''));
  return Number.isFinite(value) ? String(value) : undefined;
}

/** `YYYY-MM-DD`, with `????` for a year that is not said, and the time where there is one. */
function canonicalDate(text: string): string | undefined {
  const iso = /^(\d{4}-\d{2}-\d{2})/.exec(text);
  if (iso?.[1] !== undefined) return iso[1];
  const lower = text.toLowerCase();
  const month = MONTHS.findIndex((name) => lower.includes(name)) + 1;
  const day = /(?<!\d)(\d{1,2})(?!\d)/.exec(lower)?.[1];
  const year = /\d{4}/.exec(lower)?.[0] ?? '????';
  if (month === 0 || day === undefined) return undefined;
  return `${year}-${String(month).padStart(2, '0')}-${day.padStart(2, '0')}`;
}
