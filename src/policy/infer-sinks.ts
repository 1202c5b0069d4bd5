import type { Effect } from '../model/effect.ts';
import type { Sink } from '../model/tool.ts';
import { type ArgumentShape, canBeText, isContainer, isScalar } from './list-arguments.ts';
import { holdsWord } from './verbs.ts';

/** An argument through which something leaves, as far as its name and schema tell, and what told so. */
export interface InferredSink extends Pick<Sink, 'path' | 'carries' | 'guessed'> {
  readonly because: string;
}

/** What the words of an argument's name say it carries. The words are singular. */
const KINDS: readonly (readonly [Sink['carries'], ReadonlySet<string>])[] = [
  [
    'destination',
    new Set([
      ...['url', 'uri', 'link', 'href', 'host', 'hostname', 'domain', 'endpoint', 'webhook', 'callback', 'proxy', 'ip'],
      ...['website', 'site'],
    ]),
  ],
  [
    'recipient',
    new Set([
      ...['to', 'cc', 'bcc', 'recipient', 'receiver', 'email', 'mail', 'phone', 'participant', 'attendee', 'invitee'],
      ...['guest', 'user', 'username', 'member', 'channel', 'group', 'audience', 'assignee', 'contact', 'address'],
      ...['iban', 'payee', 'beneficiary', 'account', 'wallet', 'handle', 'person', 'people', 'employee', 'colleague'],
      ...['teammate', 'customer', 'client', 'patient', 'friend', 'collaborator', 'reviewer', 'approver', 'subscriber'],
      ...['follower', 'student', 'supplier', 'seller', 'driver', 'nickname', 'editor', 'viewer', 'delegate'],
    ]),
  ],
  [
    'authority',
    new Set([
      ...['id', 'uuid', 'key', 'amount', 'price', 'quantity', 'limit', 'currency', 'role', 'permission', 'scope'],
      ...['access', 'owner', 'visibility', 'public', 'password', 'token', 'secret', 'credential', 'path', 'file'],
      ...['filename', 'folder', 'directory', 'dir', 'branch', 'repo', 'repository', 'table', 'bucket', 'server'],
      ...['command', 'cmd', 'script', 'sql', 'code', 'query', 'action', 'operation', 'target', 'destination', 'origin'],
      ...['remote', 'recurring', 'force', 'recursive', 'overwrite', 'number', 'no', 'num', 'nr', 'ref', 'reference'],
      ...['private', 'admin', 'permanent', 'cascade', 'secure', 'encrypted', 'readonly', 'sandbox', 'approved'],
      ...['environment', 'env', 'region', 'state', 'status', 'level', 'plan', 'tier', 'privilege'],
      // what is chosen when something is booked
      ...['hotel', 'restaurant', 'flight', 'company', 'airline', 'car', 'vehicle', 'room', 'seat', 'venue'],
    ]),
  ],
];

/** Singular words of numbers and listed values that say how something looks, or how long it takes. */
const MEASURES: ReadonlySet<string> = new Set([
  ...['duration', 'second', 'minute', 'hour', 'day', 'week', 'month', 'year', 'time', 'date', 'timeout', 'delay'],
  ...['width', 'height', 'length', 'depth', 'page', 'offset', 'position', 'index', 'line', 'column', 'row', 'top'],
  ...['degree', 'temperature', 'volume', 'brightness', 'speed', 'star', 'rating', 'score', 'priority', 'color'],
  ...['colour', 'format', 'type', 'kind', 'style', 'theme', 'language', 'lang', 'locale', 'unit', 'sort', 'order'],
  ...[
    'mode',
    'encoding',
    'tone',
    'voice',
    'retry',
    'attempt',
    'icon',
    'emoji',
    'font',
    'size',
    'age',
    'latitude',
    'longitude',
    'lat',
    'lng',
    'lon',
  ],
]);

const FORMATS: Readonly<Record<string, Sink['carries']>> = {
  uri: 'destination',
  'uri-reference': 'destination',
  iri: 'destination',
  'iri-reference': 'destination',
  url: 'destination',
  hostname: 'destination',
  'idn-hostname': 'destination',
  ipv4: 'destination',
  ipv6: 'destination',
  email: 'recipient',
  'idn-email': 'recipient',
};

