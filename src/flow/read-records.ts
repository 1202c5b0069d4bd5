import { isJsonObject, type JsonValue } from '../base/json.ts';
import { type Atom, keyOfText, keyOfValue, readAtom, readAtoms, wholeAtom } from './atoms.ts';
import { listHiddenTexts } from './decode-forms.ts';
import { splitIdentifier } from './flow-tool.ts';
import { listWords, stemWord } from './fold-text.ts';

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
  /** Prose: nothing in it is a field. */
  readonly prose: boolean;
}

/** Characters up to which a text in a field of its own is one value, and not prose. */
const VALUE_CHARACTERS = 200;

/** Objects of a parsed result, outermost first. A mapping from data to data counts as a list of records with a `key`. */
export function readRecords(value: JsonValue, take: (record: RecordShape) => boolean): void {
  visit(value, take, 0);
}

/** The single record that prose is. */
export function readProse(text: string): RecordShape {
  return { fields: [{ path: '', words: ['text'], text, inner: readInner(text) }], prose: true };
}

function visit(value: JsonValue, take: (record: RecordShape) => boolean, depth: number): void {
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'object' && item !== null) visit(item, take, depth + 1);
      else if (item !== null && !take({ fields: [readField('value', 'value', item)], prose: false })) return;
    }
    return;
  }
  if (!isJsonObject(value)) {
    if (value !== null && !Array.isArray(value))
      take({ fields: [readField('value', 'value', value as string | number | boolean)], prose: false });
    return;
  }
  const entries = Object.entries(value);
  if (isMapping(entries.map(([key]) => key))) {
    for (const [key, item] of entries) {
      const name = readField('name', 'name', key);
      if (isJsonObject(item)) takeRecord([name, ...collect(item, '')], take);
      else takeRecord([name, ...collect({ value: item }, '')], take);
    }
    return;
  }
  const fields = collect(value, '');
  if (fields.length > 0 && !takeRecord(fields, take)) return;
  for (const [, item] of entries)
    if (typeof item === 'object' && item !== null && holdsObjects(item)) visit(item, take, depth + 1);
}

function takeRecord(fields: readonly Field[], take: (record: RecordShape) => boolean): boolean {
  const id = fields.find((field) => field.key !== undefined && isIdentifier(field));
  return take({ fields, prose: false, ...(id && { id }) });
}

/** `id`, `_id`, `event_id`, `uuid` and the like; a name is no identifier. */
const isIdentifier = (field: Field): boolean =>
  !field.path.includes('[]') && /^(?:id|uuid|guid|key|number|ref)$/.test(field.words.at(-1) ?? '');

/** A mapping whose keys are data: something in them is no plain name, as in `{"Hotel Roma": 4.5}`. */
const isMapping = (keys: readonly string[]): boolean =>
  keys.length > 0 && keys.some((key) => !/^[A-Za-z_$][\w$.-]*$/.test(key) || key.length > 40);

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
        if (typeof entry !== 'object' && entry !== null)
          fields.push(readField(`${path}[]`, name, entry as string | number | boolean));
    } else if (isJsonObject(item)) {
      if (isMapping(Object.keys(item)))
        for (const key of Object.keys(item)) fields.push(readField(`${path}[]`, name, key));
      else if (prefix === '') fields.push(...collect(item, path));
    } else fields.push(readField(path, name, item as string | number | boolean));
  }
  return fields;
}

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
