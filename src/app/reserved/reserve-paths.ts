import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, resolve, sep } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { Reason } from '../../model/decision.ts';
import type { GovernedTool } from '../../model/tool.ts';
import { kindsOf } from '../../policy/arguments/argument-kinds.ts';
import { splitWords } from '../../policy/split-name.ts';
import type { ReservedPaths } from '../../ports/reserved-paths.ts';
import type { PlacedConfig } from '../data-folder.ts';
import { liesIn, listBases, listReserved, type ReservedPlace } from './list-reserved.ts';
import { createPathResolver, foldPath, type RealPath } from './real-paths.ts';

/** No system opens a longer path. */
const MAX_PATH_CHARS = 4_096;
/** Folders named by one argument under which others are looked for too. */
const MAX_FOLDERS = 8;
const MAX_NAME_CHARS = 128;
/** No file system has a longer name. */
const MAX_PART_CHARS = 255;
/** From as many texts on, the names in a folder are listed once. */
const MANY_LEAVES = 64;

/**
 * Keeps the gateway's own files from the tools it governs: no argument may name the data folder, a secret's file, a key;
 * and none of a tool that writes may name the rules, or a folder that holds any of it. Every text is taken for a path,
 * absolute or from where the server works, and followed through symbolic links. This is about what honest servers are
 * asked to do: what a program does by itself, or a shell is told in a command, only another user id can keep it from.
 */
export function reservePaths(config: PlacedConfig, data: string): ReservedPaths {
  const reserved = listReserved(config, data);
  const bases = new Map(
    Object.entries(config.manifest.servers).map(([server, settings]) => [server, listBases(settings, config.folder)]),
  );
  return {
    find(tool, args) {
      const own = bases.get(tool.tool.server) ?? [process.cwd()];
      try {
        return findReserved(reserved, own, tool, args);
      } catch (error) {
        if (error instanceof RangeError)
          return { code: 'E_LIMIT', message: 'more paths than can be looked at', path: '' };
        throw error;
      }
    },
  };
}

/** One text of the arguments, or a name in them. */
interface Leaf {
  readonly text: string;
  /** The name it stands under. */
  readonly name: string;
  readonly pointer: string;
}

function findReserved(
  reserved: readonly ReservedPlace[],
  own: readonly string[],
  { tool, effect }: GovernedTool,
  args: JsonObject,
): Reason | undefined {
  const leaves = listLeaves(args);
  const realPath = createPathResolver(limits.pathLooks);
  const folders = leaves
    .filter(({ text }) => isAbsolute(text) && text.length <= MAX_PATH_CHARS)
    .slice(0, MAX_FOLDERS)
    .filter(({ text }) => realPath(text).stats?.isDirectory() === true);
  const bases = [...new Set([...own, ...folders.map(({ text }) => resolve(text))])];
  const undoes = isUndoing(tool.name) || leaves.some(({ text, name }) => isAction(name) && isUndoing(text));
  const files = effect === 'write' ? reserved : reserved.filter(({ secret }) => secret);
  const isAbsent = leaves.length > MANY_LEAVES ? listAbsent(bases, reserved, realPath) : () => false;
  for (const leaf of leaves) {
    if (isAbsent(leaf.text)) continue;
    const isPlain = isPlainText(leaf);
    // A word of a text is no path from here just because a file has that name.
    for (const path of listPaths(leaf.text, isPlain ? [] : bases)) {
      const found = realPath(path);
      const real = foldPath(found.path);
      const inside = files.find((place) => liesIn(real, place.path)) ?? findHardLink(found, files, realPath);
      if (inside !== undefined) return refuse(leaf, inside, inside.secret ? 'names' : 'would change');
      if (effect !== 'write' || isPlain || (!undoes && (isContainer(leaf.name) || isWord(leaf)))) continue;
      const held = reserved.find((place) => place.path !== real && liesIn(place.path, real) && !isForeign(place));
      if (held !== undefined) return refuse(leaf, held, 'is a folder that holds');
    }
  }
  return undefined;
}

/**
 * For a great many texts, as in a table: tells without looking at files one by one that a text is no more than a name
 * that no folder has in which the server works.
 */