/** What something can be brought to. */
const STATES: ReadonlySet<string> = new Set([
  ...['version', 'status', 'state', 'stage', 'level', 'value', 'position', 'index', 'page', 'date', 'day', 'time'],
  ...['month', 'year', 'timezone', 'unit', 'format', 'language', 'currency', 'priority', 'size', 'revision'],
  ...['slot', 'folder', 'directory', 'board', 'column', 'section', 'step', 'branch', 'environment'],
]);

/** `related_to` says what it belongs to, and not who gets it. */
const RELATING: ReadonlySet<string> = new Set(['related', 'linked', 'attached', 'belongs', 'applies', 'refers']);

const URL_WORDS = /\b(urls?|https?)\b/i;

/**
 * The arguments by which data or authority leaves. Of a write: every argument, since what its schema cannot tell may
 * carry anything, except numbers, flags and closed lists that no table names. Of a read: only those that choose where
 * the request goes, and every open text where the tool reaches an open world, since a query is a message too.
 */
export function inferSinks(effect: Effect, args: readonly ArgumentShape[], openWorld: boolean): InferredSink[] {
  const sinks: InferredSink[] = [];
  for (const argument of args) {
    if (isContainer(argument) && hasMembers(argument, args)) continue;
    const sink = inferSink(argument);
    if (sink === undefined) continue;
    if (effect === 'write' || sink.carries === 'destination' || (openWorld && canBeText(argument))) sinks.push(sink);
  }
  return sinks;
}

/** What an argument would carry if it left the run. Undefined for numbers, flags and closed lists that no table names. */
export function inferSink(argument: ArgumentShape): InferredSink | undefined {
  const { path, words, format, description } = argument;
  const byFormat = format === undefined ? undefined : FORMATS[format];
  if (byFormat && !isScalar(argument)) return { path, carries: byFormat, because: `its format is \`${format}\`` };
  if (canBeText(argument) && URL_WORDS.test(description ?? '')) {
    return { path, carries: 'destination', because: 'its description speaks of a URL' };
  }
  // A number or a flag is no address, but it can be an id, an amount or a permission.
  const kinds = isScalar(argument) ? KINDS.filter(([carries]) => carries === 'authority') : KINDS;
  const named = (candidates: readonly string[], among: typeof KINDS): InferredSink | undefined => {
    for (const word of candidates) {
      const kind = among.find(([, table]) => holdsWord(table, word));
      if (kind) return { path, carries: kind[0], because: `its name says \`${word}\`` };
    }
    return undefined;
  };
  // `to_version` says until where, `send_to` to whom.
  const last = words.at(-1) ?? '';
  const isReached =
    words.includes('to') && ((last !== 'to' && holdsWord(STATES, last)) || RELATING.has(words[0] ?? ''));
  // Where a request goes outweighs all else; otherwise the last word says what a name names: an `email_id` is an id.
  const sink =
    named(
      words,
      kinds.filter(([carries]) => carries === 'destination'),
    ) ?? named(words.filter((word) => !isReached || word !== 'to').toReversed(), kinds);
  if (sink) return sink;
  if (argument.types.size === 1 && argument.types.has('boolean')) return undefined;
  if (isScalar(argument) || argument.values !== undefined) {
    // Whatever else is chosen from a list, or counted, can be how much or which; a measure or a form is neither.
    if (words.some((word) => holdsWord(MEASURES, word))) return undefined;
    return { path, carries: 'authority', guessed: true, because: 'it is chosen, and nothing tells what' };
  }
  return { path, carries: 'data', because: path.endsWith('*') ? 'the schema leaves it open' : 'it can carry anything' };
}

/** Whether what is inside an argument is listed beside it. */
export function hasMembers(argument: ArgumentShape, args: readonly ArgumentShape[]): boolean {
  return args.some(({ path }) => path.startsWith(`${argument.path}.`) || path.startsWith(`${argument.path}[]`));
}
