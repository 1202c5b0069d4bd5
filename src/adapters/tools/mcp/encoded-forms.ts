/** The characters that may stand in one place of a form. Of most forms it is one. */
type Place = readonly string[];

/** A text to look for in every usual encoding of its special characters: a regular expression around a plain word. */
export interface Form {
  /** What stands in every encoding as it is; empty where there is no such word. */
  readonly anchor: string;
  /** Regular expressions of what stands before the anchor, and of the anchor with what stands after. */
  readonly before: string;
  readonly after: string;
}

/** What is shorter is no secret, and taking it out would take words out of every text. */
export const LEAST_CHARS = 6;
/** A longer form is looked for in parts: a regular expression has its limits. */
const PART_CHARS = 256;
const ANCHOR_CHARS = 8;
const LEAST_ANCHOR_CHARS = 3;

/**
 * A secret in the forms in which honest programs repeat one: as it is, line by line, a header's credentials without
 * their scheme, each with its special characters as JSON (three deep), addresses, HTML and programming languages write
 * them; and in base64, wherever in the encoded bytes it stands, and hexadecimal.
 */
export function listForms(value: string): readonly Form[] {
  const credentials = readCredentials(value);
  const whole = new Set([value, value.trim(), ...credentials]);
  const plain = new Set([...whole, ...value.split(/\r?\n/)]);
  const places: Place[][] = [...plain].map((text) => [...text].map((char) => [char]));
  const wrapped: Place[][] = [];
  for (const text of whole) {
    if (text.length < LEAST_CHARS) continue;
    const bytes = Buffer.from(text);
    const hex = bytes.toString('hex');
    for (const encoded of [hex, hex.toUpperCase()]) places.push([...encoded].map((char) => [char]));
    for (const offset of [0, 1, 2]) wrapped.push(placesOfBase64(bytes, offset));
  }
  const forms = new Map<string, Form>();
  const add = (form: Form) => forms.set(`${form.before} ${form.after}`, form);
  for (const part of places.filter(isLong).flatMap(cut)) add(toForm(part));
  for (const part of wrapped.filter(isLong).flatMap(cut)) {
    const form = toForm(part, BREAK);
    add(form);
    // A line may end within its anchor: then another word of it is found.
    const other = toForm(part, BREAK, form.anchor);
    if (form.anchor !== '' && other.anchor.length >= form.anchor.length) add(other);
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

const isLong = (places: readonly Place[]) => places.length >= LEAST_CHARS;

/** Base64 is written in lines of 64 or 76 characters by some, and those are put into JSON by others. */
const BREAK = '(?:(?:\\r|\\n|\\\\{1,8}[rn]){1,4}[ \\t]?)?';

function cut(places: readonly Place[]): readonly (readonly Place[])[] {
  const parts: (readonly Place[])[] = [];
  for (let from = 0; from < places.length; ) {
    const left = places.length - from;
    const to = left < PART_CHARS + LEAST_CHARS ? places.length : from + PART_CHARS;
    parts.push(places.slice(from, to));
    from = to;
  }
  return parts;
}

/** `between` may stand between any two characters; `not` is a word that is not to be the anchor. */
function toForm(places: readonly Place[], between = '', not = ''): Form {
  const isPlain = (place: Place | undefined) => place?.length === 1 && /^[A-Za-z0-9]$/.test(place[0] ?? '');
  const textOf = (from: number, length: number) =>
    places
      .slice(from, from + length)
      .flat()
      .join('');
  let best = { from: 0, length: 0 };
  for (let from = 0; from < places.length; from++) {
    let length = 0;
    while (length < ANCHOR_CHARS && isPlain(places[from + length])) length++;
    if (length <= best.length) continue;
    if (not !== '' && textOf(from, length) === not) {
      from += length - 1;
      continue;
    }
    best = { from, length };
    if (length === ANCHOR_CHARS) break;
  }
  const isLongEnough = best.length >= LEAST_ANCHOR_CHARS;
  const [from, length] = isLongEnough ? [best.from, best.length] : [0, 0];
  const write = (some: readonly Place[]) => some.map(writePlace).join(between);
  return {
    anchor: textOf(from, length),
    before: from === 0 ? '' : write(places.slice(0, from)) + between,
    after: write(places.slice(from)),
  };
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
