import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import type { Exact } from '../model/exact.ts';
import type { Finding } from './detector.ts';
import { personalData } from './personal-data.ts';

/** Names a value without telling it: the same for the same value under one key. */
export type Tag = (value: string) => string;

export interface Hashed {
  readonly value: JsonObject;
  /** What stood where hashes stand. Empty where nothing was found, and `value` is then the same object. */
  readonly exact: Exact;
}

/** So many characters hold fewer values than a detector reports at most. */
const PART_CHARS = 4_096;
const MANY = 1_000;
const DIGITS = 6;
/** No card is less, and no other number is known by its digits alone. Times in milliseconds are, until 2033. */
const LEAST_CARD = 2e12;
const LITERALS = /"(?:[^"\\]|\\.)*"|-?\d{13,19}(?![\d.eE])/g;

/**
 * Puts a keyed hash in the place of whatever is personal data by its form: `[personal email-address 16 #0123456789ab]`, with
 * its type and length. Looks into texts, members' names, texts that are JSON themselves, and numbers. Members in `except`
 * of the value itself stay as they are.
 */
export function hashPersonal(value: JsonObject, tag: Tag, except: ReadonlySet<string> = new Set()): Hashed {
  const hasher = new Hasher(tag);
  const members = Object.entries(value).map(([name, one]): [string, JsonValue] => [
    name,
    except.has(name) || !mayHoldAny(one) ? one : hasher.value(one, `/${pointTo(name)}`),
  ]);
  return hasher.isEmpty ? { value, exact: {} } : { value: Object.fromEntries(members), exact: hasher.exact };
}

type Cut = [at: number, characters: number, was: string];

class Hasher {
  exact: { [pointer: string]: Cut[] | { value: JsonValue } } = {};
  readonly #tag: Tag;

  constructor(tag: Tag) {
    this.#tag = tag;
  }

  get isEmpty(): boolean {
    return Object.keys(this.exact).length === 0;
  }

  value(value: JsonValue, path: string): JsonValue {
    if (typeof value === 'string') {
      const { text, cuts } = this.#text(value);
      if (cuts.length > 0) this.exact[path] = cuts;
      return text;
    }
    if (typeof value === 'number') {
      const hashed = this.#number(String(value));
      if (hashed !== undefined) this.exact[path] = { value };
      return hashed ?? value;
    }
    if (Array.isArray(value)) return value.map((one, at) => this.value(one, `${path}/${at}`));
    return isJsonObject(value) ? this.#object(value, path) : value;
  }

  #object(value: JsonObject, path: string): JsonObject {
    const before = this.exact;
    const names = Object.keys(value);
    const renamed = names.map((name) => this.#text(name).text);
    const isRenamed = renamed.some((name, at) => name !== names[at]);
    if (isRenamed) this.exact = {};
    const members = names.map((name, at): [string, JsonValue] => [
      renamed[at] ?? name,
      this.value(value[name] ?? null, `${path}/${pointTo(name)}`),
    ]);
    // Where names change, pointers into it would not: it is kept whole.
    if (isRenamed) this.exact = { ...before, [path]: { value } };
    return Object.fromEntries(members);
  }

  #text(text: string): { readonly text: string; readonly cuts: Cut[] } {
    if (!mayHold(text)) return { text, cuts: [] };
    const found = isJsonText(text) ? this.#literals(text) : this.#spans(text);
    let hashed = '';
    let from = 0;
    const cuts: Cut[] = [];
    for (const { start, end, put } of found) {
      hashed += text.slice(from, start);
      cuts.push([hashed.length, put.length, text.slice(start, end)]);
      hashed += put;
      from = end;
    }
    return cuts.length === 0 ? { text, cuts } : { text: hashed + text.slice(from), cuts };
  }

  #spans(text: string): readonly Replacement[] {
    return findAll(text).map(({ start, end, kind }) => ({ start, end, put: this.#put(kind, text.slice(start, end)) }));
  }

  /** In JSON a text is what its literal says: what stands after an escaped line end begins a line. */
  #literals(text: string): readonly Replacement[] {
    const found: Replacement[] = [];
    for (const { 0: literal, index } of text.matchAll(LITERALS)) {
      const put = literal.startsWith('"') ? this.#literal(literal) : quote(this.#number(literal));
      if (put !== undefined && put !== literal) found.push({ start: index, end: index + literal.length, put });
    }
    return found;
  }

  #literal(literal: string): string {
    if (!mayHold(literal)) return literal;
    const said = JSON.parse(literal) as string; // a literal of a text that was parsed
    const { text, cuts } = this.#text(said);
    return cuts.length === 0 ? literal : JSON.stringify(text);
  }

  #number(digits: string): string | undefined {
    if (Math.abs(Number(digits)) < LEAST_CARD) return undefined;
    const [found] = findAll(digits);
    return found === undefined ? undefined : this.#put(found.kind, digits);
  }

  #put(kind: string, value: string): string {
    return `[personal ${kind} ${value.length} ${this.#tag(value)}]`;
  }
}

interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly put: string;
}

const quote = (text: string | undefined): string | undefined => (text === undefined ? undefined : JSON.stringify(text));

/** All of it: a detector reports so many at most, and then it is asked about each part. */
function findAll(text: string): readonly Pick<Finding, 'start' | 'end' | 'kind'>[] {
  const found = personalData.detect(text);
  if (found.length < MANY) return found;
  const all: Pick<Finding, 'start' | 'end' | 'kind'>[] = [];
  for (let from = 0; from < text.length; ) {
    const part = cutPart(text.slice(from, from + PART_CHARS), from + PART_CHARS >= text.length);
    for (const { start, end, kind } of personalData.detect(part))
      all.push({ start: start + from, end: end + from, kind });
    from += part.length;
  }
  return all;
}

/** Ends where no value does. */
function cutPart(part: string, isLast: boolean): string {
  if (isLast) return part;
  const end = Math.max(part.lastIndexOf('\n'), part.lastIndexOf(','), part.lastIndexOf(';'));
  return end > 0 ? part.slice(0, end + 1) : part;
}

/** Looked at first, since most of what an event says needs no second look, and making it anew costs more than this. */
function mayHoldAny(value: JsonValue): boolean {
  if (typeof value === 'string') return mayHold(value);
  if (typeof value === 'number') return Math.abs(value) >= LEAST_CARD;
  if (Array.isArray(value)) return value.some(mayHoldAny);
  return isJsonObject(value) && Object.keys(value).some((name) => mayHold(name) || mayHoldAny(value[name] ?? null));
}

/** Whether there can be anything: most texts of most events are names, codes and digests. */
function mayHold(text: string): boolean {
  if (text.length < DIGITS || (text.length === 71 && text.startsWith('sha256:'))) return false;
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 64 || (code >= 48 && code <= 57 && ++digits === DIGITS)) return true;
  }
  return false;
}

function isJsonText(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const pointTo = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
