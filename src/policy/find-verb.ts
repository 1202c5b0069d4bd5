import type { Tool } from '../model/tool.ts';
import { splitName, splitWords } from './split-name.ts';
import { actionVerbs, computeVerbs, nounVerbs, readVerbs, writeWords } from './verbs.ts';

/** How a server words the names of its tools. */
export interface Naming {
  /**
   * The words that names begin with, before their verbs, several words joined by a space; and in how many of the names
   * something follows that verb.
   */
  readonly vendors: ReadonlyMap<string, number>;
  /** Every name of the list begins with some vendor's, so that a vendor with a single tool is one too. */
  readonly vendorFirst: boolean;
  /** What is acted on stands before the verb: `contacts_search`, `dealUpdate`. */
  readonly verbLast: boolean;
}

/** By server. */
export type Namings = ReadonlyMap<string, Naming>;

/** With fewer tools than these, a common first word may be chance. */
const ENOUGH = 4;
/** Words a toolkit's name has at most: `google calendar`. */
const VENDOR_WORDS = 3;
/** Names that have to be worded alike before a list counts as one of many vendors. */
const MANY = 8;

/**
 * What Chaperone itself makes callable of every server, all of it lookups by the protocol's own words. Its names say
 * nothing of how a server names its own.
 */
export const ownLookups: ReadonlySet<string> = new Set([
  'mcp.resources.read',
  'mcp.prompts.get',
  'mcp.completion.complete',
]);

/** How each server words its names, told from all of them together. */
export function findNamings(tools: readonly Tool[]): Namings {
  const byServer = new Map<string, Set<string>>();
  for (const { server, name } of tools) {
    if (ownLookups.has(name)) continue;
    const names = byServer.get(server) ?? new Set();
    byServer.set(server, names.add(name));
  }
  return new Map([...byServer].map(([server, names]) => [server, findNaming([...names].map(lastSegment))]));
}

function findNaming(names: readonly (readonly string[])[]): Naming {
  const vendorFirst = isVendorFirst(names);
  return { vendors: findVendors(names, vendorFirst), vendorFirst, verbLast: isVerbLast(names) };
}

/**
 * The first words that are nobody's verb: what all tools, four or more of different names, begin with; or what four or
 * more of them begin with, each time before a verb that is known, where some of those verbs change something; two are
 * enough in a list of many vendors. A word that some table holds as a verb is never one, whoever uses it.
 */
function findVendors(names: readonly (readonly string[])[], vendorFirst: boolean): Map<string, number> {
  const [first, ...others] = new Set(names.map(([word]) => word ?? ''));
  const found = findToolkits(names, vendorFirst);
  if (names.length >= ENOUGH && first !== undefined && others.length === 0 && !isVerb(first)) found.add(first);
  const objectsOf = (vendor: string): number => {
    const length = vendor.split(' ').length;
    return names.filter((words) => words.length > length + 1 && words.slice(0, length).join(' ') === vendor).length;
  };
  return new Map([...found].map((vendor) => [vendor, objectsOf(vendor)]));
}

function findToolkits(names: readonly (readonly string[])[], vendorFirst: boolean): Set<string> {
  const following = new Map<string, (string | undefined)[]>();
  for (const words of names) {
    for (let length = 1; length <= VENDOR_WORDS && !isVerb(words[length - 1] ?? ''); length++) {
      const prefix = words.slice(0, length).join(' ');
      following.set(prefix, [...(following.get(prefix) ?? []), words[length]]);
    }
  }
  const isToolkit = (next: readonly (string | undefined)[]): boolean =>
    next.every((word) => word !== undefined && isVerb(word)) &&
    (vendorFirst
      ? new Set(next).size > 1
      : next.length >= ENOUGH && next.some((word) => word !== undefined && !isLook(word)));
  return new Set([...following].filter(([, next]) => isToolkit(next)).map(([prefix]) => prefix));
}

/** Nearly all names have a known verb behind a word or three that are none, and those words are not all the same. */
function isVendorFirst(names: readonly (readonly string[])[]): boolean {
  const worded = names.filter((words) => {
    const at = words.findIndex(isVerb);
    return at > 0 && at <= VENDOR_WORDS && at < words.length - 1;
  });
  return (
    worded.length >= MANY && worded.length * 5 >= names.length * 4 && new Set(worded.map(([word]) => word)).size > 1
  );
}

/** Most names end in a known verb that none of their words forestalls; hardly any opens with one. */
function isVerbLast(names: readonly (readonly string[])[]): boolean {
  const opening = names.filter(([word = '']) => isOnlyVerb(word)).length;
  const ending = names.filter((words) => words.length > 1 && words.findIndex(isOnlyVerb) === words.length - 1);
  return ending.length >= ENOUGH && ending.length >= opening * 4 && ending.some((words) => !isLook(words.at(-1) ?? ''));
}

/**
 * The verb of a name: the first word of its last segment, after the name the manifest gives the server or the word that
 * all of the server's tools begin with. A prefix that is itself a verb is the verb. Where a server's names end in their
 * verbs, it is the first word that is nothing but a verb.
 */
export function verbOf(tool: Pick<Tool, 'server' | 'name'>, namings?: Namings): string {
  const words = lastSegment(tool.name);
  const own = prefixLength(words, splitWords(tool.server).join(''));
  if (own > 0) return words[own] ?? '';
  const naming = namings?.get(tool.server);
  if (naming === undefined) return words[0] ?? '';
  const vendor = vendorLength(words, naming);
  if (vendor > 0 || !naming.verbLast) return words[vendor] ?? '';
  return words.find(isOnlyVerb) ?? words[0] ?? '';
}

/** Verbs that no other verb can stand before: `share_list` shares a list, and `share_get` is nothing. */
const BARE: ReadonlySet<string> = new Set(['get', 'fetch', 'find', 'read', 'describe', 'retrieve', 'search']);

function vendorLength(words: readonly string[], { vendors, vendorFirst }: Naming): number {
  for (let length = Math.min(VENDOR_WORDS, words.length - 1); length > 0; length--) {
    const objects = vendors.get(words.slice(0, length).join(' '));
    // A verb needs its object, in this name or in others of the vendor: `share_list` may well share a list.
    if (objects !== undefined && (length < words.length - 1 || objects > 1)) return length;
  }
  const at = words.findIndex(isVerb);
  return vendorFirst && at > 0 && at <= words.length - 2 && at <= VENDOR_WORDS && BARE.has(words[at] ?? '') ? at : 0;
}

function lastSegment(name: string): readonly string[] {
  return splitName(name).at(-1) ?? [];
}

/** How many of the words make up the server's id, however either is written. 0 where they do not, or begin with a verb. */
function prefixLength(words: readonly string[], server: string): number {
  if (isVerb(words[0] ?? '')) return 0;
  let joined = '';
  for (const [i, word] of words.slice(0, -1).entries()) {
    joined += word;
    if (joined === server) return i + 1;
  }
  return 0;
}

const isLook = (word: string): boolean => readVerbs.has(word) || computeVerbs.has(word) || word === 'query';

function isVerb(word: string): boolean {
  return word === 'query' || [readVerbs, computeVerbs, writeWords, actionVerbs].some((table) => table.has(word));
}

/** A verb, and no noun as well: the `message` of `message_send` is what is sent. */
const isOnlyVerb = (word: string): boolean => isVerb(word) && !nounVerbs.has(word);
