import { keyOfNumber, keyOfValue } from './atoms.ts';
import { followsFrom } from './compute-amount.ts';
import { isDescribed, isLedTo } from './describe-record.ts';
import { isExtreme } from './find-extreme.ts';
import { findSpelling } from './find-spelling.ts';
import { listBases, listWords, stemWord, stripInvisible } from './fold-text.ts';
import { onlyLooksByName } from './grant-authority.ts';
import { stopWords } from './lexicon.ts';
import { HINTED } from './link-record.ts';
import type { Leaf } from './list-leaves.ts';
import { countsAs, isLabelled, listSaid } from './read-amounts.ts';
import { splitIdentifier } from './read-tool-words.ts';
import { isOfNamed } from './refer-record.ts';
import { doubt, type Finding, PROMPT, type RunView, trusted, USER } from './run-view.ts';
import { sharedKinds } from './same-kind.ts';
import type { Occurrence, SeenRecord } from './seen-record.ts';
import { isSelected } from './verify-selection.ts';

const ID_WORDS: ReadonlySet<string> = new Set(['id', 'uuid', 'guid', 'key', 'number', 'ref', 'index']);
const QUANTITY = /^(?:quantity|qty|count|copie|copy)$/;
const SECRET_WORDS: ReadonlySet<string> = new Set([
  'password',
  'passcode',
  'pin',
  'secret',
  'token',
  'credential',
  'passphrase',
]);

/** What is acted on, or how far: an id, a path, an amount, a flag, a name of a thing. */
export function judgeTarget(leaf: Leaf, view: RunView): Finding {
  const { value } = leaf;
  if (typeof value === 'boolean') return judgeFlag(leaf, view);
  const text = String(value);
  if (text.trim() === '') return trusted('nothing at all');
  if (view.ownFacts.get(leaf.words.join(' ')) === keyOfValue(value)) return trusted(USER);
  const last = leaf.words.at(-1) ?? '';
  const isId = ID_WORDS.has(last);
  const mentioned = judgeMentioned(leaf, text, isId, view);
  if (mentioned) return mentioned;
  if (leaf.words.some((word) => SECRET_WORDS.has(word))) {
    const given = view.authority.sentences.some((sentence) =>
      view.task.mentions.some((mention) => mention.sentence === sentence && mention.kind === 'quote'),
    );
    return doubt(view.authority.kind === 'granted' && !given ? 'ask' : 'deny', 'a secret that the user did not write');
  }
  if (value === 1 && QUANTITY.test(last)) return trusted('the least quantity');
  if (typeof value === 'number' && !isId) return judgeAmount(value, leaf, view);
  // What an argument is called says what it chooses, `hotel` as much as `hotel_id`; else it is what the tool acts on.
  const kinds =
    isId && leaf.words.length > 1 ? leaf.words.slice(0, -1) : [...new Set([...view.objects, ...leaf.words])];
  const known = judgeObject(keyOfValue(value), kinds, leaf, view);
  if (known) return known;
  if (!isId && typeof value === 'string') {
    const amount = Number(text);
    if (text !== '' && Number.isFinite(amount)) return judgeAmount(amount, leaf, view);
    const said = findRecombined(text, leaf, view);
    if (said !== undefined) return trusted(PROMPT, { sentences: said });
  }
  const places = view.index.find(keyOfValue(value));
  if (!view.authority.destructive) {
    const picked = places.find((place) => isSelected(place, listAsking(view), view.index));
    if (picked) return trusted(picked.record.tool, { message: 'what the prompt picks out of all that was listed' });
  }
  if (
    onlyLooksByName(view.tool) &&
    !view.index.exhausted &&
    places.some((place) => !place.inProse && !place.record.shape.prose)
  ) {
    return trusted(places[0]?.record.tool ?? PROMPT, { message: 'looked up by an id that was read' });
  }
  if (places.length === 0) return { ...doubt('ask', 'in nothing the user said or this run has read'), from: 'nowhere' };
  return doubt('ask', `from \`${places[0]?.record.tool ?? ''}\`, and nothing in the prompt singles it out`, [
    ...new Set(places.map((place) => place.record.tool)),
  ]);
}

/** The sentences that ask for the call, and those before them: `Which is the cheapest? Book it.` */
export function listAsking({ authority, task }: RunView): string[] {
  const asking = authority.candidates.flatMap((i) => task.sentences[i]?.text.toLowerCase() ?? []);
  return asking.length > 0 ? [...asking, task.text.toLowerCase()] : [task.text.toLowerCase()];
}

