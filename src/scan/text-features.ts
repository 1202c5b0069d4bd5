/** Weights are kept for this many features; what a feature is hashed to is its place among them. */
export const FEATURE_BUCKETS = 131_072;
/** A window grows by whole segments while it stays within this many words; a longer segment is cut. */
export const WINDOW_WORDS = 40;

/**
 * What the classifier sees of a text: segments (a sentence, a line, a cell, a quoted value), each with the hashed
 * features of its words. The arrays are reused by the next call: read them before anything else is looked at.
 */
export interface TextFeatures {
  /** Number of segments. */
  readonly segments: number;
  /** Feature ids of all segments, one after the other; segment `i` has those from `from[i]` to `from[i + 1]`. */
  readonly ids: Int32Array;
  readonly from: Int32Array;
  /** Offsets of segment `i` in the text, and the words in it. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly words: Int32Array;
}

/** How a clause began: what an order opens with says more than the same word in the middle. */
const MIDDLE = 0;
const SEGMENT = 1;
const COLON = 2;
const COMMA = 3;

const [UNIGRAM, BIGRAM, SKIP, TRIGRAM, HEAD, HEAD2, PREFIX, SUFFIX, LENGTH, ENDING, HEAD_PREFIX, HEAD_FAR] = Array.from(
  { length: 12 },
  (_, i) => Math.imul(i + 1, 0x9e3779b1),
) as [number, number, number, number, number, number, number, number, number, number, number, number]; // 12 are made

/** Most features one word and one segment add; buffers are sized by it. */
const PER_WORD = 12;
const PER_SEGMENT = 2;
const LETTER = 1;
const DIGIT = 2;
const classOf = classifyCodes();

class Buffers {
  ids = new Int32Array(1 << 14);
  from = new Int32Array(1 << 10);
  start = new Int32Array(1 << 10);
  end = new Int32Array(1 << 10);
  words = new Int32Array(1 << 10);
}
const buffers = new Buffers();

/** Reads a text into features, in one pass. */
export function readFeatures(text: string): TextFeatures {
  const b = buffers;
  let segments = 0;
  let count = 0;
  let words = 0;
  let segmentStart = 0;
  let before1 = 0; // hash of the word before, and of the one before that
  let before2 = 0;
  let head = 0;
  let clause = SEGMENT;
  b.from[0] = 0;

  const length = text.length;
  let at = 0;
  while (at < length) {
    const code = text.charCodeAt(at);
    const kind = kindOf(code);
    if (kind === 0) {
      const ending = breakAt(text, at, code);
      if (ending > 0) {
        if (words > 0) {
          writeSegment(b, segments, count, segmentStart, at + 1, words, ending);
          segments += 1;
          count += PER_SEGMENT;
        }
        words = 0;
        before1 = 0;
        before2 = 0;
        head = 0;
        clause = SEGMENT;
      } else if (code === 58) clause = COLON;
      else if (code === 44) clause = COMMA;
      at += ending === ESCAPED ? 2 : 1;
      continue;
    }
    // a word: letters, or digits, which all look the same
    const wordStart = at;
    let hash = 0x811c9dc5;
    let prefix = 0;
    if (kind === DIGIT) {
      while (at < length && classOf[text.charCodeAt(at)] === DIGIT) at += 1;
      hash = at - wordStart > 4 ? 0x1234567 : 0x7654321;
      prefix = hash;
    } else {
      while (at < length) {
        let next = text.charCodeAt(at);
        if (kindOf(next) !== LETTER) break;
        if (next < 128) next |= 32;
        hash = Math.imul(hash ^ next, 0x01000193);
        at += 1;
        if (at - wordStart === 4) prefix = hash;
      }
      if (prefix === 0) prefix = hash;
      if (at - wordStart > 24) hash = 0x2468ace; // no word: an id, a key, encoded bytes
    }
    if (words === 0) segmentStart = wordStart;
    if (count + PER_WORD + 4 >= b.ids.length) b.ids = grow(b.ids);
    const { ids } = b;
    ids[count++] = place(UNIGRAM ^ hash);
    ids[count++] = place(PREFIX ^ prefix);
    if (at - wordStart > 4) {
      const suffix = (text.charCodeAt(at - 3) << 16) ^ (text.charCodeAt(at - 2) << 8) ^ text.charCodeAt(at - 1);
      ids[count++] = place(SUFFIX ^ (suffix | 0x202020));
    }
    if (before1 !== 0) ids[count++] = place(BIGRAM ^ hash ^ Math.imul(before1, 31));
    if (before2 !== 0) {
      ids[count++] = place(SKIP ^ hash ^ Math.imul(before2, 131));
      ids[count++] = place(TRIGRAM ^ hash ^ Math.imul(before1, 31) ^ Math.imul(before2, 1_031));
    }
    if (clause !== MIDDLE) {
      ids[count++] = place(HEAD ^ Math.imul(hash, 7) ^ clause);
      ids[count++] = place(HEAD_PREFIX ^ Math.imul(prefix, 7) ^ clause);
      clause = MIDDLE;
      if (head === 0) head = hash;
    } else if (words === 1) ids[count++] = place(HEAD2 ^ hash ^ Math.imul(before1, 31));
    if (words > 1 && words < 12) ids[count++] = place(HEAD_FAR ^ hash ^ Math.imul(head, 31));
    before2 = before1;
    before1 = hash;
    words += 1;
    if (words >= WINDOW_WORDS) {
      writeSegment(b, segments, count, segmentStart, at, words, CUT);
      segments += 1;
      count += PER_SEGMENT;
      words = 0;
      before1 = 0;
      before2 = 0;
      head = 0;
      clause = SEGMENT;
    }
  }
  if (words > 0) {
    writeSegment(b, segments, count, segmentStart, length, words, END);
    segments += 1;
  }
  return { segments, ids: b.ids, from: b.from, start: b.start, end: b.end, words: b.words };
}

/** Ends a segment: what it is like as a whole, and where it stands. */
function writeSegment(
  b: Buffers,
  segment: number,
  count: number,
  start: number,
  end: number,
  words: number,
  ending: number,
): void {
  if (segment + 2 >= b.start.length) growSegments(b);
  b.ids[count] = place(LENGTH ^ Math.imul(lengthClass(words), 0x85ebca6b));
  b.ids[count + 1] = place(ENDING ^ Math.imul(ending, 0x85ebca6b));
  b.start[segment] = start;
  b.end[segment] = end;
  b.words[segment] = words;
  b.from[segment + 1] = count + PER_SEGMENT;
}

const LINE = 1;
const STOP = 2;
const QUESTION = 3;
const EXCLAMATION = 4;
const BRACKET = 5;
const QUOTE = 6;
const CELL = 7;
const CUT = 8;
const END = 9;
const ESCAPED = 10;

/** How a segment ends at this character, or 0. */
function breakAt(text: string, at: number, code: number): number {
  switch (code) {
    case 10:
    case 13:
      return LINE;
    case 46:
    case 59:
      return isSpace(text, at + 1) ? STOP : 0;
    case 63:
      return isSpace(text, at + 1) ? QUESTION : 0;
    case 33:
      return isSpace(text, at + 1) ? EXCLAMATION : 0;
    case 123:
    case 125:
    case 91:
    case 93:
    case 60:
    case 62:
      return BRACKET;
    case 124:
      return CELL;
    case 34:
    case 39:
      return isDelimiter(text, at) ? QUOTE : 0;
    case 92: {
      const next = text.charCodeAt(at + 1);
      return next === 110 || next === 114 || next === 116 ? ESCAPED : 0;
    }
    default:
      return 0;
  }
}

/** Whether a sentence may end before this character: space, the end, a quote, an escape. */
function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return !(code > 32) || code === 34 || code === 39 || code === 92 || code === 60;
}

