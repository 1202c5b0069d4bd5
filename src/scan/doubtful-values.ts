import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';

/** Something about a value that an approver could overlook. Made from the value itself; ASCII apart from what it quotes. */
export interface Doubt {
  /** JSON pointer into the arguments. */
  readonly path: string;
  readonly message: string;
}

const MOST_DOUBTS = 50;
const ADDRESS = /[^\s<>()[\]"',;:@]+@[^\s<>()[\]"',;:@]+/gu;
/** Words, addresses and host names: what is read as one thing. */
const TOKEN = /[^\s<>()[\]"',;]+/gu;
const SCRIPTS = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Armenian',
  'Cherokee',
  'Georgian',
  'Hebrew',
  'Arabic',
  'Coptic',
] as const;
const OF_SCRIPT = SCRIPTS.map((script) => [script, new RegExp(`\\p{Script=${script}}`, 'u')] as const);
/** Characters that take no room, or look like none: formatting, separators, fillers, tags, variation selectors. */
const UNSEEN = /\p{Cf}|[\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|\p{Variation_Selector}/gu;
/** Characters that do not show are part of how pictures are written. */
const EMOJI = /\p{Extended_Pictographic}\ufe0f?(?:\u200d\p{Extended_Pictographic}\ufe0f?)*/gu;
/** What is read as an address or the name of a host, where a letter that looks like another leads somewhere else. */
const NAMES_A_PLACE = /@|:\/\/|^[^.\s]+(?:\.[^.\s]+)*\.\p{L}{2,}(?:[/:?#]|$)/u;

/**
 * What in these arguments a person could misread: letters of several scripts in one word, letters that are not ASCII in
 * an address, characters that do not show, several recipients in one text. Marks, never judges: all of it can be meant.
 */
export function listDoubts(args: JsonObject): readonly Doubt[] {
  const doubts: Doubt[] = [];
  for (const [path, text] of textsOf(args, '')) {
    for (const message of doubtsOf(text)) {
      if (doubts.length === MOST_DOUBTS) return [...doubts, { path: '', message: 'and more: look at every value' }];
      doubts.push({ path, message });
    }
  }
  return doubts;
}

/** Every text in a value and where it stands, the names of members among them. */
function* textsOf(value: JsonValue, path: string): Generator<[path: string, text: string]> {
  if (typeof value === 'string') yield [path, value];
  else if (Array.isArray(value)) for (const [i, one] of value.entries()) yield* textsOf(one, `${path}/${i}`);
  else if (isJsonObject(value)) {
    for (const [name, one] of Object.entries(value)) {
      const inner = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      yield [`${inner} (its name)`, name];
      yield* textsOf(one, inner);
    }
  }
}

function* doubtsOf(text: string): Generator<string> {
  const unseen = text.replace(EMOJI, '').match(UNSEEN);
  if (unseen) yield `holds ${unseen.length} characters that do not show: ${printPoints(unseen)}`;
  for (const [token] of text.matchAll(TOKEN)) {
    const scripts = OF_SCRIPT.filter(([, pattern]) => pattern.test(token)).map(([script]) => script);
    const foreign = [...token].filter((character) => character > '\u007f' && !/\p{Cf}/u.test(character));
    if (scripts.length > 1)
      yield `mixes letters of ${scripts.join(' and ')} in \`${shorten(token)}\`: ${printPoints(foreign)}`;
    else if (foreign.length > 0 && NAMES_A_PLACE.test(token))
      yield `has letters beyond ASCII in \`${shorten(token)}\`: ${printPoints(foreign)}`;
    if (/(?:^|[.@/])xn--/i.test(token)) yield `names a host in an encoded form: \`${shorten(token)}\``;
  }
  const addresses = new Set(text.match(ADDRESS) ?? []);
  if (addresses.size > 1)
    yield `holds ${addresses.size} addresses: ${[...addresses].slice(0, 5).map(shorten).join(', ')}`;
}

function printPoints(characters: readonly string[]): string {
  const points = [...new Set(characters)].map((character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return /\p{L}/u.test(character) ? `${character} is U+${code}` : `U+${code}`;
  });
  return points.length > 5 ? `${points.slice(0, 5).join(', ')} and ${points.length - 5} more` : points.join(', ');
}

function shorten(text: string): string {
  const characters = [...text];
  return characters.length > 60 ? `${characters.slice(0, 60).join('')}...` : text;
}
