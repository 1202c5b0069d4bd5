/** The characters that may stand in one place of a form. Of most forms it is one. */
type Place = readonly string[];

/** A text to look for in every usual encoding of its special characters: a regular expression around a plain word. */
export interface Form {
  /** What stands in every encoding as it is; empty where there is no such word. */
  readonly anchor: string;
  /** Regular expressions of what stands before the anchor, and of the anchor with what stands after. */
  readonly before: string;
  readonly after: string;
  /** A regular expression of the form as far as it has come where a text breaks off; made when it is first asked for. */
  readonly opening: () => string;
  /** Every character that it may begin with. */
  readonly starts: string;
}

/** What is shorter is no secret, and taking it out would take words out of every text. */
export const LEAST_CHARS = 6;
/** A longer form is looked for in parts: a regular expression has its limits. */
const PART_CHARS = 256;
/** The shortest lines that base64 is broken into have sixty characters; most have 64 or 76. */
const LINE_CHARS = 48;
/** The end of a line, as it is or as JSON writes it, and how far the next one is set in. */
const LINE_END = '(?:(?:\\r|\\n|\\\\{1,8}[rn]){1,4}[ \\t]{0,8})?';
/** The same, broken off; and any way to write a character that is longer than one. */
const LINE_END_OPEN = '[\\r\\n\\\\][^]{0,44}$';
const WAY_OPEN = '[%&\\\\][^]{0,40}$';
const ANCHOR_CHARS = 8;
const LEAST_ANCHOR_CHARS = 3;

/**
 * A secret in the forms in which honest programs repeat one: as it is, line by line, a header's credentials without
 * their scheme, each with its special characters as JSON (three deep), addresses, HTML and programming languages write
 * them; and in base64, wherever in the encoded bytes it stands and broken into lines too, and hexadecimal.
 */
export function listForms(value: string): readonly Form[] {
  const credentials = readCredentials(value);
  const whole = new Set([value, value.trim(), ...credentials]);
  const plain = new Set([...whole, ...value.split(/\r?\n/)]);
  const places: Place[][] = [...plain].map((text) => [...text].map((char) => [char]));
  const base64: Place[][] = [];
  for (const text of whole) {
    if (text.length < LEAST_CHARS) continue;
    const bytes = Buffer.from(text);
    const hex = bytes.toString('hex');
    for (const encoded of [hex, hex.toUpperCase()]) places.push([...encoded].map((char) => [char]));
    for (const offset of [0, 1, 2]) base64.push(placesOfBase64(bytes, offset));
  }
  const forms = new Map<string, Form>();
  const add = (form: Form): void => {
    forms.set(`${form.before} ${form.after}`, form);
  };
  for (const all of places) if (all.length >= LEAST_CHARS) for (const part of cut(all, PART_CHARS)) add(toForm(part));
  for (const all of base64) {
    if (all.length < LEAST_CHARS) continue;
    // A part is no longer than a line, so that a line ends in one half of it at most: the other one's anchor is whole.
    for (const part of cut(all, LINE_CHARS)) {
      const middle = Math.ceil(part.length / 2);
      for (const [from, to] of [
        [0, middle],
        [middle, part.length],
      ] as const)
        add(toForm(part, { from, to, between: LINE_END }));
    }
  }
  return [...forms.values()];
}

/** What of a header's value is the secret: without its scheme, and for `Basic` as the two texts in it. */
function readCredentials(value: string): readonly string[] {
  const [, scheme = '', credentials] = /^(bearer|basic|digest|token|apikey)\s+(\S.*)$/is.exec(value) ?? [];
  if (credentials === undefined) return [];
  if (scheme.toLowerCase() !== 'basic') return [credentials];
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? [credentials] : [credentials, decoded, decoded.slice(colon + 1)];
}

/** The characters of base64 that these bytes determine where `offset` bytes, modulo 3, stand before them. */
function placesOfBase64(bytes: Buffer, offset: number): Place[] {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const first = Math.ceil((offset * 8) / 6);
  const end = Math.floor(((offset + bytes.length) * 8) / 6);
  return [...encoded.slice(first, end)].map((char) => (char === '+' ? ['+', '-'] : char === '/' ? ['/', '_'] : [char]));
}

