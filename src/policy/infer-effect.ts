import type { Effect } from '../model/effect.ts';
import type { Tool } from '../model/tool.ts';
import { type Namings, ownLookups, verbOf } from './find-verb.ts';
import { type ArgumentShape, canBeText } from './list-arguments.ts';
import { splitName, splitWords } from './split-name.ts';
import {
  actionVerbs,
  computeVerbs,
  conjunctions,
  holdsWord,
  markWords,
  modifiers,
  nounVerbs,
  observables,
  particles,
  readVerbs,
  singulars,
  writeWords,
} from './verbs.ts';

/** What was inferred, and why, in one phrase for people. */
export interface Inferred<T> {
  readonly value: T;
  readonly because: string;
}

/** Last words of arguments that say what to do, not what to do it with. A tool that takes one can do whatever it says. */
const ACTIONS: ReadonlySet<string> = new Set(['action', 'operation', 'command', 'cmd', 'script', 'sql', 'mutation']);

/** The same where it is the argument's whole name: a `method` acts, a `payment_method` does not. */
const ACTION_NAMES: ReadonlySet<string> = new Set(['op', 'verb', 'method', 'shell', 'statement', 'code', 'expression']);

/** `marks`: it is a write only because reading takes or marks what is read. */
export interface InferredEffect extends Inferred<Effect> {
  readonly marks?: true;
}

/**
 * Read or write, told by the tool's own name and then only ever tightened: by its schema, its annotations and its
 * description. Nothing a server says about a tool makes it a read; only a known verb at the head of its name does.
 */
export function inferEffect(tool: Tool, args: readonly ArgumentShape[], namings?: Namings): InferredEffect {
  if (ownLookups.has(tool.name)) return { value: 'read', because: 'the protocol says that it only looks something up' };
  const verb = verbOf(tool, namings);
  const reason =
    doubtName(tool, verb) ??
    doubtQuery(verb, args) ??
    doubtArguments(args) ??
    doubtAnnotations(tool) ??
    doubtDescription(tool.description);
  if (reason !== undefined) return { value: 'write', because: reason };
  const mark = findMark(tool);
  if (mark === undefined) {
    const opens = splitName(tool.name).at(-1)?.[0] === verb;
    return { value: 'read', because: `its name ${opens ? 'opens with' : 'says'} \`${verb}\`` };
  }
  return { value: 'write', because: `${mark}, and reading may mark or take it`, marks: true };
}

/** "The messages are marked as read": said in passing, of what is read. */
const MARKED = /\bmark(?:s|ed)?\b[^.]{0,40}\bas (?:read|seen|delivered|processed|handled)\b/i;

function findMark({ name, description }: Tool): string | undefined {
  const mark = splitName(name)
    .flat()
    .find((word) => markWords.has(word));
  if (mark !== undefined) return `its name holds \`${mark}\``;
  return MARKED.test(description) ? 'its description says `marked`' : undefined;
}

function doubtName(tool: Tool, verb: string): string | undefined {
  const queries = verb === 'query' && splitName(tool.name).at(-1)?.[0] !== verb;
  if (!readVerbs.has(verb) && !computeVerbs.has(verb) && !queries) {
    return verb === '' ? 'its name has no word' : `\`${verb}\` is not a known read verb`;
  }
  const words = splitName(tool.name).flat();
  const write = words.find((word, i) => writeWords.has(word) && !isModifier(words, i));
  if (write !== undefined) return `its name holds \`${write}\``;
  const joint = words.findIndex((word, i) => i > 0 && conjunctions.has(word) && !canFollow(words[i + 1]));
  if (joint !== -1) return `its name holds a second verb, \`${words[joint + 1] ?? ''}\``;
  return computeVerbs.has(verb) ? doubtComputing(verb, words) : undefined;
}

