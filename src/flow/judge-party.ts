import { type Atom, keyOfText, readAtoms } from './atoms.ts';
import { escapePattern, foldText, listWords, stemWord } from './fold-text.ts';
import { onlyLooksByName } from './grant-authority.ts';
import { stopWords } from './lexicon.ts';
import { NAMED } from './link-record.ts';
import type { Occurrence } from './provenance-index.ts';
import type { Mention } from './read-mentions.ts';
import type { Field } from './read-records.ts';
import type { Task } from './read-task.ts';
import { doubt, type Finding, PROMPT, type RunView, trusted, USER } from './run-view.ts';

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

/** A party that is a name and has no form: a channel, a user, a payee. */
function judgeName(name: string, view: RunView): Finding {
  const key = keyOfText(name);
  const mentions = view.task.mentioned.get(key)?.filter((mention) => mention.kind === 'quote');
  if (mentions && mentions.length > 0) return judgeMentions(mentions, view.task);
  if (view.own.has(key)) return trusted(USER);
  const folded = foldText(name).replace(/^[#@]/, '');
  const sentence = view.task.sentences.findIndex(
    (candidate) => candidate.folded.includes(folded) && namesInSentence(name, candidate.text),
  );
  if (sentence !== -1)
    return isExcluded(name, view.task)
      ? doubt('ask', 'the prompt leaves it out')
      : trusted(PROMPT, { sentences: [sentence] });
  const places = view.index.find(key);
  const field = places.find((place) => isTrustedField(place, view));
  if (field) return trusted(field.record.tool, { sentences: [...field.record.link.bySentence.keys()] });
  return judgeUnknown(places, view, undefined);
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
 * A name of the prompt: as written, whole words. A common word counts only where a word of address stands before it or
 * a word for its sort behind it.
 */
function namesInSentence(name: string, sentence: string): boolean {
  const words = listWords(name);
  if (words.length === 0) return false;
  const escaped = escapePattern(name);
  const whole = new RegExp(`(?<![\\p{L}\\p{N}_-])[#@]?${escaped}(?:['’]s)?(?![\\p{L}\\p{N}_])`, 'u');
  if (words.some((word) => !stopWords.has(word)) && /[\p{Lu}\d_-]/u.test(name) && whole.test(sentence)) return true;
  const placed = new RegExp(
    `(?:\\b(?:to|with|for|into|channels?|groups?|users?|members?|named|called|and|in|from|on|invite|add|message|contact|remove)\\s+(?:the\\s+)?|[#@'"])${escaped}(?![\\p{L}\\p{N}_])|(?<![\\p{L}\\p{N}_-])${escaped}\\s+(?:channel|group|list|team|room)\\b`,
    'iu',
  );
  return foldText(name).length > 1 && words.some((word) => !stopWords.has(word)) && placed.test(sentence);
}

function isExcluded(name: string, task: Task): boolean {
  const escaped = escapePattern(foldText(name));
  return new RegExp(
    `\\b(?:except(?: for)?|excluding|besides|other than|instead of|apart from|not to|never to|but not|without)\\s+(?:to\\s+)?[#@'"]?${escaped}\\b`,
    'u',
  ).test(foldText(task.text));
}

/** A field of its own, in a record that the prompt names, by an author who may say so. */
function isTrustedField({ record, field, inProse }: Occurrence, view: RunView): boolean {
  if (inProse || record.ownWrite || record.shape.prose || !playsPart(field, view.task)) return false;
  if (view.index.isNamed(record, record.kinds)) return !record.byOutsider || isAuthorField(field.words);
  if (!view.task.many || record.byOutsider) return false;
  return (
    (record.pointed && record.shape.fields.length <= 3) ||
    view.index.isNamed(record, record.kinds, { many: true }) ||
    isQuantified(record.kinds, view.task)
  );
}

/** Fields that hold a party, and what the prompt says when it means the party in that part. */
const PARTS: readonly (readonly [RegExp, RegExp])[] = [
  [/^(?:email|mail|address|phone|contact|name|user|username|handle|value|key|iban)$/, /^/],
  [
    /^(?:participant|attendee|invitee|guest|member)$/,
    /\b(?:participants?|attendees?|invitees?|guests?|members?|people|everyone|everybody|person|team)\b/i,
  ],
  [
    /^(?:sender|from|author|owner|organi[sz]er|creator|host|poster|requester)$/,
    /\b(?:sender|reply|respond|answer|author|owner|organi[sz]er|creator|host|back|refund|reimburse|return|(?:who|they) (?:sent|wrote|posted|created|asked))\b/i,
  ],
  [
    /^(?:recipient|to|receiver|payee|beneficiary|account)$/,
    /\b(?:recipients?|payee|same|again|like|usual|account|iban|everyone|everybody)\b/i,
  ],
];

/** The prompt means the part that the field gives somebody: the participants, the sender; not just anybody in the record. */
function playsPart(field: Field, task: Task): boolean {
  const last = field.words.at(-1) ?? '';
  const part = PARTS.find(([word]) => word.test(last));
  return part ? part[1].test(task.text) : field.words.every((word) => task.stems.has(word));
}

const AUTHOR = new Set([
  'sender',
  'from',
  'author',
  'organizer',
  'organiser',
  'creator',
  'owner',
  'host',
  'requester',
  'submitter',
  'poster',
]);
export const isAuthorField = (words: readonly string[]): boolean => words.some((word) => AUTHOR.has(word));

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
  if (view.index.exhausted || !places.some((place) => !place.inProse && !place.record.ownWrite)) return undefined;
  const local = key.slice('email:'.length, key.indexOf('@')).split(/[^\p{L}]+/u);
  for (const word of local) {
    if (word.length < 2 || stopWords.has(word)) continue;
    const capital = word.charAt(0).toUpperCase() + word.slice(1);
    if (!view.task.text.includes(capital)) continue;
    if (!new RegExp(`(?<![\\p{L}\\p{N}@.])${capital}(?![\\p{L}\\p{N}@])`, 'u').test(view.task.text)) continue;
    const candidates = view.index.addressesNamed(word);
    if (candidates.size === 1 && candidates.has(key)) return capital;
  }
  return undefined;
}

function judgeUnknown(places: readonly Occurrence[], view: RunView, form: Atom['kind'] | undefined): Finding {
  const origins = [...new Set(places.map((place) => place.record.tool))];
  const structured = places.find((place) => !place.inProse && !place.record.ownWrite);
  if (structured)
    return doubt('ask', `from \`${structured.record.tool}\`, in a record the prompt does not single out`, origins);
  if (view.index.exhausted) return doubt('ask', 'more was read than can be remembered', origins);
  const { task, authority } = view;
  const delegates = task.delegates === 'actions' && authority.kind !== 'refused';
  if (places.length > 0) {
    const pointed = authority.kind !== 'unasked' && places.some((place) => isContentOfNamed(place));
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
function isContentOfNamed({ record, field }: Occurrence): boolean {
  if (record.ownWrite) return false;
  if (record.shape.prose) return record.pointed;
  return record.link.score >= NAMED && /^(?:body|content|text|message|note|comment)$/.test(field.words.at(-1) ?? '');
}
