import type { Detector, Finding } from './detector.ts';

/**
 * Characters a reader does not see and a model does: Unicode tags, zero-width characters, bidirectional controls,
 * variation selectors in rows, invisible fillers, terminal controls. What writing needs is not reported: joiners
 * inside emoji and inside scripts that use them, one selector after a character, tags that make a flag.
 */
export const hiddenText: Detector = {
  name: 'hidden-text',
  detect(text) {
    const runs = findRuns(text, MAX_RUNS + 1);
    const last = runs.length > MAX_RUNS ? runs.pop() : undefined;
    const found = runs.map(toFinding);
    if (last) found.push(toFinding({ start: last.start, end: text.length, kind: MANY_HIDDEN, severity: 'high' }));
    return found;
  },
};

/** The kind of the one finding that stands for everything after the first thousand, up to the end of the text. */
export const MANY_HIDDEN = 'many-hidden';
const MAX_RUNS = 1_000;

/** One expression over all of them: one pass, one class, no repetition in a repetition. */
const HIDDEN =
  /[[\p{Cc}--[\t\n\r]]\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]+/gv;

/** Most text is printable ASCII, and told to be so in a fraction of the time. */
const NOT_PRINTABLE = /[^\t\n\r -~]/;

interface Run {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
  readonly severity: Finding['severity'];
}

function toFinding(run: Run): Finding {
  return { detector: 'hidden-text', ...run, confidence: 'high' };
}

/** Runs of hidden characters, each of one kind: that of the worst character in it. */
function findRuns(text: string, most = Number.POSITIVE_INFINITY): Run[] {
  const runs: Run[] = [];
  if (!NOT_PRINTABLE.test(text)) return runs;
  for (const match of text.matchAll(HIDDEN)) {
    const start = match.index;
    const end = start + match[0].length;
    const points = [...match[0]].map((character) => character.codePointAt(0) ?? 0);
    if (isNeeded(text, start, end, points)) continue;
    const kind = worstKind(points);
    if (runs.length >= most) return runs;
    runs.push({ start, end, kind, severity: points.length > 3 || kind === 'bidi-control' ? 'high' : SEVERITY[kind] });
  }
  return runs;
}

type Kind = 'unicode-tag' | 'bidi-control' | 'variation-selector' | 'terminal-control' | 'filler' | 'zero-width';
const WORST: readonly Kind[] = [
  'unicode-tag',
  'bidi-control',
  'variation-selector',
  'terminal-control',
  'filler',
  'zero-width',
];
function worstKind(points: readonly number[]): Kind {
  let worst = WORST.length - 1;
  for (const point of points) worst = Math.min(worst, WORST.indexOf(kindOf(point)));
  return WORST[worst] ?? 'zero-width';
}

const SEVERITY: Readonly<Record<Kind, Finding['severity']>> = {
  'unicode-tag': 'high',
  'bidi-control': 'high',
  'variation-selector': 'medium',
  'terminal-control': 'medium',
  filler: 'low',
  'zero-width': 'low',
};

function kindOf(point: number): Kind {
  if (point >= 0xe0000 && point <= 0xe007f) return 'unicode-tag';
  if ((point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069)) return 'bidi-control';
  if ((point >= 0xfe00 && point <= 0xfe0f) || (point >= 0xe0100 && point <= 0xe01ef)) return 'variation-selector';
  if (point < 0x20 || (point >= 0x7f && point <= 0x9f)) return 'terminal-control';
  if ([0x115f, 0x1160, 0x3164, 0xffa0, 0x2800, 0x17b4, 0x17b5].includes(point)) return 'filler';
  return 'zero-width';
}

const ZWNJ = 0x200c;
const ZWJ = 0x200d;
const JOINING_SCRIPTS =
  /^[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]$/u;

