import { type Atom, readAtoms } from './atoms.ts';
import { listHiddenTexts } from './decode-forms.ts';
import { findSpelling } from './find-spelling.ts';
import { listWords, stemWord, stripInvisible } from './fold-text.ts';
import { stopWords } from './lexicon.ts';
import { HINTED, NAMED } from './link-record.ts';
import { isAuthorField } from './party-parts.ts';
import type { Field } from './read-records.ts';
import { doubt, type Finding, PROMPT, type RunView, trusted } from './run-view.ts';
import type { Occurrence, SeenRecord } from './seen-record.ts';

/** Words by which a sentence asks to follow or hand on what a record links to. */
const LINKED = /(?<![/\w-])(?:links?|urls?|articles?|(?:web)?pages?|(?:web)?sites?|blogs?)\b/i;
const MEANS_LINK =
  /(?<![/\w-])(?:links?|urls?|articles?|(?:web)?pages?|(?:web)?sites?|blogs?)\s(?:[\w'’]+\s){0,4}(?:posted|shared|sent|linked|mentioned|wrote|in|from)\b|\b(?:posted|shared|linked)\b/i;

/** Callables of every MCP server, by which its own resources are named. */
const OWN_ADDRESSES: ReadonlySet<string> = new Set(['mcp.resources.read', 'mcp.completion.complete']);
/** An address in a server's own scheme goes no further than that server. One of the network may be fetched. */
const OWN_SCHEME =
  /^(?!(?:https?|wss?|s?ftps?|ssh|git|svn|smb|nfs|ldaps?|gopher|mailto|sms|tel|s3|gs|az|abfss?|dns|data|blob)[:+])[a-z][a-z0-9.+-]*:/i;

/**
 * Where a request goes. A URL is trusted from the prompt; on a host of the prompt's, with a path made of the user's own
 * words; from a field of a record the prompt names; or from prose of the one record it names, if it is the only URL there.
 */
export function judgeDestination(raw: string, view: RunView): Finding {
  const { server, name } = view.tool.tool;
  if (OWN_ADDRESSES.has(name) && OWN_SCHEME.test(raw.trim())) return trusted(server);
  const [atom, ...more] = readAtoms(raw).filter((candidate) => candidate.kind === 'url' || candidate.kind === 'email');
  if (!atom) {
    const text = raw.trim();
    const named = view.task.sentences.findIndex((sentence) => sentence.text.includes(text));
    return named !== -1 && text.length > 2
      ? trusted(PROMPT, { sentences: [named] })
      : doubt('ask', 'a destination the user did not name');
  }
  if (more.length > 0) return doubt('ask', 'it holds more than one destination');
  if (stripInvisible(raw).trim().length !== atom.end - atom.start)
    return doubt('ask', 'it holds more than a destination');
  const finding = judgeUrl(atom, view);
  const bare = stripInvisible(raw).trim();
  return bare === raw ? finding : { ...finding, canonical: bare };
}

export function judgeUrl(atom: Atom, view: Pick<RunView, 'task' | 'index'>): Finding {
  const { task, index } = view;
  const mentions = task.mentioned.get(atom.key);
  if (mentions?.every((mention) => mention.role === 'excluded'))
    return doubt('ask', 'the prompt leaves it out', [PROMPT]);
  if (mentions) return trusted(PROMPT, { sentences: mentions.map((mention) => mention.sentence) });
  if (isOnNamedHost(atom, view)) return trusted(PROMPT);
  const places = index.find(atom.key);
  const origins = [...new Set(places.map((place) => place.record.tool))];
  if (places.some((place) => isNamedPlace(place, view) || isOwnPage(place, view))) return trusted(origins[0] ?? PROMPT);
  if (places.length === 0) return doubt('ask', 'a URL composed in this run');
  return doubt('ask', `a URL from \`${origins[0] ?? ''}\` that the prompt does not single out`, origins);
}

function isNamedPlace({ record, inProse }: Occurrence, { index, task }: Pick<RunView, 'index' | 'task'>): boolean {
  if (record.ownWrite || record.shape.prose || record.link.score < NAMED || index.exhausted) return false;
  if (!inProse) return !record.byOutsider && index.isNamed(record, record.kinds);
  if (![...record.link.bySentence].some(([sentence, score]) => score >= NAMED && meansLink(sentence, task, record)))
    return false;
  // The prompt may name several records at once, as by their author: all of them together must hold one URL only.
  const named = index.listing(record.call).filter((other) => other.link.score >= NAMED);
  const urls = new Set(named.flatMap((other) => other.shape.fields.flatMap(listUrls)));
  return urls.size === 1;
}

/**
 * `tell him, with the link`: where the one record that the prompt means can be seen. It is the server's to say, which shows in
 * that all records listed beside it give one on the same host in the same field.
 */
function isOwnPage({ record, field, inProse }: Occurrence, { index, task }: Pick<RunView, 'index' | 'task'>): boolean {
  if (inProse || record.ownWrite || !LINKED.test(task.text)) return false;
  if (!index.isNamed(record, record.kinds, { least: HINTED })) return false;
  const pages = index
    .listing(record.call)
    .filter(({ kinds }) => kinds.some((kind) => record.kinds.includes(kind)))
    .map(({ shape }) => shape.fields.find(({ path }) => path === field.path)?.text ?? '');
  const hosts = new Set(pages.map((page) => (URL.canParse(page) ? new URL(page).host : '')));
  return pages.length > 1 && hosts.size === 1 && !hosts.has('');
}

/** A sentence of the prompt speaks of pages or links, other than by their address. */
export const speaksOfLinks = ({ sentences, mentions }: RunView['task']): boolean =>
  sentences.some(
    ({ text }, at) => LINKED.test(text) && !mentions.some(({ kind, sentence }) => kind === 'url' && sentence === at),
  );

/** Of somebody whom the sentence names it need not say what they did with the page. */
function meansLink(at: number, { sentences, mentions }: RunView['task'], record: SeenRecord): boolean {
  const sentence = sentences[at]?.text ?? '';
  if (MEANS_LINK.test(sentence)) return true;
  return (
    LINKED.test(sentence) &&
    // `Summarise the page www.acme.test and invite Dana`: the page is the one whose address the user wrote.
    !mentions.some(({ kind, sentence: where }) => kind === 'url' && where === at) &&
    record.shape.fields.some(
      (field) => isAuthorField(field) && field.key !== undefined && findSpelling(field.text, sentence) !== undefined,
    )
  );
}

const listUrls = (field: Field): string[] => [
  ...(field.key?.startsWith('url:') ? [field.key] : []),
  ...field.inner.filter((atom) => atom.kind === 'url').map((atom) => atom.key),
];

function isOnNamedHost(atom: Atom, { task }: Pick<RunView, 'task'>): boolean {
  if (!URL.canParse(atom.canonical)) return false;
  const url = new URL(atom.canonical);
  const hosts = task.mentions
    .filter((mention) => mention.kind === 'url' && mention.role !== 'excluded' && URL.canParse(mention.canonical))
    .map((mention) => new URL(mention.canonical));
  if (url.search !== '' || url.hash !== '' || url.username !== '') return false;
  if (!hosts.some((host) => host.host === url.host && host.protocol === url.protocol)) return false;
  const words = listWords(decodeURIComponentSafely(url.pathname)).map(stemWord);
  return words.every((word) => task.stems.has(word) || stopWords.has(word));
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** URLs of an outgoing text that the user did not put there, hidden forms included. */
export function findForeignUrl(text: string, view: Pick<RunView, 'task' | 'index'>): Finding | undefined {
  for (const form of [text, ...listHiddenTexts(text)]) {
    for (const atom of readAtoms(form)) {
      if (atom.kind !== 'url') continue;
      const finding = judgeUrl(atom, view);
      if (finding.trust !== 'trusted') return finding;
    }
  }
  return undefined;
}
