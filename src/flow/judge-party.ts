import { type Atom, keyOfText, readAtoms } from './atoms.ts';
import { isDescribed, isLedTo } from './describe-record.ts';
import { findSpelling } from './find-spelling.ts';
import { foldText, listWords, stemWord, stripInvisible } from './fold-text.ts';
import { onlyLooksByName } from './grant-authority.ts';
import { listAsking } from './judge-target.ts';
import { isKept } from './kept-record.ts';
import { stopWords } from './lexicon.ts';
import { HINTED, NAMED } from './link-record.ts';
import { roleOfName } from './name-role.ts';
import { isAuthorField, localWords, namesSomebody, playsPart } from './party-parts.ts';
import { type Mention, roleAfter } from './read-mentions.ts';
import type { Field } from './read-records.ts';
import type { Task } from './read-task.ts';
import { splitIdentifier } from './read-tool-words.ts';
import { doubt, type Finding, PROMPT, type RunView, trusted, USER } from './run-view.ts';
import type { Occurrence, SeenRecord } from './seen-record.ts';
import { isUnsignedGuest } from './unsigned-guest.ts';
import { isSelected } from './verify-selection.ts';

const PARTY_FORMS: ReadonlySet<Atom['kind']> = new Set(['email', 'account', 'phone', 'url']);

/**
 * Who gets it. A text may hold a display name and one address, or several parties: each has to be trusted, and what
 * is executed is the bare address. A party is trusted from the prompt, from a field of the one record the prompt
 * names, or by the one address that a name of the prompt leads to.
 */
