import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { type Atom, keyOfText, keyOfValue, readAtom, readAtoms, wholeAtom } from './atoms.ts';
import { listHiddenTexts } from './decode-forms.ts';
import { listWords, stemWord } from './fold-text.ts';
import { holdsOnlyParties } from './holds-only-parties.ts';
import { splitIdentifier } from './read-tool-words.ts';

/** One value of a result that stands in a field of its own. */
export interface Field {
  /** From the record: `sender`, `participants[]`, `shared_with`. */
  readonly path: string;
  /** Stems of the words of its own name. */
  readonly words: readonly string[];
  /** The value as text; what a number or a flag prints as. */
  readonly text: string;
  /** Key of the whole value, where it is short enough to be one. */
  readonly key?: string;
  readonly number?: number;
  /** Values with a form that stand in a longer text: only as good as prose. */
  readonly inner: readonly Atom[];
}

/** One object of a result, or the whole of a result that is prose. */
export interface RecordShape {
  readonly fields: readonly Field[];
  /** The object's own identifier, if it has one field that is named like one. */
  readonly id?: Field;
  /** Where it stands in its result, dotted, lists walked through: `contacts`. Empty at the top, and in lists there. */
  readonly at: string;
  /** It stands inside an item of a list, as the labels of an issue do: another sort of thing than what was listed. */
  readonly nested?: true;
  /** Prose: nothing in it is a field. */
  readonly prose: boolean;
}

/** Characters up to which a text in a field of its own is one value, and not prose. */
const VALUE_CHARACTERS = 200;

/** Objects of a parsed result, outermost first. A mapping from data to data counts as a list of records with a `key`. */
export function* readRecords(
  value: JsonValue,
  at = '',
  isRow = false,
  inside: 'list' | 'item' | undefined = undefined,
): Generator<RecordShape> {
  if (Array.isArray(value)) {
    const isTable = hasOneShape(value);
    for (const item of value) yield* readRecords(item, at, isTable, inside === 'item' ? 'item' : 'list');
    return;
  }
  if (!isJsonObject(value)) {
    if (typeof value !== 'object') yield { fields: [readField('', 'value', value)], at, prose: false };
    return;
  }
  const entries = Object.entries(value);
  if (!isRow && isMapping(entries.map(([key]) => key))) {
    for (const [key, item] of entries) {
      const name = readField('name', 'name', key);
      yield toRecord([name, ...collect(isJsonObject(item) ? item : { value: item }, '')], at, inside);
    }
    return;
  }
  const fields = collect(value, '');
  if (fields.length > 0) yield toRecord(fields, at, inside);
  for (const [key, item] of entries)
    if (typeof item === 'object' && item !== null && holdsObjects(item))
      yield* readRecords(item, at === '' ? key : `${at}.${key}`, false, inside && 'item');
}

/** What prose is: one record, or one for every stretch of a long one. */
export function* readProse(text: string): Generator<RecordShape> {
  for (let start = 0; start < text.length || start === 0; ) {
    const end = findStretchEnd(text, start);
    const part = start === 0 && end === text.length ? text : text.slice(start, end);
    yield { fields: [{ path: '', words: ['text'], text: part, inner: readInner(part) }], at: '', prose: true };
    start = Math.max(end, start + 1);
  }
}

/** Long prose is taken in piece by piece, cut where no value can be cut in two. */
const STRETCH_CHARACTERS = 65_536;

function findStretchEnd(text: string, start: number): number {
  const most = start + STRETCH_CHARACTERS;
  if (most >= text.length) return text.length;
  const line = text.lastIndexOf('\n', most);
  if (line > start + STRETCH_CHARACTERS / 2) return line + 1;
  const space = text.lastIndexOf(' ', most);
  return space > start ? space + 1 : most;
}

/** Where a field stands in its result, dotted, lists walked through: as `from` and `identifiers` are written. */
export function pathOf(record: RecordShape, field: Field): string {
  const own = field.path.replaceAll('[]', '');
  return record.at === '' || own === '' ? `${record.at}${own}` : `${record.at}.${own}`;
}

function toRecord(fields: readonly Field[], at: string, inside: 'list' | 'item' | undefined): RecordShape {
  const id = fields.find((field) => field.key !== undefined && isIdentifier(field));
  return { fields, at, prose: false, ...(inside === 'item' && { nested: true }), ...(id && { id }) };
}