function listAbsent(
  bases: readonly string[],
  reserved: readonly ReservedPlace[],
  realPath: (path: string) => RealPath,
): (text: string) => boolean {
  const names = new Set<string>();
  for (const base of bases) {
    const { path } = realPath(base);
    const real = foldPath(path);
    for (const place of reserved) {
      const [first = ''] = liesIn(place.path, real) ? place.path.slice(real.length).split(sep).filter(Boolean) : [];
      names.add(first);
    }
    try {
      for (const name of readdirSync(path)) names.add(foldPath(name));
    } catch {
      return () => false; // what cannot be listed has to be asked for by name
    }
  }
  return (text) => {
    const name = text.trim();
    return !/^[-.]|[/\\%~:'"`\0]/.test(name) && !names.has(foldPath(name));
  };
}

function refuse({ pointer }: Leaf, { what }: ReservedPlace, how: string): Reason {
  return { code: 'E_PATH_RESERVED', message: `${how} ${what}`, path: pointer, policy: 'built-in check reserved' };
}

/** The system's own tree, which no tool moves or deletes. */
const isForeign = ({ path }: ReservedPlace): boolean => path.startsWith('/proc/');

/** Another name of the same file. */
function findHardLink(
  { stats }: RealPath,
  files: readonly ReservedPlace[],
  realPath: (path: string) => RealPath,
): ReservedPlace | undefined {
  if (stats === undefined || !stats.isFile() || stats.nlink < 2) return undefined;
  return files.find(({ path }) => {
    const own = realPath(path).stats;
    return own?.ino === stats.ino && own.dev === stats.dev;
  });
}

function listLeaves(args: JsonObject): readonly Leaf[] {
  const leaves: Leaf[] = [];
  const visit = (value: JsonValue, name: string, pointer: string): void => {
    if (typeof value === 'string') leaves.push({ text: value, name, pointer });
    else if (Array.isArray(value)) for (const [i, one] of value.entries()) visit(one, name, `${pointer}/${i}`);
    else if (isJsonObject(value)) {
      for (const [key, one] of Object.entries(value)) {
        const inner = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
        // Files are given by name too: `{ "src/a.ts": "…" }`. A declared parameter is no path.
        if (/[/\\.]/.test(key)) leaves.push({ text: key, name, pointer: inner });
        visit(one, key, inner);
      }
    }
  };
  visit(args, '', '');
  return leaves;
}

/** Every path that a text may be read as, from these folders where it is not absolute. */
function* listPaths(text: string, bases: readonly string[]): Generator<string> {
  if (text.length > MAX_PATH_CHARS) return;
  for (const form of listForms(text)) {
    for (const path of isAbsolute(form) ? [form] : bases.map((base) => `${base}/${form}`)) {
      // Some programs take `..` off the text, others follow what stands before it first.
      yield resolve(path);
      if (/(^|[/\\])\.\.([/\\]|$)/.test(path)) yield path;
    }
  }
}

/** Whether a part is longer than any name of a file. By hand: every argument of every call is asked. */
function hasLongPart(path: string): boolean {
  let start = 0;
  for (let i = 0; i < path.length; i++) {
    if (path[i] !== '/' && path[i] !== '\\') continue;
    if (i - start > MAX_PART_CHARS) return true;
    start = i + 1;
  }
  return path.length - start > MAX_PART_CHARS;
}

/** A text, and what servers make of it before they open it. */
function listForms(text: string): ReadonlySet<string> {
  const forms = new Set<string>();
  const add = (form: string): void => {
    const [path = ''] = form.split('\0');
    if (path === '' || path.length > MAX_PATH_CHARS || hasLongPart(path)) return;
    forms.add(path);
    if (/^~([/\\]|$)/.test(path)) forms.add(`${homedir()}${path.slice(1)}`);
    if (path.includes('\\')) forms.add(path.replaceAll('\\', '/'));
  };
  const trimmed = text.trim().replace(/^(['"`])(.*)\1$/s, '$2');
  for (const form of [text, trimmed, /^--?[\w-]+=(.+)$/s.exec(trimmed)?.[1] ?? '']) {
    add(form);
    if (form.includes('%')) add(decode(form));
    const address = /^([a-z][a-z\d+.-]*):(?:\/\/([^/?#]*))?([^?#]*)/i.exec(form);
    // Addresses on the network have paths of their own; those of every other scheme are a server's word for files.
    if (address === null || /^https?$/i.test(address[1] ?? '')) continue;
    const [, , host = '', path = ''] = address;
    add(decode(path));
    if (host !== '') add(decode(`${host}${path}`));
  }
  return forms;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const TEXT_NAMES: ReadonlySet<string> = new Set(
  (
    'body text content contents message messages note notes description comment comments html markdown prompt summary ' +
    'subject title reason explanation answer reply query question label labels tag tags separator delimiter prefix suffix'
  ).split(' '),
);

/** A word or a sentence under a name that means one: nothing in it separates the parts of a path. */
function isPlainText({ text, name }: Leaf): boolean {
  return !/[/\\]/.test(text.trim().slice(0, -1)) && TEXT_NAMES.has(splitWords(name).at(-1) ?? '');
}

const CONTAINERS: ReadonlySet<string> = new Set(
  'repo repository cwd workdir working worktree workspace project root base dir directory folder'.split(' '),
);

/** A word that happens to be the name of a folder, where nothing says that a path is meant. */
function isWord({ text, name }: Leaf): boolean {
  return /^[^/\\.]+$/.test(text.trim()) && !kindsOf(name).some(({ kind }) => kind === 'path');
}

/** An argument by whose name a tool is told where to work, not what to change. */
function isContainer(name: string): boolean {
  return splitWords(name).some((word) => CONTAINERS.has(word));
}

const UNDOING: ReadonlySet<string> = new Set(
  (
    'move mv rename relocate delete del remove rm rmdir unlink trash erase wipe purge clean destroy drop overwrite ' +
    'replace prune truncate shred extract unzip'
  ).split(' '),
);
const ACTIONS: ReadonlySet<string> = new Set('operation op action command cmd method verb mode subcommand'.split(' '));

/** What a tool is called that takes things away or puts others in their place. */
function isUndoing(name: string): boolean {
  return splitWords(name.slice(0, MAX_NAME_CHARS)).some((word) => UNDOING.has(word));
}

/** An argument that says which of many things a tool does. */
function isAction(name: string): boolean {
  return ACTIONS.has(splitWords(name).at(-1) ?? '');
}