function cut(places: readonly Place[], chars: number): readonly (readonly Place[])[] {
  const parts: (readonly Place[])[] = [];
  for (let from = 0; from < places.length; ) {
    const left = places.length - from;
    const to = left < chars + LEAST_CHARS ? places.length : from + chars;
    parts.push(places.slice(from, to));
    from = to;
  }
  return parts;
}

/** `from`, `to`: where its anchor may be; `between`: what may stand between any two of its characters. */
function toForm(
  places: readonly Place[],
  { from: first, to, between }: { readonly from: number; readonly to: number; readonly between: string } = {
    from: 0,
    to: places.length,
    between: '',
  },
): Form {
  const isPlain = (place: Place | undefined) => place?.length === 1 && /^[A-Za-z0-9]$/.test(place[0] ?? '');
  let best = { from: 0, length: 0 };
  for (let from = first; from < to; from++) {
    let length = 0;
    while (length < ANCHOR_CHARS && from + length < to && isPlain(places[from + length])) length++;
    if (length > best.length) best = { from, length };
    if (length === ANCHOR_CHARS) break;
  }
  const isLongEnough = best.length >= LEAST_ANCHOR_CHARS;
  const [from, length] = isLongEnough ? [best.from, best.length] : [0, 0];
  const write = (some: readonly Place[]) => some.map(writePlace).join(between);
  const before = write(places.slice(0, from));
  return {
    anchor: places
      .slice(from, from + length)
      .flat()
      .join(''),
    before: before === '' ? '' : before + between,
    after: write(places.slice(from)),
    opening: () => writeOpening(places, between),
    starts: [...new Set((places[0] ?? []).flatMap((char) => startsOf(char)))].join(''),
  };
}

/** Each place as it is, as far as it has come, or not there any more. */
function writeOpening(places: readonly Place[], between: string): string {
  const [first, ...rest] = places.map((place) => {
    const isLetter = place.every((char) => /^[A-Za-z0-9]$/.test(char));
    return isLetter ? writePlace(place) : `(?:${writePlace(place)}|${WAY_OPEN})`;
  });
  const line = between === '' ? '' : `${LINE_END_OPEN}|`;
  return `${first}${rest.map((place) => `(?:${between}${place}|${line}$)`).join('')}$`;
}

/** What the first character may be of any way to write one. */
function startsOf(char: string): readonly string[] {
  if (/^[A-Za-z0-9]$/.test(char)) return [char];
  return [char.charAt(0), '%', '&', '\\', ...(char === ' ' ? ['+'] : [])];
}

function writePlace(place: Place): string {
  const ways = place.flatMap(listWays);
  return ways.length === 1 ? (ways[0] ?? '') : `(?:${ways.join('|')})`;
}

const NAMES: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
  '/': 'sol',
  '=': 'equals',
  '+': 'plus',
};
const ESCAPES: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f' };

/** How a character is written, as regular expressions. Letters and digits are written as they are by everybody. */
function listWays(char: string): readonly string[] {
  const literal = char.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  if (/^[A-Za-z0-9]$/.test(char)) return [literal];
  const code = char.codePointAt(0) ?? 0;
  const units = Array.from({ length: char.length }, (_, index) => char.charCodeAt(index));
  const name = Object.hasOwn(NAMES, char) ? `|${NAMES[char]}` : '';
  const short = Object.hasOwn(ESCAPES, char) ? ESCAPES[char] : undefined;
  return [
    ...(char === ' ' ? ['\\+'] : []),
    ...(char.isWellFormed() ? [writeBytes(Buffer.from(char))] : []),
    units.map((unit) => `\\\\{1,8}u${writeHex(unit, 4)}`).join(''),
    ...(code < 256 ? [`\\\\{1,8}x${writeHex(code, 2)}`] : []),
    `&(?:amp;){0,2}(?:#0{0,6}${code}|#[xX]0{0,6}${writeHex(code, 1)}${name});`,
    ...(short === undefined ? [] : [`\\\\{1,8}${short}`]),
    // Each time that a text is put into JSON, or quoted, what stands before a special character doubles.
    char === '\\' ? '\\\\{1,16}' : code < 128 && short === undefined ? `\\\\{0,8}${literal}` : literal,
  ];
}

/** Percent-encoded, also where that was encoded again. */
function writeBytes(bytes: Buffer): string {
  return [...bytes].map((byte) => `%(?:25){0,2}${writeHex(byte, 2)}`).join('');
}

function writeHex(value: number, digits: number): string {
  const hex = value.toString(16).padStart(digits, '0');
  return hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