function judgeMentioned(leaf: Leaf, text: string, isId: boolean, view: RunView): Finding | undefined {
  const key = keyOfValue(leaf.value);
  const isDestroyed = view.authority.destructive && !isContainer(leaf, view);
  const mentions = view.task.mentioned.get(key)?.filter((mention) => mention.role !== 'excluded') ?? [];
  const usable = mentions.filter((mention) => {
    if (isDestroyed && !view.authority.reaches.some((reach) => findSpelling(mention.canonical, reach) !== undefined))
      return false;
    if (mention.kind !== 'number') return true;
    if (!isId) return !isLabelled(mention, view.task, leaf.words);
    const sentence = view.task.sentences[mention.sentence]?.text ?? '';
    return new RegExp(
      `(?:\\bid|\\bnumber|\\bno\\.?|#|\\b${leaf.words[0] ?? 'id'})\\W{0,3}(?:is\\s)?\\W?${mention.canonical}\\b`,
      'i',
    ).test(sentence);
  });
  if (usable.length > 0) return trusted(PROMPT, { sentences: usable.map((mention) => mention.sentence) });
  if (typeof leaf.value === 'number' || key.startsWith('number:')) {
    const said = !isId && mentions.length === 0 && view.task.numbers.includes(Number(leaf.value));
    return said ? trusted(PROMPT) : undefined;
  }
  const words = listWords(text);
  if (words.every((word) => stopWords.has(word)) || text.length < 2) return judgeShort(leaf, text, view);
  if (/^[#@]?\d+$/.test(text.trim()) && isId) return undefined;
  for (const [sentence, said] of view.task.sentences.entries()) {
    const spelled = findSpelling(text, said.text);
    if (spelled === undefined) continue;
    if (isDestroyed && !view.authority.reaches.some((reach) => findSpelling(text, reach) !== undefined))
      return undefined;
    // Case may belong to the tool, as in a closed list. What cannot be seen belongs to nobody.
    const plain = stripInvisible(text) === text;
    return trusted(PROMPT, { sentences: [sentence], ...(!plain && { canonical: spelled }) });
  }
  return undefined;
}

/** It only says where that is which is destroyed: another argument names it. */
const isContainer = (leaf: Leaf, { objects, tool }: RunView): boolean =>
  CONTAINERS.has(leaf.words.at(-1) ?? '') &&
  !leaf.words.some((word) => objects.includes(word)) &&
  tool.sinks.some(({ path }) =>
    splitIdentifier(path)
      .map(stemWord)
      .some((word) => objects.includes(word)),
  );
const CONTAINERS: ReadonlySet<string> = new Set('owner repo repository project org organization workspace'.split(' '));

/** `r` for `read`: a short code of a closed list stands for a word of the prompt, never for more than it. */
function judgeShort(leaf: Leaf, text: string, view: RunView): Finding | undefined {
  if (!/^[a-z]{1,2}$/i.test(text)) return undefined;
  const letter = text.toLowerCase();
  const meant = [...view.task.stems].some(
    (stem) => stem.length > 2 && stem.startsWith(letter) && leaf.words.length > 0,
  );
  return meant && letter.length === 1 ? trusted(PROMPT) : undefined;
}

/**
 * A path or name made of the user's own words in a new order is still the user's; one that climbs or hides is not. Answers
 * the sentences that hold all of it; none where its words are strewn over several.
 */
function findRecombined(text: string, leaf: Leaf, view: RunView): readonly number[] | undefined {
  // What is destroyed is named outright, and a part of a path or of a name is not what it is a part of.
  const isDestroyed = view.authority.destructive && !isContainer(leaf, view);
  if (isDestroyed || /\.\.|^[/~.\\]|\\|:\/\//.test(text)) return undefined;
  const words = listWords(text.replace(/\.[a-z][a-z0-9]{1,4}$/i, '').replaceAll('_', ' '));
  if (!words.some((word) => !stopWords.has(word))) return undefined;
  const isIn = (stems: ReadonlySet<string>): boolean =>
    words.every((word) => stopWords.has(word) || listBases(word).some((base) => stems.has(base)));
  if (!isIn(view.task.stems)) return undefined;
  return view.task.sentences.flatMap((sentence, at) => (isIn(sentence.stems) ? [at] : []));
}

/** Flags that protect: on is their safe side. */
const PROTECTS: ReadonlySet<string> = new Set(
  'private secure encrypted readonly sandbox internal hidden restricted draft confirm verify'.split(' '),
);

/** Flags: the side on which less can happen is safe; the other has to be said. */
function judgeFlag(leaf: Leaf, view: RunView): Finding {
  const protects = leaf.words.some((word) => PROTECTS.has(word));
  if (leaf.value === protects) return trusted('the safe side of a flag');
  const said = protects ? [...leaf.words.map((word) => `un${word}`), 'public', 'open'] : leaf.words;
  return said.some((word) => view.task.stems.has(word))
    ? trusted(PROMPT)
    : doubt('ask', 'a flag that the user did not ask for');
}

/** An object of the world: by its id, or by a field that names it. */
function judgeObject(key: string, kinds: readonly string[], leaf: Leaf, view: RunView): Finding | undefined {
  for (const kind of kinds) if (view.created.has(`${kind}#${key}`)) return trusted('an object this run created');
  const places = view.index
    .find(key)
    .filter((place) => !place.inProse && !place.record.ownWrite && identifies(place, leaf));
  for (const place of places)
    if (
      isChosen(place.record, isNamedAlike(place, leaf) ? [...kinds, ...place.record.kinds] : kinds, view) ||
      (leaf.path.includes('[]') &&
        !view.authority.destructive &&
        view.index.isNamedApart(place.record, sharedKinds(kinds, place.record.kinds)))
    )
      return trusted(place.record.tool, { sentences: [...place.record.link.bySentence.keys()] });
  return undefined;
}

/** `branch` of a pull request for an argument `branch`: the name says that it is one, whatever record it stands in. */
function isNamedAlike({ record, field }: Occurrence, leaf: Leaf): boolean {
  return (
    record.shape.id !== field &&
    field.words.length === leaf.words.length &&
    field.words.every((word) => leaf.words.includes(word) && !ID_WORDS.has(word) && !GENERAL.has(word))
  );
}
const GENERAL: ReadonlySet<string> = new Set('name title value text'.split(' '));

/** The field is the record's own id, or it is named like the argument. */
function identifies({ record, field }: Occurrence, leaf: Leaf): boolean {
  const last = leaf.words.at(-1) ?? '';
  // `door` takes the id of a door as `door_id` does.
  if (record.shape.id === field) return ID_WORDS.has(last) || record.kinds.includes(last);
  return (
    field.words.some((word) => leaf.words.includes(word)) ||
    /^(?:name|title|key|value|filename|path)$/.test(field.words.at(-1) ?? '')
  );
}

function isChosen(record: SeenRecord, kinds: readonly string[], view: RunView): boolean {
  const { authority, index, task } = view;
  const shared = sharedKinds(kinds, record.kinds);
  if (shared.length === 0) return false;
  if (authority.destructive) {
    const named = index.isNamed(record, shared, { many: task.many, sentences: authority.candidates });
    if (named && authority.reaches.some((reach) => speaksOf(reach, record))) return true;
    return isExtreme(record, index.listing(record.call), authority.reaches);
  }
  if (index.isNamed(record, shared, { many: task.many }) || index.isNamed(record, shared, { least: HINTED }))
    return true;
  if (index.isPhrased(record, shared) || view.delegated.names(record)) return true;
  if (isDescribed(record, view) || isLedTo(record, view) || isOfNamed(record, view)) return true;
  const asking = authority.candidates.flatMap((i) => task.sentences[i]?.text.toLowerCase() ?? []);
  return isExtreme(record, index.listing(record.call), asking.length > 0 ? asking : [task.text.toLowerCase()]);
}

/** What is destroyed must be named beside the verb that destroys: words of one of the record's values stand there. */
function speaksOf(reach: string, record: SeenRecord): boolean {
  const words = new Set(listWords(reach).map(stemWord));
  return record.shape.fields.some(
    (field) =>
      field.key !== undefined &&
      listWords(field.text).some((word) => !stopWords.has(word) && words.has(stemWord(word))),
  );
}

function judgeAmount(amount: number, leaf: Leaf, view: RunView): Finding {
  const { task, index } = view;
  const bases: number[] = [];
  const origins = new Set<string>();
  // Of the records of one tool only those count that the prompt names best: what an outsider adds beside them does not.
  const best = new Map<string, number>();
  const scoreOf = (record: SeenRecord): number => {
    const asked = view.authority.candidates.map((sentence) => record.link.bySentence.get(sentence) ?? 0);
    // What stands in the very sentence that asks comes before what is said elsewhere.
    return Math.max(0, ...asked) >= HINTED ? 100 + Math.max(...asked) : record.link.score;
  };
  for (const record of view.linked)
    if (!record.shape.prose) best.set(record.tool, Math.max(best.get(record.tool) ?? 0, scoreOf(record)));
  for (const record of view.linked) {
    if (record.ownWrite || (!record.shape.prose && scoreOf(record) < (best.get(record.tool) ?? 0))) continue;
    for (const field of record.shape.fields) {
      if (field.words.at(-1) === 'id' || view.introduced.has(field.key ?? '')) continue;
      if (!record.shape.prose && !countsAs(field, leaf)) continue;
      if (field.number !== undefined) bases.push(field.number);
      else if (record.shape.prose && task.delegates !== 'none') {
        for (const atom of field.inner) if (atom.kind === 'number') bases.push(Number(atom.canonical));
      }
      if (field.number === amount) origins.add(record.tool);
    }
  }
  const direct = bases.includes(amount);
  if (direct) return trusted([...origins][0] ?? PROMPT);
  const lent = index.hinted
    .filter((record) => record.shape.prose && record.pointed)
    .map((record) => record.shape.fields[0]?.text ?? '');
  const words = task.delegates === 'none' ? task.text : [task.text, ...lent].join('\n').slice(0, 20_000);
  const all = [...new Set(bases)];
  const said = listSaid(task);
  if (followsFrom(amount, all.length > 0 ? all : said, said, words)) return trusted('a computation over what was read');
  const places = index.find(keyOfNumber(amount));
  if (places.length > 0) return doubt('ask', 'an amount that the prompt does not single out');
  return { ...doubt('ask', 'an amount the user did not say and nothing adds up to'), from: 'nowhere' };
}