/** `deals_query` looks deals up by what its arguments say, unless one of them is the query: that can be any statement. */
function doubtQuery(verb: string, args: readonly ArgumentShape[]): string | undefined {
  const query =
    verb === 'query' ? args.find((one) => canBeText(one) && QUERIES.has(one.words.at(-1) ?? '')) : undefined;
  return query && `its argument \`${query.path}\` may say what to do`;
}
const QUERIES: ReadonlySet<string> = new Set(['query', 'q', 'text', 'request', 'input', 'string', 'body']);

/** `get_leave_requests`: before the plural that ends the name, some of those words say whose or which. */
function isModifier(words: readonly string[], i: number): boolean {
  const next = words[i + 1] ?? '';
  if (i === 0 || i + 2 !== words.length || !modifiers.has(words[i] ?? '')) return false;
  return singulars(next).length > 0 && !singulars(next).some((form) => writeWords.has(form));
}

function canFollow(word = ''): boolean {
  return readVerbs.has(word) || word === 'count' || markWords.has(word) || isPluralNoun(word);
}

/** `files and folders`: what is no form of a verb that any table holds. */
function isPluralNoun(word: string): boolean {
  const forms = singulars(word);
  return forms.length > 0 && !forms.some((form) => writeWords.has(form) || actionVerbs.has(form));
}

/** What only computes is about something that can be observed, and its name holds nothing that acts. */
function doubtComputing(verb: string, words: readonly string[]): string | undefined {
  const rest = words.slice(words.indexOf(verb) + 1).filter((word) => !/^\p{N}+$/u.test(word));
  const last = rest.at(-1);
  if (last === undefined) return verb === 'count' ? undefined : `\`${verb}\` alone does not say what it does`;
  const isActing = (word: string): boolean => actionVerbs.has(word) && !nounVerbs.has(word);
  const acting = rest.slice(0, -1).find(isActing) ?? rest.find((word) => particles.has(word));
  if (acting !== undefined) return `\`${verb}\` with \`${acting}\` may change something`;
  if (holdsWord(observables, last) || (verb === 'count' && singulars(last).length > 0)) return undefined;
  return `\`${verb}\` of a \`${last}\` may change something`;
}

function doubtArguments(args: readonly ArgumentShape[]): string | undefined {
  for (const { path, words, types, values } of args) {
    // What the schema does not tell could be an action like any other.
    if (path.endsWith('*') && types.size === 0) return `its schema leaves \`${path}\` open`;
    const last = words.at(-1) ?? '';
    if (holdsWord(ACTIONS, last) || (words.length === 1 && holdsWord(ACTION_NAMES, last))) {
      return `its argument \`${path}\` says what to do`;
    }
    const flag = types.size === 0 || types.has('boolean');
    if (flag && writeWords.has(words[0] ?? '')) return `its argument \`${path}\` can make it write`;
    for (const value of values ?? []) {
      const first = typeof value === 'string' ? splitWords(value)[0] : undefined;
      if (first !== undefined && writeWords.has(first)) return `its argument \`${path}\` can be \`${first}\``;
    }
  }
  return undefined;
}

function doubtAnnotations({ annotations }: Tool): string | undefined {
  if (annotations?.['readOnlyHint'] === false) return 'its server says that it is not read-only';
  if (annotations?.['destructiveHint'] === true) return 'its server says that it is destructive';
  return undefined;
}

/** Words after which a description names another thing the tool does: "finds the file *and deletes* it". */
const LEADS: ReadonlySet<string> = new Set(['and', 'then', 'also', 'will']);

function doubtDescription(description: string): string | undefined {
  for (const sentence of description.toLowerCase().split(/[.!?;\n]+/)) {
    const words = sentence.match(/[a-z]+/g) ?? [];
    for (const [i, word] of words.entries()) {
      const lead = words[i - 1];
      if (lead !== undefined && !LEADS.has(lead)) continue;
      if ([word, ...singulars(word)].some((form) => writeWords.has(form))) return `its description says \`${word}\``;
    }
  }
  return undefined;
}
