import type { Tool } from '../model/tool.ts';
import { splitName, splitWords } from './split-name.ts';
import { actionVerbs, computeVerbs, readVerbs, writeWords } from './verbs.ts';

/** By server: the word that all of its tools' names begin with, before their verbs. */
export type Vendors = ReadonlyMap<string, string>;

/** With fewer tools than these, a common first word may be chance. */
const ENOUGH = 4;

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
 * the same word. A word that some table holds as a verb is never one, whoever uses it.
 */
export function findVendors(tools: readonly Tool[]): Vendors {
  const byServer = new Map<string, Set<string>>();
  for (const { server, name } of tools) {
    if (ownLookups.has(name)) continue;
    const names = byServer.get(server) ?? new Set();
    byServer.set(server, names.add(name));
  }
  const vendors = new Map<string, string>();
  for (const [server, names] of byServer) {
    const [first, ...others] = new Set([...names].map((name) => lastSegment(name)[0] ?? ''));
    if (names.size >= ENOUGH && first !== undefined && others.length === 0 && !isVerb(first))
      vendors.set(server, first);
  }
  return vendors;
}

/**
 * The verb a name opens with: the first word of its last segment, after the name the manifest gives the server or the
 * word that all of the server's tools begin with. A prefix that is itself a verb is the verb.
 */
export function verbOf(tool: Pick<Tool, 'server' | 'name'>, vendors?: Vendors): string {
  const words = lastSegment(tool.name);
  const own = prefixLength(words, splitWords(tool.server).join(''));
  // After a vendor's word a verb needs its object: `share_list` may well share a list.
  const vendor = words.length > 2 && words[0] === vendors?.get(tool.server) ? 1 : 0;
  return words[own > 0 ? own : vendor] ?? '';
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
