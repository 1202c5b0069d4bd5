import type { Secret } from '../../../base/secret.ts';
import { type Form, LEAST_CHARS, listForms } from './encoded-forms.ts';

/** Puts the reference of each secret in its place. */
export type Mask = (text: string) => string;

/** A form of a secret, and how to find where it begins and ends around its anchor. */
interface Sought {
  readonly form: Form;
  readonly reference: string;
  pattern: RegExp | undefined;
  opening: RegExp | undefined;
}

interface Match {
  readonly start: number;
  end: number;
  readonly reference: string;
}

const GRAM = 3;
const HASHES = 1 << 15;

/** Takes these secrets out of texts; undefined where there is nothing to take out. */
export function createMask(secrets: readonly Secret[]): Mask | undefined {
  return index(secrets.flatMap(listSought));
}

/** The same for secrets that come and go. Each is taken apart once, however often the others change. */
export class MaskIndex {
  readonly #sought = new Map<string, readonly Sought[]>();
  #mask: Mask | undefined;
  #byStart: ReadonlyMap<string, readonly Sought[]> = new Map();
  #isCurrent = true;

  add(secret: Secret): void {
    if (this.#sought.has(secret.reveal())) return;
    this.#sought.set(secret.reveal(), listSought(secret));
    this.#isCurrent = false;
  }

  remove(secret: Secret): void {
    if (this.#sought.delete(secret.reveal())) this.#isCurrent = false;
  }

  take(text: string): string {
    this.#keepCurrent();
    return this.#mask?.(text) ?? text;
  }

  /** How many characters at the end of a text may be the beginning of a secret, in any form of it. */
  countOpen(text: string): number {
    this.#keepCurrent();
    for (let at = 0; at < text.length; at++) {
      for (const one of this.#byStart.get(text.charAt(at)) ?? []) {
        one.opening ??= new RegExp(one.form.opening(), 'y');
        one.opening.lastIndex = at;
        if (one.opening.test(text)) return text.length - at;
      }
    }
    return 0;
  }

  #keepCurrent(): void {
    if (this.#isCurrent) return;
    const all = [...this.#sought.values()].flat();
    this.#mask = index(all);
    const byStart = new Map<string, Sought[]>();
    for (const one of all) {
      for (const char of one.form.starts) byStart.set(char, [...(byStart.get(char) ?? []), one]);
    }
    this.#byStart = byStart;
    this.#isCurrent = true;
  }
}

function listSought(secret: Secret): readonly Sought[] {
  return listForms(secret.reveal()).map((form) => ({
    form,
    reference: secret.toString(),
    pattern: undefined,
    opening: undefined,
  }));
}

/**
 * Takes secrets out of texts, in every form of `listForms`. All forms are looked for at once: every few characters, three
 * are looked up among those of all anchors, and only where they are known a form is tried. What a text costs does not
 * depend on how many secrets there are.
 */
function index(sought: readonly Sought[]): Mask | undefined {
  if (sought.length === 0) return undefined;
  const anchored = sought.filter(({ form }) => form.anchor !== '');
  const rest = sought.filter(({ form }) => form.anchor === '');
  const step = Math.min(...anchored.map(({ form }) => form.anchor.length - GRAM + 1), HASHES);
  const known = indexAnchors(anchored, step);
  // A secret without any plain word in it is rare, and is looked for on its own.
  const loose = rest.map(({ form, reference }) => ({ pattern: new RegExp(form.after, 'g'), reference }));
  return (text) => {
    if (text.length < LEAST_CHARS) return text;
    const matches: Match[] = [];
    for (let at = 0; at + GRAM <= text.length; at += step) {
      const entries = known[hashAt(text, at)];
      if (entries === undefined) continue;
      for (const { one, offset } of entries) {
        const match = tryAt(text, at - offset, one);
        if (match !== undefined) matches.push(match);
      }
    }
    for (const { pattern, reference } of loose) {
      for (const { index, 0: found } of text.matchAll(pattern))
        matches.push({ start: index, end: index + found.length, reference });
    }
    return matches.length === 0 ? text : replaceAll(text, matches);
  };
}

interface Entry {
  readonly one: Sought;
  /** Where in its anchor the three characters stand. */
  readonly offset: number;
}

/** As many groups of three of each anchor as it takes for one of them to be looked at, wherever the anchor stands. */
function indexAnchors(anchored: readonly Sought[], step: number): readonly (readonly Entry[] | undefined)[] {
  const known = new Array<Entry[] | undefined>(anchored.length === 0 ? 0 : HASHES).fill(undefined);
  for (const one of anchored) {
    for (let offset = 0; offset < step; offset++) {
      const hash = hashAt(one.form.anchor, offset);
      const entries = known[hash] ?? [];
      entries.push({ one, offset });
      known[hash] = entries;
    }
  }
  return known;
}

function hashAt(text: string, at: number): number {
  return (text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 5) ^ (text.charCodeAt(at + 2) << 10)) & (HASHES - 1);
}

function tryAt(text: string, anchorAt: number, one: Sought): Match | undefined {
  const { anchor, before, after } = one.form;
  if (anchorAt < 0 || !text.startsWith(anchor, anchorAt)) return undefined;
  one.pattern ??= new RegExp(before === '' ? after : `(?<=(${before}))${after}`, 'y');
  one.pattern.lastIndex = anchorAt;
  const found = one.pattern.exec(text);
  if (found === null) return undefined;
  return { start: anchorAt - (found[1]?.length ?? 0), end: anchorAt + found[0].length, reference: one.reference };
}

/** Forms of one secret overlap, and parts of a long one touch: together they are one place. */
function replaceAll(text: string, matches: readonly Match[]): string {
  const places: Match[] = [];
  for (const match of [...matches].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = places.at(-1);
    const touches = last !== undefined && match.start === last.end && match.reference === last.reference;
    if (last !== undefined && (match.start < last.end || touches)) last.end = Math.max(last.end, match.end);
    else places.push({ ...match });
  }
  let masked = '';
  let from = 0;
  for (const { start, end, reference } of places) {
    masked += text.slice(from, start) + reference;
    from = end;
  }
  return masked + text.slice(from);
}
