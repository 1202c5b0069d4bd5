import { decodeFragment } from './decode-text.ts';
import type { Finding } from './detector.ts';
import { nameInternalAddress } from './internal-address.ts';
import { entropyOf } from './secret-shapes.ts';

/** Where URLs stand in a text. Bounded: what is longer than a URL can be is cut, and says so by its length. */
const URLS =
  /\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}:\/{1,3}[^\s"'<>`\\{}|^]{1,8192}|\b(?:data|javascript|jar):[^\s"'<>]{8,200}/g;
const MOST_URLS = 500;

/** Finds URLs in a text, at most 500. */
export function findUrls(
  text: string,
): readonly { readonly url: string; readonly start: number; readonly end: number }[] {
  if (!text.includes(':/') && !/\b(?:data|javascript|jar):/.test(text)) return [];
  const found = [];
  for (const match of text.matchAll(URLS)) {
    const url = match[0].replace(/[).,;!?\]]+$/, '');
    const end = match.index + url.length;
    found.push({ url, start: match.index, end });
    // An address in the query of another is where a redirect leads.
    const nested = url.slice(8).search(/[a-z][a-z0-9+.-]{1,9}:\/\//i);
    if (nested >= 0) found.push({ url: url.slice(8 + nested), start: match.index + 8 + nested, end });
    if (found.length >= MOST_URLS) break;
  }
  return found;
}

type Shape = Pick<Finding, 'kind' | 'severity' | 'confidence'>;

const high = (kind: string, confidence: Finding['confidence'] = 'high'): Shape => ({
  kind,
  severity: 'high',
  confidence,
});

/**
 * What is wrong with the address of a request: it points inside (this machine, private networks, metadata services),
 * is written to deceive, uses a scheme that reads files or speaks other protocols. `url` is as it was given.
 */
export function findAddressShapes(url: string): readonly Shape[] {
  const found: Shape[] = [];
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? '';
  if (/^(?:file|gopher|dict|ldaps?|jar|netdoc|expect|php|tftp|sftp|phar|view-source)$/.test(scheme))
    found.push(high('url-scheme'));
  const parsed = parse(url);
  if (!parsed) return found;
  const internal = nameInternalAddress(parsed.hostname);
  if (internal) found.push(high(`address-${internal}`));
  const written = authorityOf(url);
  const user = written.includes('@') ? written.slice(0, written.lastIndexOf('@')) : '';
  if (/[a-z0-9-]\.[a-z]{2,}|^\d+\.\d+/i.test(user.split(':')[0] ?? '')) found.push(high('url-userinfo', 'medium'));
  const host = hostAsWritten(url).toLowerCase();
  if (/^\d+\.\d+\.\d+\.\d+$/.test(parsed.hostname) && host !== parsed.hostname) found.push(high('address-in-odd-form'));
  return found;
}

function authorityOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:[/\\]{1,3}([^/?#\\]*)/i.exec(url)?.[1] ?? '';
}

function hostAsWritten(url: string): string {
  const authority = authorityOf(url);
  return authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d*$/, '');
}