export function judgeParty(raw: string, view: RunView): Finding {
  const atoms = readAtoms(raw).filter((atom) => PARTY_FORMS.has(atom.kind));
  const [first] = atoms;
  if (!first) return judgeName(raw.trim(), view);
  if (atoms.length === 1) {
    const rest = (raw.slice(0, first.start) + raw.slice(first.end)).replace(/[<>"'()\s]/g, '');
    if (rest !== '' && !/^[\p{L}\p{M}.,’ -]*$/u.test(rest)) return doubt('ask', 'it holds more than one address');
    const finding = judgeAtom(first, view);
    return first.canonical === raw ? finding : { ...finding, canonical: first.canonical };
  }
  const findings = atoms.map((atom) => judgeAtom(atom, view));
  const worst =
    findings.find((finding) => finding.trust === 'deny') ?? findings.find((finding) => finding.trust === 'ask');
  if (worst) return { ...worst, message: `it holds ${atoms.length} addresses, one of them ${worst.message}` };
  return {
    trust: 'trusted',
    message: 'every address in it is trusted',
    origins: [...new Set(findings.flatMap((finding) => finding.origins))],
    canonical: atoms.map((atom) => atom.canonical).join(', '),
  };
}

function judgeAtom(atom: Atom, view: RunView): Finding {
  const { task, index, own } = view;
  const mentions = task.mentioned.get(atom.key);
  if (mentions) return judgeMentions(mentions, task);
  if (own.has(atom.key)) return trusted(USER);
  if (atom.kind === 'phone' && isWrittenShorter(atom.canonical, task)) return trusted(PROMPT);
  const places = index.find(atom.key);
  const field = places.find((place) => isTrustedField(place, view));
  if (field) return trusted(field.record.tool, { sentences: [...field.record.link.bySentence.keys()] });
  const name = atom.kind === 'email' ? nameThatLeadsTo(atom.key, places, view) : undefined;
  if (name !== undefined)
    return trusted(places.find((place) => !place.inProse)?.record.tool ?? PROMPT, {
      message: `the only address for \`${name}\``,
    });
  return judgeUnknown(places, view, atom.kind);
}

/** The user wrote the number without its country: `600 555 018` for `+34 600 555 018`. */
function isWrittenShorter(phone: string, { text }: Task): boolean {
  const digits = phone.replace(/\D/g, '');
  return [...text.matchAll(/(?<![\d+])(?<![+\d][ ().-])\d(?:[\d ()./-]{5,20})\d(?!\d)/g)].some(
    ({ index, 0: written }) => {
      const local = written.replace(/\D/g, '').replace(/^0/, '');
      const isAll = digits.endsWith(local) && digits.length - local.length <= COUNTRY_DIGITS;
      return (
        isAll && local.length >= LOCAL_DIGITS && roleAfter(text.slice(Math.max(0, index - 80), index)) !== 'excluded'
      );
    },
  );
}
const COUNTRY_DIGITS = 3;
const LOCAL_DIGITS = 7;

/** A party that is a name and has no form: a channel, a user, a payee. */
function judgeName(name: string, view: RunView): Finding {
  const key = keyOfText(name);
  const mentions = view.task.mentioned.get(key)?.filter((mention) => mention.kind === 'quote');
  const places = view.index.find(key);
  const [quote] = mentions ?? [];
  if (mentions && quote) return spell(name, quote.canonical, judgeMentions(mentions, view.task), places);
  if (view.own.has(key) && stripInvisible(name) === name) return trusted(USER);
  for (const [sentence, { text }] of view.task.sentences.entries()) {
    const spelled = findName(name, text);
    if (spelled === undefined) continue;
    const role = roleOfName(name, view.task);
    if (role === 'excluded') return doubt('ask', 'the prompt leaves it out');
    if (role === 'source')
      return doubt('ask', 'the prompt means what they said, and names somebody else as who gets it');
    return spell(name, spelled, trusted(PROMPT, { sentences: [sentence] }), places);
  }
  const field = places.find((place) => isTrustedField(place, view));
  if (field)
    return spell(
      name,
      field.field.text,
      trusted(field.record.tool, { sentences: [...field.record.link.bySentence.keys()] }),
      places,
    );
  const picked = places.find((place) => isSelected(place, listAsking(view), view.index));
  if (picked) return trusted(picked.record.tool, { message: 'what the prompt picks out of all that was listed' });
  return judgeUnknown(places, view, undefined);
}

/** What was matched is what is executed: as it is spelled where it is trusted, unless a result that was read spells it so. */
function spell(name: string, spelled: string, finding: Finding, places: readonly Occurrence[]): Finding {
  const bare = /^[#@]/.test(spelled) && !/^[#@]/.test(name) ? spelled.slice(1) : spelled;
  if (bare === name) return finding;
  const seen = places.some(
    ({ record, field, inProse }) => !inProse && !record.ownWrite && !record.byOutsider && field.text === name,
  );
  return seen ? finding : { ...finding, canonical: bare };
}

function judgeMentions(mentions: readonly Mention[], task: Task): Finding {
  if (mentions.every((mention) => mention.role === 'excluded'))
    return doubt('ask', 'the prompt leaves it out', [PROMPT]);
  const sourceOnly = mentions.every((mention) => mention.role === 'source' || mention.role === 'excluded');
  const others = task.mentions.some(
    (mention) => mention.role === 'target' && isParty(mention) && !mentions.some((own) => own.key === mention.key),
  );
  if (sourceOnly && others)
    return doubt('ask', 'the prompt names it as where something comes from, and somebody else as who gets it', [
      PROMPT,
    ]);
  return trusted(PROMPT, { sentences: mentions.map((mention) => mention.sentence) });
}

const isParty = (mention: Mention): boolean =>
  mention.kind === 'email' || mention.kind === 'account' || mention.kind === 'phone';

/**
 * How a sentence spells a name: as written, the whole of it. A common word counts only where a word of address stands
 * before it or a word for its sort behind it, and digits only where a word says what they are.
 */
function findName(name: string, sentence: string): string | undefined {
  if (listWords(name).every((word) => stopWords.has(word))) return undefined;
  if (/^[\d\s-]+$/.test(name)) return findSpelling(name, sentence, { before: NUMBERED, behind: NO_UNIT });
  const spelled = findSpelling(name, sentence);
  if (spelled === undefined) return undefined;
  const bare = stripInvisible(name).replace(/^[#@]/, '');
  if (/[\p{Lu}\d_-]/u.test(name) && spelled.replace(/^[#@]/, '') === bare) return spelled;
  if (foldText(name).length < 2) return undefined;
  return findSpelling(name, sentence, { before: ADDRESSED }) ?? findSpelling(name, sentence, { behind: SORTED });
}

const ADDRESSED =
  '(?:\\b(?:to|with|for|into|channels?|groups?|users?|members?|named|called|and|in|from|on|invite|add|message|contact|remove|give|grant|assign|ask|tell|let|remind|notify|text|call|mail|email|ping|thank|welcome|pay|refund)\\s+(?:the\\s+)?[\'"]?|[\'"]|(?=[#@]))';
const SORTED = '\\s+(?:channel|group|list|team|room)\\b';
const NUMBERED =
  '\\b(?:accounts?|iban|to|number|no\\.?|nr\\.?|id|user|phone|card|recipient|contact|customer|member|call|text|message)\\s*(?:is\\s|[:#]\\s*)?';
const NO_UNIT = '(?!\\s*(?:[%€$£]|eur|usd|gbp|chf|euros?|dollars?|pounds?)(?![a-z]))';

/** A field of its own, in a record that the prompt names, by an author who may say so. */
function isTrustedField({ record, field, inProse }: Occurrence, view: RunView): boolean {
  if (inProse || record.ownWrite || record.shape.prose) return false;
  if (!playsPart(field, view.task) && !isOwnHandle(record, field)) return false;
  if (isUnsignedGuest(record, field, view)) return false;
  if (view.index.isNamed(record, record.kinds))
    return (!record.byOutsider || isAuthorField(field)) && !isContested(record, field, view);
  if (record.byOutsider) return false;
  if (isOnlyOneCalled(record, view) || isDescribed(record, view, true) || isLedTo(record, view)) return true;
  if (!view.task.many) return false;
  return (
    (record.pointed && record.shape.fields.length <= 3) ||
    view.index.isNamed(record, record.kinds, { many: true }) ||
    isQuantified(record.kinds, view.task) ||
    isOfNamedList(record, view)
  );
}

/** `everybody on the buying team of Lumen`: a list that the prompt speaks of, in the record that it names. */
function isOfNamedList({ shape, call, narrowed }: SeenRecord, { index, task }: RunView): boolean {
  const words = splitIdentifier(shape.at.split('.').at(-1) ?? '').map(stemWord);
  if (words.length === 0 || narrowed || !words.every((word) => task.stems.has(word))) return false;
  const holders = index.listing(call).filter((other) => other.shape.at === '');
  return holders.length === 1 && holders.every((holder) => !holder.byOutsider && index.isNamed(holder, holder.kinds));
}

/** A record's own id stands for it; and of somebody whom the user's side keeps, so does every name of one word in it. */
const isOwnHandle = (record: SeenRecord, field: Field): boolean =>
  record.shape.id === field || (isKept(record) && field.key?.startsWith('text:') === true && !/\s/.test(field.text));

/** `Text Maja`: somebody's card is the only record of all that were read in which anybody is called so. */
function isOnlyOneCalled({ shape, identity, narrowed }: SeenRecord, { index, task }: RunView): boolean {
  const name = shape.fields.find(({ path, key }) => key !== undefined && OWN_NAME.test(path));
  if (name === undefined || narrowed || index.exhausted) return false;
  return listWords(name.text).some((word) => {
    const holders = index.recordsNamed(word);
    const capital = word.charAt(0).toUpperCase() + word.slice(1);
    return word.length > 2 && holders.size === 1 && holders.has(identity) && namesSomebody(capital, task);
  });
}

const OWN_NAME = /^(?:(?:full|display|real|legal|preferred|first|given)[_ ]?)?name$/i;

/** A record of another kind is named alike and gives somebody else in the same part: neither proves who is meant. */
function isContested(record: SeenRecord, field: Field, { index, task }: RunView): boolean {
  const form = /^(?:email|account|phone|url):/.exec(field.key ?? '')?.[0];
  const last = field.words.at(-1);
  return index
    .namesakes(record)
    .some(
      (other) =>
        !record.kinds.some((kind) => other.kinds.includes(kind)) &&
        other.shape.fields.some(
          (rival) =>
            rival.key !== undefined &&
            (form === undefined ? rival.words.at(-1) === last : rival.key.startsWith(form)) &&
            playsPart(rival, task) &&
            !record.shape.fields.some((own) => own.key === rival.key),
        ),
    );
}

/** `all channels`, `every user`: the prompt means all of a sort, and this list is of that sort. */
function isQuantified(kinds: readonly string[], task: Task): boolean {
  for (const { words } of task.sentences) {
    for (const [i, word] of words.entries()) {
      if (word !== 'all' && word !== 'each' && word !== 'every') continue;
      if (words.slice(i + 1, i + 5).some((next) => kinds.includes(stemWord(next)))) return true;
    }
  }
  return false;
}

/**
 * A capitalised word of the prompt that is a word of the address's local part, when no other address in a field of its
 * own is named so. Addresses of records that name the person outright decide before those that only look like it.
 */
function nameThatLeadsTo(key: string, places: readonly Occurrence[], view: RunView): string | undefined {
  if (view.index.exhausted || !places.some(isVouched)) return undefined;
  for (const word of localWords(key)) {
    if (word.length < 2 || stopWords.has(word)) continue;
    const capital = word.charAt(0).toUpperCase() + word.slice(1);
    if (!namesSomebody(capital, view.task)) continue;
    // An address that the prompt gives for this name leaves nothing to look up.
    if (view.task.mentions.some(({ key: given }) => given.startsWith('email:') && localWords(given).includes(word)))
      return undefined;
    const candidates = view.index.addressesNamed(word);
    if (candidates.size === 1 && candidates.has(key)) return capital;
  }
  return undefined;
}

/** An address proves whose it is where somebody keeps it, and where its owner wrote only if the prompt is about that. */
const isVouched = ({ record, field, inProse }: Occurrence): boolean =>
  !inProse &&
  !record.ownWrite &&
  !record.narrowed &&
  ((!record.byOutsider && !isAuthorField(field)) || record.link.score >= HINTED);

function judgeUnknown(places: readonly Occurrence[], view: RunView, form: Atom['kind'] | undefined): Finding {
  const origins = [...new Set(places.map((place) => place.record.tool))];
  const structured = places.find((place) => !place.inProse && !place.record.ownWrite);
  if (structured)
    return doubt('ask', `from \`${structured.record.tool}\`, in a record the prompt does not single out`, origins);
  const untold = places.find((place) => !place.inProse && place.record.untold);
  // What others wrote as well may only have been sent to that tool, which says it back.
  if (untold && !places.some((place) => place.inProse && !place.record.ownWrite)) {
    const { tool } = untold.record;
    return doubt('ask', `from \`${tool}\`, and nothing tells whether that reads or writes what it answers`, origins);
  }
  if (view.index.exhausted) return doubt('ask', 'more was read than can be remembered', origins);
  const { task, authority } = view;
  const delegates = task.delegates === 'actions' && authority.kind !== 'refused';
  if (places.length > 0) {
    const pointed =
      (authority.kind !== 'unasked' || !task.understood) && places.some((place) => isContentOfNamed(place));
    const provable = task.attested && !pointed;
    return {
      ...doubt(provable ? 'deny' : 'ask', `only in text that others wrote, read by \`${origins[0] ?? ''}\``, origins),
      from: 'prose',
    };
  }
  const provable = task.attested && form !== undefined && !delegates && !onlyLooksByName(view.tool);
  return { ...doubt(provable ? 'deny' : 'ask', 'in nothing the user said or this run has read'), from: 'nowhere' };
}

/** Text that the prompt points to: a document it names, or the content of a record that it names. */
export function isContentOfNamed({ record, field }: Occurrence): boolean {
  if (record.ownWrite) return false;
  if (record.shape.prose) return record.pointed;
  return record.link.score >= NAMED && /^(?:body|content|text|message|note|comment)$/.test(field.words.at(-1) ?? '');
}
