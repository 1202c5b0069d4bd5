import { limits } from '../base/limits.ts';
import type { GovernedTool, ToolName } from '../model/tool.ts';
import { keyOfValue } from './atoms.ts';
import { listWords, stemWord } from './fold-text.ts';
import { isKept } from './kept-record.ts';
import { sameNoun } from './lexicon.ts';
import { HINTED, linkRecord, listPhrases, NAMED } from './link-record.ts';
import type { Field, RecordShape } from './read-records.ts';
import type { Task } from './read-task.ts';
import { readToolWords, splitIdentifier } from './read-tool-words.ts';
import { SearchedTexts } from './searched-texts.ts';
import type { Occurrence, SeenRecord } from './seen-record.ts';

/**
 * Every value seen in a run and where, and which records the prompt names best. When a bound is reached nothing more is
 * trusted from it: `exhausted`.
 */
export class ProvenanceIndex {
  readonly #values = new Map<string, Occurrence[]>();
  readonly #best = new Map<string, { score: number; identities: Set<string> }>();
  readonly #records: SeenRecord[] = [];
  readonly #byCall = new Map<number, SeenRecord[]>();
  /** Domains of the addresses that the user keeps, as in their contacts: `@acme.test`. */
  readonly keptDomains = new Set<string>();
  readonly #byTool = new Map<ToolName, SeenRecord[]>();
  readonly #hinted: SeenRecord[] = [];
  readonly #localParts = new Map<string, Set<string>>();
  readonly #byNameWord = new Map<string, Set<string>>();
  readonly #counts = new Map<string, { readonly objects: readonly string[]; readonly count: number }[]>();
  /** Made when it is first searched after something was added. */
  #searched: SearchedTexts | undefined;
  readonly #phrases: ReadonlyMap<string, number>;
  readonly #task: Task;
  #count = 0;
  #characters = 0;
  #exhausted = false;

  constructor(task: Task) {
    this.#task = task;
    this.#phrases = listPhrases(task);
  }

  /** A bound was reached, or something was read that is not in it: it holds nothing any more. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** From now on nothing is found here. What cannot be told apart from what is missing proves nothing. */
  exhaust(): void {
    this.#exhausted = true;
    this.#values.clear();
    this.#best.clear();
    this.#byCall.clear();
    this.#byTool.clear();
    this.keptDomains.clear();
    this.#searched = undefined;
    this.#counts.clear();
    this.#byNameWord.clear();
    this.#localParts.clear();
    this.#records.length = 0;
    this.#hinted.length = 0;
    this.#count = 0;
  }

  /** Values and records held, as a measure of memory. */
  get entries(): number {
    return this.#count + this.#records.length;
  }

  get last(): SeenRecord | undefined {
    return this.#records.at(-1);
  }

  /** Records the prompt at least hints at, and documents it points to. */
  get hinted(): readonly SeenRecord[] {
    return this.#hinted;
  }