/** Data that is carried by the address itself: in the name of the host, the path, the query, the fragment. */
export function findCarriedData(url: string): readonly Shape[] {
  const parsed = parse(url);
  if (!parsed) return [];
  const found: Shape[] = [];
  // As it was written: a parsed host is in small letters, and base64 is not.
  const host = hostAsWritten(url);
  if (!/^[\d.]+$|^\[/.test(parsed.hostname) && hostCarriesData(host)) found.push(high('data-in-hostname'));
  const carried = [
    ...[...parsed.searchParams].filter(([name]) => !OWN_PARAMETERS.test(name)).map(([, value]) => value),
    ...parsed.pathname.split('/'),
    parsed.hash.slice(1),
  ];
  for (const value of carried) {
    if (value.length < 16) continue;
    if (decodeFragment(value, 12) !== undefined) found.push(high('encoded-data-in-url', 'medium'));
    else if (isRandom(value)) found.push(high('random-data-in-url', 'medium'));
  }
  if (parsed.search.length > 2_000) found.push({ kind: 'long-query', severity: 'medium', confidence: 'medium' });
  return found;
}

/** Parameters in which services put random text of their own. */
const OWN_PARAMETERS =
  /^(?:(?:x-\w+-)?(?:signature|sig|credential|security-token)|state|nonce|code|cursor|.*page.?token|continuation|etag|hash|digest|integrity|v|version|code_challenge|csrf\w*|gclid|fbclid|utm_\w+)$/i;

/** Labels below the registered name that decode to text, alone or joined, or that are longer and more random than names are. */
function hostCarriesData(host: string): boolean {
  const labels = host.split('.').slice(0, -2);
  if (labels.length === 0) return false;
  if (labels.some((label) => TOKEN_LABEL.test(label)) || isChunked(labels)) return true;
  const telling = labels.filter((label) => !/^(?:www|api|cdn|static|m|mail|dev|test|staging|app)$/.test(label));
  if (telling.some((label) => label.length >= 16 && decodeFragment(label, 8) !== undefined)) return true;
  for (let from = 0; from + 1 < telling.length; from++) {
    for (let to = telling.length; to > from + 1; to--) {
      const parts = telling.slice(from, to);
      if (parts.some((part) => part.length < 4)) continue;
      if (decodeFragment(parts.join(''), 8) !== undefined) return true;
      if (from > 8 || telling.length > 24) break;
    }
  }
  // Short pieces each in an encoding of its own.
  const pieces = telling
    .map((label) => (label.length >= 6 ? decodeFragment(label, 4) : undefined))
    .filter((piece) => piece !== undefined);
  if (pieces.length >= 2 && pieces.join('').length >= 10) return true;
  const longest = telling.reduce((most, label) => (label.length > most.length ? label : most), '');
  return longest.length >= 40 && !longest.includes('-') && entropyOf(longest) > 3.3 && /\d/.test(longest);
}

/** How issuers begin their tokens, in the letters that a label may have. */
const TOKEN_LABEL =
  /^(?:gh[pousr]|github[-_]pat|glpat|xox[abeoprs]|sk[-_](?:live|test|ant|proj)|akia[a-z2-7]{4}|npm)[-_]?[a-z0-9]{4}/i;

/** Three or more labels in a row of the same length, which no one calls a host: text that was cut to fit. */
function isChunked(labels: readonly string[]): boolean {
  let row = 1;
  for (let i = 1; i < labels.length; i++) {
    row = labels[i]?.length === labels[i - 1]?.length && (labels[i]?.length ?? 0) >= 6 ? row + 1 : 1;
    if (row >= 3) return true;
  }
  return false;
}

/** Base64-like, of three classes of characters, with little repetition: a token or encrypted data rather than a name. */
function isRandom(value: string): boolean {
  if (value.length < 24 || /^[0-9a-f-]+$/i.test(value)) return false;
  return (
    /[a-z]/.test(value) &&
    /[A-Z]/.test(value) &&
    /\d/.test(value) &&
    /^[\w+/=-]+$/.test(value) &&
    entropyOf(value) > 4.2 &&
    changesOf(value) > value.length / 3
  );
}

/** How often the class of characters changes from one to the next: rarely in names, often in random text. */
function changesOf(value: string): number {
  const classOf = (character: string) => (/[a-z]/.test(character) ? 0 : /[A-Z]/.test(character) ? 1 : 2);
  let changes = 0;
  for (let i = 1; i < value.length; i++) if (classOf(value.charAt(i)) !== classOf(value.charAt(i - 1))) changes += 1;
  return changes;
}

function parse(url: string): URL | undefined {
  // A URL reads the host of schemes it does not know as it stands.
  const known = url.replace(/^(?:wss?|ftp|gopher|dict|ldaps?|tftp|sftp):/i, 'http:');
  return URL.canParse(known) ? new URL(known) : undefined;
}

/** Markdown and HTML that make a client fetch or show an address: how data leaves without a call. */
const SHOWN =
  /!?\[[^\]\n]{0,200}\]\(\s{0,4}<?([a-z][a-z0-9+.-]{1,10}:\/\/[^\s)>]{1,8192})|<(?:img|a|iframe|link|script|source)\b[^<>]{0,400}?(?:src|href)\s{0,2}=\s{0,2}["']?([a-z][a-z0-9+.-]{1,10}:\/\/[^\s"'<>]{1,8192})/gi;

/** Links and images of a text whose address has a query that carries data or is still to be filled in. */
export function findShownLinks(
  text: string,
): readonly { readonly start: number; readonly end: number; readonly isImage: boolean }[] {
  if (!text.includes('](') && !text.includes('<')) return [];
  const found = [];
  for (const match of text.matchAll(SHOWN)) {
    const url = match[1] ?? match[2] ?? '';
    const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
    const isTemplate = /\{\{?[^{}]{1,60}\}?\}|<[a-z_ ]{2,40}>|\[[A-Z_ ]{2,40}\]|%7B|\$\(|\$\{/i.test(url);
    const isImage = match[0].startsWith('!') || /^<img/i.test(match[0]);
    const carries = /(?:^|&)(?:d|q|data|payload|content|text|msg|body|exfil|secret|token|key|info|c|x)=[^&]{24,}/i.test(
      query,
    );
    if (isTemplate || (isImage && carries))
      found.push({ start: match.index, end: match.index + match[0].length, isImage });
    if (found.length >= MOST_URLS) break;
  }
  return found;
}
