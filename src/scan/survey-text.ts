import type { Span } from './rewrite-text.ts';

/** What a text has in it at all, so that costly patterns look only where they could match. */
export interface TextSurvey {
  /** Rows of at least 16 letters, digits, `+ / _ -`: encoded text, keys, long names. */
  readonly longRuns: readonly Span[];
  /** Parts with at least six digits near each other, with room around them. */
  readonly numbers: readonly Span[];
  /** Eight or more pairs of hex digits in a row, with something between them. */
  readonly hasHexPairs: boolean;
  /** Twelve or more words of three to eight small letters in a row. */
  readonly hasWordRow: boolean;
  readonly hasNonAscii: boolean;
  /** Nothing but printable ASCII, tabs and line ends: no character of it can be hidden. */
  readonly isPrintable: boolean;
}

const RUN = 1;
const DIGIT = 2;
const SMALL = 4;
const HEX = 8;
/** Digits this far apart belong to one number, and this much around it may be part of it. */
const NEAR = 12;
const ROOM = 40;
const ENOUGH = 6;

const classes = classifyCodes();
let lastText = '';
let lastSurvey: TextSurvey | undefined;

/** Surveys a text in one pass. The last answer is kept: several detectors ask about the same text. */
export function surveyText(text: string): TextSurvey {
  if (lastSurvey && text === lastText) return lastSurvey;
  const longRuns: Span[] = [];
  const numbers: Span[] = [];
  let hasNonAscii = false;
  let hasControls = false;
  let hasHexPairs = false;
  let hasWordRow = false;
  let runStart = -1;
  let digits = 0;
  let firstDigit = 0;
  let lastDigit = -NEAR;
  let pairs = 0;
  let words = 0;
  let isSmall = true;
  let isHex = true;
  const { length } = text;
  for (let at = 0; at <= length; at++) {
    const code = at < length ? text.charCodeAt(at) : 32;
    if (code > 127) hasNonAscii = true;
    else if ((code < 32 || code === 127) && code !== 9 && code !== 10 && code !== 13) hasControls = true;
    const kind = code < 128 ? (classes[code] ?? 0) : 0;
    if (kind !== 0) {
      if (runStart < 0) {
        runStart = at;
        isSmall = true;
        isHex = true;
      }
      if ((kind & SMALL) === 0) isSmall = false;
      if ((kind & HEX) === 0) isHex = false;
      if ((kind & DIGIT) !== 0) {
        if (at - lastDigit > NEAR) {
          if (digits >= ENOUGH) addNumber(numbers, firstDigit, lastDigit, length);
          digits = 0;
          firstDigit = at;
        }
        digits += 1;
        lastDigit = at;
      }
      continue;
    }
    if (runStart < 0) continue;
    const size = at - runStart;
    if (size >= 16) longRuns.push({ start: runStart, end: at });
    pairs =
      isHex && size === 2
        ? pairs + 1
        : size === 4 && text.startsWith('0x', runStart)
          ? pairs + 1
          : text.charAt(at) === '-'
            ? pairs
            : 0;
    if (pairs >= 8 || (size >= 23 && isHexPairs(text, runStart))) hasHexPairs = true;
    words = isSmall && size >= 3 && size <= 8 && (code === 32 || code === 44 || code === 10) ? words + 1 : 0;
    if (words >= 11) hasWordRow = true;
    runStart = -1;
  }
  if (digits >= ENOUGH) addNumber(numbers, firstDigit, lastDigit, length);
  lastText = text;
  lastSurvey = { longRuns, numbers, hasHexPairs, hasWordRow, hasNonAscii, isPrintable: !hasNonAscii && !hasControls };
  return lastSurvey;
}

/** With room around it; parts that meet become one. */
function addNumber(numbers: Span[], first: number, last: number, length: number): void {
  const start = Math.max(0, first - ROOM);
  const end = Math.min(length, last + ROOM);
  const before = numbers.at(-1);
  if (before && start <= before.end) numbers[numbers.length - 1] = { start: before.start, end };
  else numbers.push({ start, end });
}

/** `41-4b-49-…` is one run here, since a hyphen may stand in encoded text. */
function isHexPairs(text: string, at: number): boolean {
  return /^(?:[0-9a-fA-F]{2}-){7}/.test(text.slice(at, at + 24));
}

function classifyCodes(): Uint8Array {
  const kinds = new Uint8Array(128);
  for (let code = 0; code < 128; code++) {
    const character = String.fromCharCode(code);
    let kind = /[A-Za-z0-9+/_-]/.test(character) ? RUN : 0;
    if (/\d/.test(character)) kind |= DIGIT;
    if (/[a-z]/.test(character)) kind |= SMALL;
    if (/[0-9a-fA-F]/.test(character)) kind |= HEX;
    kinds[code] = kind;
  }
  return kinds;
}
