import type { Tool } from '../model/tool.ts';
import { splitName, splitWords } from './split-name.ts';
import { actionVerbs, computeVerbs, readVerbs, writeWords } from './verbs.ts';

/** By server: the words that its tools' names begin with, before their verbs; several words joined by a space. */
export type Vendors = ReadonlyMap<string, ReadonlySet<string>>;

/** With fewer tools than these, a common first word may be chance. */
const ENOUGH = 4;
/** Words a toolkit's name has at most: `google calendar`. */
const VENDOR_WORDS = 3;

/**
 * What Chaperone itself makes callable of every server, all of it lookups by the protocol's own words. Its names say
 * nothing of how a server names its own.
 */
export const ownLookups: ReadonlySet<string> = new Set([
  'mcp.resources.read',
  'mcp.prompts.get',
  'mcp.completion.complete',
]);

/**
 * The first words that are nobody's verb: of each server all of whose tools, four or more of different names, begin with
 * the same word; or what four or more of its tools begin with, each time before a verb that is known, where some of those
 * verbs change something. A word that some table holds as a verb is never one, whoever uses it.
 */
export function findVendors(tools: readonly Tool[]): Vendors {
  const byServer = new Map<string, Set<string>>();
  for (const { server, name } of tools) {
    if (ownLookups.has(name)) continue;
    const names = byServer.get(server) ?? new Set();
    byServer.set(server, names.add(name));
  }
  const vendors = new Map<string, Set<string>>();
  for (const [server, names] of byServer) {
    const split = [...names].map(lastSegment);
    const [first, ...others] = new Set(split.map(([word]) => word ?? ''));
    const found = findToolkits(split);
    if (names.size >= ENOUGH && first !== undefined && others.length === 0 && !isVerb(first)) found.add(first);
    if (found.size > 0) vendors.set(server, found);
  }
  return vendors;
}

function findToolkits(names: readonly (readonly string[])[]): Set<string> {
  const following = new Map<string, (string | undefined)[]>();
  for (const words of names) {
    for (let length = 1; length <= VENDOR_WORDS && !isVerb(words[length - 1] ?? ''); length++) {
      const prefix = words.slice(0, length).join(' ');
      following.set(prefix, [...(following.get(prefix) ?? []), words[length]]);
    }
  }
  const isToolkit = (next: readonly (string | undefined)[]): boolean =>
    next.length >= ENOUGH &&
    next.every((word) => word !== undefined && isVerb(word)) &&
    next.some((word) => word !== undefined && !readVerbs.has(word) && !computeVerbs.has(word));
  return new Set([...following].filter(([, next]) => isToolkit(next)).map(([prefix]) => prefix));
}

/**
 * The verb a name opens with: the first word of its last segment, after the name the manifest gives the server or the
 * word that all of the server's tools begin with. A prefix that is itself a verb is the verb.
 */
export function verbOf(tool: Pick<Tool, 'server' | 'name'>, vendors?: Vendors): string {
  const words = lastSegment(tool.name);
  const own = prefixLength(words, splitWords(tool.server).join(''));
  // After a vendor's word a verb needs its object: `share_list` may well share a list.
  const vendor = vendorLength(words, vendors?.get(tool.server));
  return words[own > 0 ? own : vendor] ?? '';
}

function vendorLength(words: readonly string[], vendors: ReadonlySet<string> | undefined): number {
  for (let length = Math.min(VENDOR_WORDS, words.length - 2); length > 0; length--)
    if (vendors?.has(words.slice(0, length).join(' '))) return length;
  return 0;
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

function isVerb(word: string): boolean {
  return [readVerbs, computeVerbs, writeWords, actionVerbs].some((table) => table.has(word));
}
