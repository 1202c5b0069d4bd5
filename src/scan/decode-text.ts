import { AnchorFinder } from './find-anchors.ts';
import { type RewrittenText, rewriteText, type Span } from './rewrite-text.ts';
import { surveyText } from './survey-text.ts';

/** A part of a text that is another text, encoded. */
export interface DecodedPart extends Span {
  readonly text: string;
  readonly layer: 'base64' | 'base32' | 'hex' | 'rot13' | 'reversed' | 'unicode-tags' | 'variation-selectors';
}

/** Percent-encoding undone: `%41` is A. */
export function decodePercent(text: string): RewrittenText | undefined {
  if (!text.includes('%')) return undefined;
  return rewriteText(text, /(?:%[0-9A-Fa-f]{2}){1,4096}/g, (run) =>
    decodeBytes(Array.from({ length: run.length / 3 }, (_, i) => Number.parseInt(run.slice(3 * i + 1, 3 * i + 3), 16))),
  );
}

/** Escapes of JSON and of programming languages undone: `\u0041` and `\x41` are A. */
export function decodeEscapes(text: string): RewrittenText | undefined {
  // Line ends and quotes alone hide nothing: whoever reads words reads past them.
  if (!text.includes('\\') || !/\\(?:u[0-9A-Fa-f{]|x[0-9A-Fa-f])/.test(text)) return undefined;
  return rewriteText(text, /\\(?:u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}|[nrt"'/])/g, (escaped) => {
    const kind = escaped.charAt(1);
    if (kind === 'n' || kind === 'r') return '\n';
    if (kind === 't') return '\t';
    if (kind !== 'u' && kind !== 'x') return kind;
    return codePoint(Number.parseInt(escaped.slice(2).replace(/[{}]/g, ''), 16));
  });
}

/** HTML's character references undone: `&#65;`, `&#x41;` and the named ones that matter. */
export function decodeEntities(text: string): RewrittenText | undefined {
  if (!text.includes('&')) return undefined;
  return rewriteText(text, /&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[a-z]{2,6});?/g, (entity) => {
    const name = entity.slice(1).replace(';', '');
    if (!name.startsWith('#')) return entity.endsWith(';') ? ENTITIES[name] : undefined;
    const isHex = /^#x/i.test(name);
    return codePoint(Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10));
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  shy: '',
  zwnj: '',
  zwj: '',
  colon: ':',
  period: '.',
  comma: ',',
};

function codePoint(code: number): string | undefined {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

/** Parts that decode to readable text, each with its place; at most `most`. */
export function decodeParts(text: string, most: number): readonly DecodedPart[] {
  const found: DecodedPart[] = [];
  for (const finder of [findEncoded, findSpacedHex, findTags, findSelectors, findTurnedLetters]) {
    for (const part of finder(text)) {
      if (found.length >= most) return found;
      found.push(part);
    }
  }
  return found;
}

/** Rows of the letters of base64 and its kin, also broken into lines. */
const ENCODED =
  /[A-Za-z0-9+/_-]{16}[A-Za-z0-9+/_-]*(?:\r?\n[ \t]{0,8}[A-Za-z0-9+/_-]{16}[A-Za-z0-9+/_-]*){0,2000}={0,2}/y;

function* findEncoded(text: string): Generator<DecodedPart> {
  let from = 0;
  for (const { start } of surveyText(text).longRuns) {
    if (start < from) continue;
    ENCODED.lastIndex = start;
    const match = ENCODED.exec(text);
    if (!match) continue;
    from = start + match[0].length;
    const run = match[0].includes('\n') ? withLastLine(text, match[0], match.index) : match[0];
    const span = { start: match.index, end: match.index + run.length };
    const joined = run.includes('\n') ? run.replace(/\s+/g, '') : run;
    const decoded = decodeRun(joined);
    if (decoded) yield { ...span, ...decoded };
    if (decoded || !/[_/-]/.test(run)) continue;
    // Parts between what is a letter of base64 but may also divide: a path, a name with hyphens.
    for (const part of run.matchAll(/[A-Za-z0-9+]{16,}={0,2}/g)) {
      const inner = decodeRun(part[0]);
      if (inner) yield { start: span.start + part.index, end: span.start + part.index + part[0].length, ...inner };
    }
  }
}

/** The last of several lines is as long as what is left. */
function withLastLine(text: string, run: string, at: number): string {
  LAST_LINE.lastIndex = at + run.length;
  const last = LAST_LINE.exec(text)?.[0];
  return last !== undefined && decodeRun((run + last).replace(/\s+/g, '')) ? run + last : run;
}
const LAST_LINE = /\r?\n[ \t]{0,8}[A-Za-z0-9+/_-]{1,15}={0,2}(?![A-Za-z0-9+/_-])/y;

type Decoded = Pick<DecodedPart, 'text' | 'layer'>;

function decodeRun(run: string): Decoded | undefined {
  const bare = run.replace(/=+$/, '');
  if (/^[0-9a-fA-F]+$/.test(bare)) {
    const text = bare.length % 2 === 0 ? readable(hexBytes(bare)) : undefined;
    return text === undefined ? undefined : { text, layer: 'hex' };
  }
  // A word, however long, is no code: encoded text has capitals, small letters or digits in between.
  if (/^[a-z]+$|^[A-Z]?[a-z]+$|^[A-Z_]+$/.test(bare) && !/^[A-Z2-7]{24,}$/.test(bare)) return undefined;
  if (/^[A-Z2-7]{16,}$/.test(bare)) {
    const text = readable(base32Bytes(bare));
    if (text !== undefined) return { text, layer: 'base32' };
  }
  if (!/[A-Z]/.test(bare) || !/[a-z]/.test(bare) || !mayBeReadable(bare)) return undefined;
  const text = decodeBase64(bare);
  return text === undefined ? undefined : { text, layer: 'base64' };
}

/**
 * Whether the first twelve bytes look like text: nearly all printable, or many of them with the high bit, as in other
 * scripts. Keys, digests and names are told apart here, without decoding them.
 */
function mayBeReadable(bare: string): boolean {
  let plain = 0;
  let high = 0;
  for (let at = 0; at < 16; at += 4) {
    const bits =
      (sextet(bare, at) << 18) | (sextet(bare, at + 1) << 12) | (sextet(bare, at + 2) << 6) | sextet(bare, at + 3);
    for (const byte of [bits >> 16, (bits >> 8) & 255, bits & 255]) {
      if ((byte >= 32 && byte < 127) || byte === 10 || byte === 13 || byte === 9) plain += 1;
      else if (byte >= 128) high += 1;
    }
  }
  return plain >= 11 || (high >= 6 && plain + high === 12 && bare.length >= 24);
}

function sextet(run: string, at: number): number {
  const code = run.charCodeAt(at);
  if (code >= 97) return code - 71;
  if (code >= 65 && code <= 90) return code - 65;
  if (code >= 48) return code === 95 ? 63 : code + 4;
  return code === 43 || code === 45 ? 62 : 63;
}

/** The start is tried first: most of what looks like base64 is a key, a digest or a picture. */
function decodeBase64(bare: string): string | undefined {
  if (bare.length % 4 === 1) return undefined;
  const standard = bare.replaceAll('-', '+').replaceAll('_', '/');
  if (standard.length > 64 && readable(base64Bytes(standard.slice(0, 64)), true) === undefined) return undefined;
  return readable(base64Bytes(standard));
}

function base64Bytes(standard: string): number[] {
  try {
    return Array.from(atob(standard), (character) => character.charCodeAt(0));
  } catch {
    return [];
  }
}

function base32Bytes(run: string): number[] {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const character of run) {
    const code = character.charCodeAt(0);
    held = ((held << 5) | (code >= 65 ? code - 65 : code - 24)) & 0xffff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 255);
  }
  return bytes;
}