/** A quote that begins or ends a value of JSON or of code; not one in a sentence. */
function isDelimiter(text: string, at: number): boolean {
  const before = text.charCodeAt(text.charCodeAt(at - 1) === 32 ? at - 2 : at - 1);
  if (
    !(before >= 0) ||
    before === 58 ||
    before === 44 ||
    before === 91 ||
    before === 123 ||
    before === 40 ||
    before === 61
  )
    return true;
  const after = text.charCodeAt(text.charCodeAt(at + 1) === 32 ? at + 2 : at + 1);
  return !(after >= 0) || after === 44 || after === 58 || after === 93 || after === 125 || after === 41 || after === 10;
}

/** Beyond ASCII everything is a letter but the blocks of spaces and punctuation. */
function kindOf(code: number): number {
  if (code < 128) return classOf[code] ?? 0;
  return code < 0xc0 || (code >= 0x2000 && code < 0x2070) || (code >= 0x3000 && code < 0x3020) ? 0 : LETTER;
}

function lengthClass(words: number): number {
  if (words <= 3) return words;
  if (words <= 6) return 4;
  if (words <= 12) return 5;
  return words <= 24 ? 6 : 7;
}

/** Mixes a hash and folds it to a place among the weights. */
function place(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x297a2d39);
  return (mixed ^ (mixed >>> 16)) & (FEATURE_BUCKETS - 1);
}

function classifyCodes(): Uint8Array {
  const classes = new Uint8Array(128);
  for (let code = 0; code < 128; code++) {
    const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
    classes[code] = isLetter ? LETTER : code >= 48 && code <= 57 ? DIGIT : 0;
  }
  return classes;
}

function grow(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

function growSegments(b: Buffers): void {
  b.from = grow(b.from);
  b.start = grow(b.start);
  b.end = grow(b.end);
  b.words = grow(b.words);
}