  /** Whether the bound leaves room for a text of this length; if not, the index is exhausted from now on. */
  reserve(characters: number): boolean {
    this.#characters += characters;
    if (this.#characters > limits.flowChars) this.exhaust();
    return !this.#exhausted;
  }

  /**
   * Adds one record. Answers false when a bound is reached. `isIntroduced`: values that the agent brought into the world
   * itself; where they come back they prove nothing.
   */
  add(
    shape: RecordShape,
    tool: GovernedTool,
    seen: Omit<SeenRecord, 'shape' | 'tool' | 'kinds' | 'identity' | 'link' | 'yields'>,
    isIntroduced: (key: string) => boolean,
  ): boolean {
    if (this.#records.length >= limits.flowRecords || this.#count >= limits.flowValues) this.exhaust();
    if (this.#exhausted) return false;
    const kinds = listKinds(shape, tool);
    const kept = isKept({ ...seen, kinds });
    const link = linkRecord(shape, this.#task, this.#phrases, kept);
    const identity = shape.id?.key === undefined ? contentIdentity(shape) : `${kinds.at(-1) ?? ''}#${shape.id.key}`;
    const record: SeenRecord = { ...seen, shape, tool: tool.name, kinds, identity, link, yields: tool.yields };
    this.#records.push(record);
    this.#searched = undefined;
    putIn(this.#byCall, seen.call, record);
    putIn(this.#byTool, tool.name, record);
    if (record.link.score >= HINTED || (shape.prose && seen.pointed)) this.#hinted.push(record);
    if (!record.ownWrite) this.#rank(record);
    for (const field of shape.fields) {
      for (const atom of field.inner)
        if (!isIntroduced(atom.key)) this.#remember(atom.key, { record, field, inProse: true });
      if (!record.ownWrite) this.#rememberName(field, record);
      if (field.key === undefined || isIntroduced(field.key)) continue;
      this.#remember(field.key, { record, field, inProse: false });
      if (field.key.startsWith('email:') && isKept(record))
        this.keptDomains.add(field.key.slice(field.key.lastIndexOf('@')));
      if (field.key.startsWith('email:') && !record.ownWrite) this.#rememberLocalPart(field.key);
    }
    return true;
  }

  /** Where a value was seen. Over the bound per value, the first places only; then it is too common to prove anything. */
  find(key: string): readonly Occurrence[] {
    return this.#values.get(key) ?? [];
  }

  /** E-mail addresses seen in fields of their own whose local part holds this word. */
  addressesNamed(word: string): ReadonlySet<string> {
    return this.#localParts.get(word) ?? new Set();
  }

  /**
   * Whether the prompt names this record and, unless `many`, no other of that kind as well. With `sentences`, only
   * what those sentences say counts.
   */
  isNamed(
    record: SeenRecord,
    kinds: readonly string[],
    options: { readonly many?: boolean; readonly sentences?: readonly number[]; readonly least?: number } = {},
  ): boolean {
    if (record.ownWrite || record.narrowed || this.#exhausted) return false;
    const scopes = options.sentences?.map(String) ?? ['*'];
    return scopes.some((scope) => {
      const score = scope === '*' ? record.link.score : (record.link.bySentence.get(Number(scope)) ?? 0);
      if (score < (options.least ?? NAMED)) return false;
      return kinds.some((kind) => {
        const best = this.#best.get(`${kind}|${scope}`);
        if (!best || !record.kinds.includes(kind)) return false;
        if (options.many) return score >= NAMED;
        return best.score === score && best.identities.size === 1;
      });
    });
  }

  /**
   * Whether the prompt says all of a record's name, of two words at least, and no other record of that kind shares any of
   * them: `the east entrance and the loading dock` names two.
   */
  isNamedApart(record: SeenRecord, kinds: readonly string[]): boolean {
    if (record.ownWrite || record.narrowed || this.#exhausted) return false;
    const own = record.link.names.filter((name) => name.size > 1);
    return own.some((name) =>
      this.#hinted.every(
        (other) =>
          other.identity === record.identity ||
          !other.kinds.some((kind) => kinds.includes(kind)) ||
          other.link.names.every((theirs) => theirs.isDisjointFrom(name)),
      ),
    );
  }

  /** Whether the prompt holds words of the record's name side by side, and no other record of that kind has any of them. */
  isPhrased(record: SeenRecord, kinds: readonly string[]): boolean {
    if (record.ownWrite || record.narrowed || this.exhausted || record.link.stems.size < 2) return false;
    return kinds.some((kind) =>
      [...record.link.stems].every((stem) => {
        const best = this.#best.get(`${kind}~${stem}`);
        return best?.identities.size === 1 && best.identities.has(record.identity);
      }),
    );
  }

  /**
   * Records of any kind that the prompt names as it names this one, `Dana` as much as `Dana Smith`: which of them tells
   * the truth cannot be told where they differ.
   */
  namesakes(record: SeenRecord): readonly SeenRecord[] {
    const { names } = record.link;
    return this.#hinted.filter(
      (other) =>
        other !== record &&
        !other.ownWrite &&
        other.link.names.some((theirs) => names.some((mine) => mine.isSubsetOf(theirs) || theirs.isSubsetOf(mine))),
    );
  }

  /** Records that one call returned. */
  listing(call: number): readonly SeenRecord[] {
    return this.#byCall.get(call) ?? [];
  }

  /** Every record that a tool returned; `undefined` where there are more of them than somebody goes through. */
  ofTool(tool: ToolName, most: number): readonly SeenRecord[] | undefined {
    const found = this.#byTool.get(tool) ?? [];
    return found.length > most ? undefined : found;
  }

  /**
   * Fields of others that hold a text, whatever its case: for the few questions that no key answers. `undefined` where
   * more was read than is looked through.
   */
  textsHolding(text: string): readonly Occurrence[] | undefined {
    if (this.#exhausted || this.#characters > limits.flowSearchedChars) return undefined;
    this.#searched ??= new SearchedTexts(this.#records);
    return this.#searched.find(text, limits.flowPlacesPerValue);
  }

  /** Whether some field of a result is this value and nothing besides. */
  isField(text: string): boolean {
    return this.find(keyOfValue(text)).some(({ inProse }) => !inProse);
  }

  /** Records, by identity, of anybody whose name holds this word. */
  recordsNamed(word: string): ReadonlySet<string> {
    return this.#byNameWord.get(word) ?? new Set();
  }

  /** Remembers how many things a call listed of what its arguments name. */
  listed(tool: GovernedTool, keys: readonly string[], count: number): void {
    if (this.#exhausted) return;
    const { objects } = readToolWords(tool.tool);
    for (const key of keys) {
      const counts = this.#counts.get(key) ?? [];
      if (counts.length < limits.flowPlacesPerValue) counts.push({ objects, count });
      this.#counts.set(key, counts);
      this.#count++;
    }
  }

  /** How many of a sort were listed of a thing, where all listings of that sort say the same. */
  countListed(key: string, noun: string): number | undefined {
    const counts = (this.#counts.get(key) ?? []).filter(({ objects }) =>
      objects.some((object) => sameNoun(object, noun)),
    );
    const [first] = counts;
    return first !== undefined && counts.every(({ count }) => count === first.count) ? first.count : undefined;
  }

  #rank(record: SeenRecord): void {
    for (const kind of record.kinds) {
      for (const stem of record.link.stems) this.#rankIn(`${kind}~${stem}`, HINTED, record.identity);
      this.#rankIn(`${kind}|*`, record.link.score, record.identity);
      for (const [sentence, score] of record.link.bySentence)
        this.#rankIn(`${kind}|${sentence}`, score, record.identity);
    }
  }

  #rankIn(scope: string, score: number, identity: string): void {
    if (score < HINTED) return;
    const best = this.#best.get(scope);
    if (!best || score > best.score) this.#best.set(scope, { score, identities: new Set([identity]) });
    else if (score === best.score) best.identities.add(identity);
  }

  #remember(key: string, occurrence: Occurrence): void {
    const places = this.#values.get(key);
    if (!places) this.#values.set(key, [occurrence]);
    else if (places.length < limits.flowPlacesPerValue) places.push(occurrence);
    this.#count++;
  }

  /** Whoever is called something, or gives that as their name. */
  #rememberName({ words, text }: Field, { identity, shape }: SeenRecord): void {
    if (shape.prose || !NAMING.test(words.at(-1) ?? '') || text.length > NAME_CHARACTERS) return;
    for (const word of listWords(text)) {
      if (word.length < 2) continue;
      const identities = this.#byNameWord.get(word) ?? new Set();
      this.#byNameWord.set(word, identities.add(identity));
    }
  }

  #rememberLocalPart(key: string): void {
    const local = key.slice('email:'.length, key.indexOf('@'));
    for (const word of local.split(/[^\p{L}]+/u)) {
      if (word.length < 2) continue;
      const addresses = this.#localParts.get(word) ?? new Set();
      this.#localParts.set(word, addresses.add(key));
    }
  }
}

function putIn<K>(map: Map<K, SeenRecord[]>, key: K, record: SeenRecord): void {
  const others = map.get(key);
  if (others) others.push(record);
  else map.set(key, [record]);
}

const NAMING = /^(?:name|sender|from|author|owner|organi[sz]er|creator|user|username|contact|person)$/;
const NAME_CHARACTERS = 60;

function listKinds(shape: RecordShape, tool: GovernedTool): string[] {
  const { objects } = readToolWords(tool.tool);
  const own = shape.id?.words.slice(0, -1) ?? [];
  const sorts = shape.nested ? splitIdentifier(shape.at.split('.').at(-1) ?? '').map(stemWord) : objects;
  return [...new Set([...sorts, ...own.map(stemWord)])];
}

function contentIdentity(shape: RecordShape): string {
  return shape.fields.map((field) => `${field.path}=${field.text}`).join('\n');
}