function hexBytes(run: string): number[] {
  return Array.from({ length: run.length / 2 }, (_, i) => Number.parseInt(run.slice(2 * i, 2 * i + 2), 16));
}

/** `41 4b 49`, `41:4b:49`, `0x41, 0x4b`. */
const SPACED_HEX =
  /(?<![0-9A-Za-z])(?:0x)?[0-9a-fA-F]{2}(?:(?:[ :-]|, ?)(?:0x)?[0-9a-fA-F]{2}){7,4096}(?![0-9A-Za-z])/g;

function* findSpacedHex(text: string): Generator<DecodedPart> {
  if (!surveyText(text).hasHexPairs) return;
  for (const match of text.matchAll(SPACED_HEX)) {
    const decoded = readable(hexBytes(match[0].replace(/0x|[^0-9a-fA-F]/g, '')));
    if (decoded !== undefined) {
      yield { start: match.index, end: match.index + match[0].length, text: decoded, layer: 'hex' };
    }
  }
}

/** The first half of every tag and of most variation selectors. */
const PLANE_14 = '\udb40';

function* findTags(text: string): Generator<DecodedPart> {
  if (!text.includes(PLANE_14)) return;
  for (const match of text.matchAll(/[\u{e0020}-\u{e007e}]{2,}/gu)) {
    const letters = [...match[0]].map((tag) => String.fromCodePoint((tag.codePointAt(0) ?? 0) - 0xe0000));
    yield { start: match.index, end: match.index + match[0].length, text: letters.join(''), layer: 'unicode-tags' };
  }
}