/** `id`, `_id`, `event_id`, `uuid` and the like; a name is no identifier. */
const isIdentifier = (field: Field): boolean =>
  !field.path.includes('[]') && /^(?:id|uuid|guid|key|number|ref)$/.test(field.words.at(-1) ?? '');

/** A mapping whose keys are data: something in them is no plain name, as in `{"Hotel Roma": 4.5}`; `First Name` is one. */
const isMapping = (keys: readonly string[]): boolean =>
  keys.length > 0 &&
  keys.some((key) => (!/^[A-Za-z_$][\w$.-]*$/.test(key) || key.length > 40) && !LABEL.test(key)) &&
  !keys.some((key) => key.includes(' ') && LABEL.test(key));
const LABEL =
  /^[\p{L}\p{N} _-]{0,30}\b(?:name|number|id|e-?mail|phone|address|date|time|price|cost|rating|status|city|country|code|type|amount|total|balance|account|iban|subject|title|description)$/iu;

/** Several objects with the same names in each: rows of a table, whatever those names look like. */
function hasOneShape(items: readonly JsonValue[]): boolean {
  const [first, ...others] = items.map((item) => (isJsonObject(item) ? Object.keys(item).join('\n') : undefined));
  return first !== undefined && others.length > 0 && others.every((names) => names === first);
}

const holdsObjects = (value: JsonValue): boolean =>
  Array.isArray(value)
    ? value.some((item) => typeof item === 'object' && item !== null)
    : isJsonObject(value) &&
      (!isMapping(Object.keys(value)) ||
        Object.values(value).some((item) => typeof item === 'object' && item !== null));

/** Own scalars, lists of scalars, and nested objects' own scalars, with their paths. */
function collect(value: JsonValue, prefix: string): Field[] {
  if (!isJsonObject(value)) return [];
  const fields: Field[] = [];
  for (const [name, item] of Object.entries(value)) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (item === null) continue;
    if (Array.isArray(item)) {
      for (const entry of item)
        if (isJsonObject(entry)) fields.push(...listParties(entry, `${path}[]`, name));
        else if (typeof entry !== 'object' && entry !== null)
          fields.push(readField(`${path}[]`, name, entry as string | number | boolean));
    } else if (isJsonObject(item)) {
      if (isMapping(Object.keys(item)))
        for (const key of Object.keys(item)) fields.push(readField(`${path}[]`, name, key));
      else if (prefix === '') fields.push(...collect(item, path));
    } else fields.push(readField(path, name, item as string | number | boolean));
  }
  return fields;
}

/** `attendees: [{ email }]`: whom a record lists belongs to it as much as in a plain list of addresses. */
const listParties = (entry: JsonObject, path: string, name: string): Field[] =>
  Object.values(entry).flatMap((value) =>
    typeof value === 'string' && holdsOnlyParties(value) ? [readField(path, name, value)] : [],
  );

function readField(path: string, name: string, value: string | number | boolean): Field {
  const words = splitIdentifier(name).map(stemWord);
  const text = String(value);
  if (typeof value !== 'string') {
    return {
      path,
      words,
      text,
      key: keyOfValue(value),
      inner: [],
      ...(typeof value === 'number' && { number: value }),
    };
  }
  if (text.length > VALUE_CHARACTERS || text.includes('\n')) return { path, words, text, inner: readInner(text) };
  const atoms = readAtoms(text);
  const whole = wholeAtom(text, atoms) ?? (/^\s|\s$/.test(text) ? readAtom(text) : undefined);
  const number = whole?.kind === 'number' ? Number(whole.canonical) : undefined;
  return {
    path,
    words,
    text,
    key: whole?.key ?? keyOfText(text),
    inner: whole ? [] : [...atoms, ...readHidden(text)],
    ...(number !== undefined && { number }),
  };
}

function readInner(text: string): Atom[] {
  return [...readAtoms(text), ...readHidden(text)];
}

const readHidden = (text: string): Atom[] => listHiddenTexts(text).flatMap(readAtoms);

/** The words of a field's value that could name something. */
export const wordsOf = (field: Field): string[] => listWords(field.text).map(stemWord);