/** Whether ordinary writing needs this run where it stands. */
function isNeeded(text: string, start: number, end: number, points: readonly number[]): boolean {
  const before = characterBefore(text, start);
  const after = String.fromCodePoint(text.codePointAt(end) ?? 0x20);
  const [first, second] = points;
  if (points.length <= 2 && first !== undefined && kindOf(first) === 'variation-selector') {
    // one after a visible character; in an emoji a joiner may follow
    const joined = second === undefined || (second === ZWJ && /\p{Extended_Pictographic}/u.test(after));
    return joined && /[^\s\p{C}]/u.test(before);
  }
  if (points.length === 1 && first === ZWJ) return isEmoji(before) ? isEmoji(after) : JOINING_SCRIPTS.test(before);
  if (points.length === 1 && first === ZWNJ) return JOINING_SCRIPTS.test(before) && /\p{L}/u.test(after);
  if (points.length === 1 && (first === 0x200e || first === 0x200f || first === 0x061c)) {
    return /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(text.slice(Math.max(0, start - 40), end + 40));
  }
  if (first === 0xfeff && points.length === 1 && start === 0) return true; // byte order mark
  return before === '\u{1f3f4}' && isFlag(points);
}

/** 🏴 and the tags of a region, ended by the cancel tag: England, Scotland, Wales, and what may come. */
function isFlag(points: readonly number[]): boolean {
  if (points.length < 3 || points.length > 7 || points.at(-1) !== 0xe007f) return false;
  return points.slice(0, -1).every((point) => /[a-z0-9]/.test(String.fromCodePoint(Math.max(0, point - 0xe0000))));
}

function isEmoji(character: string): boolean {
  return /\ufe0f|\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}/u.test(character);
}

function characterBefore(text: string, at: number): string {
  const low = text.charCodeAt(at - 1);
  return low >= 0xdc00 && low <= 0xdfff ? text.slice(Math.max(0, at - 2), at) : text.charAt(at - 1);
}

/** A text without its hidden characters, and where each remaining code unit stood. */
export interface StrippedText {
  readonly text: string;
  /** False for a text with more than a thousand runs: all hidden characters are gone, needed or not, and offsets are not kept. */
  readonly exact: boolean;
  /** The offset in the original of an offset in the stripped text; 0 when not exact. */
  originalOffset(offset: number): number;
}

/** Takes the hidden characters out. A text without any is returned as it is. */
export function stripHidden(text: string): StrippedText {
  const runs = findRuns(text, MAX_RUNS + 1);
  if (runs.length === 0) return { text, exact: true, originalOffset: (offset) => offset };
  if (runs.length > MAX_RUNS) return { text: text.replace(HIDDEN, ''), exact: false, originalOffset: () => 0 };
  let stripped = '';
  let from = 0;
  const cuts: { readonly at: number; readonly skipped: number }[] = [];
  let skipped = 0;
  for (const run of runs) {
    stripped += text.slice(from, run.start);
    skipped += run.end - run.start;
    cuts.push({ at: stripped.length, skipped });
    from = run.end;
  }
  return {
    text: stripped + text.slice(from),
    exact: true,
    originalOffset(offset) {
      let low = 0;
      let high = cuts.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((cuts[middle]?.at ?? 0) <= offset) low = middle + 1;
        else high = middle;
      }
      return offset + (cuts[low - 1]?.skipped ?? 0);
    },
  };
}

/** Writes hidden characters visibly, for people: tags as the letters they hide, everything else as `⟨U+202E⟩`. */
export function revealHidden(text: string): string {
  let revealed = '';
  let from = 0;
  for (const run of findRuns(text)) {
    revealed += text.slice(from, run.start) + reveal(text.slice(run.start, run.end));
    from = run.end;
  }
  return revealed + text.slice(from);
}

function reveal(run: string): string {
  const points = [...run].map((character) => character.codePointAt(0) ?? 0);
  const letters = points.filter((point) => point >= 0xe0020 && point < 0xe007f);
  if (letters.length > 0 && letters.length === points.filter((point) => point < 0xe007f).length) {
    return `⟨tags: ${letters.map((point) => String.fromCodePoint(point - 0xe0000)).join('')}⟩`;
  }
  return `⟨${points.map((point) => `U+${point.toString(16).toUpperCase().padStart(4, '0')}`).join(' ')}⟩`;
}