/** Bytes written as the 256 variation selectors. */
function* findSelectors(text: string): Generator<DecodedPart> {
  if (!surveyText(text).hasNonAscii) return;
  for (const match of text.matchAll(/[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]{4,}/gu)) {
    const bytes = [...match[0]].map((selector) => {
      const code = selector.codePointAt(0) ?? 0;
      return code < 0xff00 ? code - 0xfe00 : code - 0xe0100 + 16;
    });
    const decoded = readable(bytes);
    if (decoded === undefined) continue;
    yield { start: match.index, end: match.index + match[0].length, text: decoded, layer: 'variation-selectors' };
  }
}

const TELLTALES = [
  'the ',
  'and ',
  'ignore',
  'instructions',
  'system',
  'password',
  'secret',
  'forward',
  'assistant',
  'delete',
  'please',
  'previous',
];
const turned = [
  ...TELLTALES.map((word) => ({ anchor: rot13(word), layer: 'rot13' as const })),
  ...TELLTALES.filter((word) => word.length > 5).map((word) => ({ anchor: reverse(word), layer: 'reversed' as const })),
];
const turnedFinder = new AnchorFinder(
  turned.map(({ anchor }) => anchor),
  true,
);

/** Lines in which words stand that are common in English when their letters are turned by 13, or read backwards. */
function* findTurnedLetters(text: string): Generator<DecodedPart> {
  const done = { rot13: -1, reversed: -1 };
  const places = [...turnedFinder.find(text)].flatMap(([index, at]) =>
    at.map((one) => ({ at: one, layer: turned[index]?.layer ?? 'rot13' })),
  );
  for (const { at, layer } of places.sort((a, b) => a.at - b.at)) {
    if (at < done[layer] || /[A-Za-z]/.test(text.charAt(at - 1))) continue;
    const start = Math.max(text.lastIndexOf('\n', at) + 1, at - MAX_LINE);
    const lineEnd = text.indexOf('\n', at);
    const end = Math.min(lineEnd < 0 ? text.length : lineEnd, at + MAX_LINE);
    done[layer] = end;
    const line = text.slice(start, end);
    yield { start, end, text: layer === 'rot13' ? rot13(line) : reverse(line), layer };
  }
}

const MAX_LINE = 2_000;

function rot13(text: string): string {
  return text.replace(/[a-zA-Z]/g, (letter) => {
    const base = letter <= 'Z' ? 65 : 97;
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
  });
}

function reverse(text: string): string {
  return [...text].reverse().join('');
}

/** The text that bytes are, when nearly all of them are letters, digits, spaces and punctuation. `cut`: the last character may be incomplete. */
function readable(bytes: readonly number[], cut = false, least = 8): string | undefined {
  if (bytes.length < least) return undefined;
  let plain = 0;
  for (const byte of bytes) if ((byte >= 32 && byte < 127) || byte === 10 || byte === 13 || byte === 9) plain += 1;
  if (plain >= 0.97 * bytes.length) return decodeBytes(bytes);
  const text = decodeBytes(bytes);
  const letters = text.match(/[\p{L}\p{N}\p{P}\p{Z}\n]/gu)?.length ?? 0;
  return letters >= 0.95 * [...text].length && (cut || !text.includes('\ufffd')) ? text : undefined;
}

const decoder = new TextDecoder();

function decodeBytes(bytes: readonly number[]): string {
  return decoder.decode(Uint8Array.from(bytes));
}

/** What one row of letters decodes to, as hex, base32 or base64, when that is readable text of at least `least` bytes. */
export function decodeFragment(fragment: string, least: number): string | undefined {
  const bare = fragment.replace(/=+$/, '');
  if (bare.length < 6 || !/^[A-Za-z0-9+/_-]+$/.test(bare)) return undefined;
  if (/^[0-9a-f]+$/i.test(bare) && bare.length % 2 === 0) {
    const text = readable(hexBytes(bare), false, least);
    if (text !== undefined) return text;
  }
  if (/^[A-Z2-7]{8,}$/i.test(bare) && /\d/.test(bare)) {
    const text = readable(base32Bytes(bare.toUpperCase()), false, least);
    if (text !== undefined && /^[ -~\s]+$/.test(text)) return text;
  }
  // A word is readable by itself, and base64 of readable text mixes its letters.
  if (
    !/[A-Z]/.test(bare) ||
    !/[a-z]/.test(bare) ||
    /^[A-Z]?[a-z]+(?:[-_][A-Za-z]?[a-z]+)*$/.test(bare) ||
    bare.length % 4 === 1
  )
    return undefined;
  const text = readable(base64Bytes(bare.replaceAll('-', '+').replaceAll('_', '/')), false, least);
  return text !== undefined && /^[ -~\s]+$/.test(text) ? text : undefined;
}
