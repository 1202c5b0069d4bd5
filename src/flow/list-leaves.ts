import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import type { GovernedTool, Sink } from '../model/tool.ts';
import { stemWord } from './fold-text.ts';
import { holdsOnlyParties } from './holds-only-parties.ts';
import { readToolWords, splitIdentifier } from './read-tool-words.ts';

/** One value of the arguments, where it stands, and what it carries. */
export interface Leaf {
  /** JSON pointer; of a member's name it ends in `#`. */
  readonly pointer: string;
  /** As sinks are written: `recipients[]`, `options.depth`. */
  readonly path: string;
  /** The names that lead to it; a name may hold a dot of its own. */
  readonly names: readonly string[];
  /** Stems of the words of its own name. */
  readonly words: readonly string[];
  readonly value: string | number | boolean;
  /** It is the name of a member, which stays as it is written. */
  readonly isName?: true;
  readonly carries?: Sink['carries'];
  readonly sink?: Sink;
}

/**
 * Every value of the arguments that is no container, with the sink it falls under. Of a write, what is nothing but an
 * address or an account says who gets something, whatever its argument is called, and so does a member's name. What no
 * sink covers carries nothing protected.
 */
export function listLeaves(tool: GovernedTool, args: JsonObject): Leaf[] {
  const leaves: Leaf[] = [];
  const add = (
    value: Leaf['value'],
    pointer: string,
    path: string,
    names: readonly string[],
    more: Pick<Leaf, 'isName'> = {},
  ): void => {
    const sink = findSink(tool.sinks, path);
    const words = splitIdentifier(names.at(-1) ?? '').map(stemWord);
    const carries = namesParty(tool, value, sink)
      ? 'recipient'
      : namesAddress(tool, value, sink)
        ? 'destination'
        : sink?.carries;
    leaves.push({ pointer, path, names, words, value, ...(sink && { sink }), ...(carries && { carries }), ...more });
  };
  const visit = (value: JsonValue, pointer: string, path: string, names: readonly string[]): void => {
    if (value === null) return;
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) visit(item, `${pointer}/${i}`, `${path}[]`, names);
    } else if (isJsonObject(value)) {
      for (const [key, item] of Object.entries(value)) {
        if (tool.effect === 'write' && holdsOnlyParties(key))
          add(key, `${pointer}/${escapePointer(key)}#`, path, names, { isName: true });
        visit(item, `${pointer}/${escapePointer(key)}`, path === '' ? key : `${path}.${key}`, [...names, key]);
      }
    } else {
      add(value as string | number | boolean, pointer, path, names); // the other kinds of JSON are taken care of above
    }
  };
  visit(args, '', '', []);
  return leaves;
}

/** What a person wrote of an argument stands, and what is acted on is judged as that. */
function namesParty({ effect }: GovernedTool, value: Leaf['value'], sink: Sink | undefined): boolean {
  if (effect !== 'write' || typeof value !== 'string') return false;
  return (sink === undefined || (!sink.declared && sink.carries === 'data')) && holdsOnlyParties(value);
}

/** What fetches asks whatever host an address names, whatever its argument is called. What searches looks the address up. */
function namesAddress(tool: GovernedTool, value: Leaf['value'], sink: Sink | undefined): boolean {
  if (tool.effect !== 'read' || sink !== undefined || typeof value !== 'string') return false;
  return /^\s*(?:https?:|ftp:|wss?:)?\/\//i.test(value) && FETCHES.has(readToolWords(tool.tool).verb);
}
const FETCHES: ReadonlySet<string> = new Set('fetch get read view show describe'.split(' '));

/**
 * The sink of a path: itself, a pattern with `*`, or the container that holds it. One that a person wrote wins, then the
 * nearest.
 */
function findSink(sinks: readonly Sink[], path: string): Sink | undefined {
  let best: Sink | undefined;
  for (const sink of sinks) {
    if (!covers(sink.path, path)) continue;
    if (best === undefined || (sink.declared === best.declared ? sink.path.length > best.path.length : sink.declared))
      best = sink;
  }
  return best;
}

/** `recipients` covers `recipients[]`: people leave the brackets out. */
function covers(sink: string, path: string): boolean {
  if (sink === path || sink === '*') return true;
  if (sink.endsWith('*')) return path.startsWith(sink.slice(0, -1));
  if (path.startsWith(sink) && /^[.[]/.test(path.slice(sink.length))) return true;
  return path.includes('[]') && sink.includes('.') && covers(sink.replaceAll('[]', ''), path.replaceAll('[]', ''));
}

const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** The arguments with some values replaced, by JSON pointer. */
export function replaceLeaves(args: JsonObject, changes: ReadonlyMap<string, string>): JsonObject {
  if (changes.size === 0) return args;
  const visit = (value: JsonValue, pointer: string): JsonValue => {
    if (Array.isArray(value)) return value.map((item, i) => visit(item, `${pointer}/${i}`));
    if (!isJsonObject(value)) return changes.get(pointer) ?? value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, visit(item, `${pointer}/${escapePointer(key)}`)]),
    );
  };
  return Object.fromEntries(Object.entries(args).map(([key, item]) => [key, visit(item, `/${escapePointer(key)}`)]));
}
