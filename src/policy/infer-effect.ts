import type { Effect } from '../model/effect.ts';
import type { Tool } from '../model/tool.ts';
import type { ArgumentShape } from './list-arguments.ts';
import { splitName, splitWords } from './split-name.ts';
import { conjunctions, holdsWord, readVerbs, singulars, writeWords } from './verbs.ts';

/** What was inferred, and why, in one phrase for people. */
export interface Inferred<T> {
  readonly value: T;
  readonly because: string;
}

/** Last words of arguments that say what to do, not what to do it with. A tool that takes one can do whatever it says. */
const ACTIONS: ReadonlySet<string> = new Set(['action', 'operation', 'command', 'cmd', 'script', 'sql', 'mutation']);

/** The same where it is the argument's whole name: a `method` acts, a `payment_method` does not. */
const ACTION_NAMES: ReadonlySet<string> = new Set(['op', 'verb', 'method', 'shell', 'statement', 'code', 'expression']);

/**
 * Read or write, told by the tool's own name and then only ever tightened: by its schema, its annotations and its
 * description. Nothing a server says about a tool makes it a read; only a known verb at the head of its name does.
 */
export function inferEffect(tool: Tool, args: readonly ArgumentShape[]): Inferred<Effect> {
  const reason =
    doubtName(tool) ?? doubtArguments(args) ?? doubtAnnotations(tool) ?? doubtDescription(tool.description);
  if (reason !== undefined) return { value: 'write', because: reason };
  return { value: 'read', because: `its name opens with \`${verbOf(tool)}\`` };
}

/** The verb a name opens with: the first word of its last segment, after the name the manifest gives the server. */
export function verbOf(tool: Pick<Tool, 'server' | 'name'>): string {
  const words = splitName(tool.name).at(-1) ?? [];
  const server = splitWords(tool.server);
  const prefixed = words.length > server.length && server.every((word, i) => words[i] === word);
  return (prefixed ? words[server.length] : words[0]) ?? '';
}

function doubtName(tool: Tool): string | undefined {
  const verb = verbOf(tool);
  if (!readVerbs.has(verb)) return verb === '' ? 'its name has no word' : `\`${verb}\` is not a known read verb`;
  const words = splitName(tool.name).flat();
  const write = words.find((word) => writeWords.has(word));
  if (write !== undefined) return `its name holds \`${write}\``;
  const joint = words.findIndex((word, i) => i > 0 && conjunctions.has(word) && !readVerbs.has(words[i + 1] ?? ''));
  return joint === -1 ? undefined : `its name holds a second verb, \`${words[joint + 1] ?? ''}\``;
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
