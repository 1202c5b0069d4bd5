import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { JsonValue } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { Place } from '../../model/place.ts';
import type { ConfigProblem } from './config-problem.ts';
import { describeSyntaxError } from './describe-syntax-error.ts';

/** Where one value stands in the text. Offsets count UTF-16 units from the start. */
export interface Spot {
  /** Of the key that leads to it, or of the item. */
  readonly keyAt: number;
  readonly valueAt: number;
  readonly members?: ReadonlyMap<string | number, Spot>;
}

export interface YamlFile {
  /** What the text says, as JSON. Meaningful only as far as there are no errors; `null` where nothing could be read. */
  readonly value: JsonValue;
  readonly root: Spot;
  readonly problems: readonly ConfigProblem[];
  /** Whether the text is well-formed YAML, so that looking at the value makes sense. */
  readonly readable: boolean;
  placeAt(offset: number): Place;
}

/**
 * Reads one YAML 1.2 document of the core schema: text, numbers, true and false, null, lists and mappings with text
 * keys. Tags, merge keys, duplicate keys, other YAML versions and invisible characters that mislead a reader are
 * errors. Anchors and aliases work, within bounds. Never throws.
 */
export function readYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const problems: ConfigProblem[] = [];
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const report = (offset: number, message: string): void => {
    problems.push({ place: placeAt(offset), severity: 'error', message });
  };

  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: false, // the library compares every pair of keys; `Walk` looks each up once
    prettyErrors: false,
    logLevel: 'error', // at `silent` a second document goes unreported
    lineCounter: lines,
  });

  reportSyntaxErrors(document, placeAt, report);
  for (const found of text.matchAll(MISLEADING)) {
    const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    report(found.index, `found the invisible character U+${code}, which can make text look like other text; remove it`);
  }
  if (document.directives?.yaml.explicit && document.directives.yaml.version !== '1.2') {
    report(0, `found \`%YAML ${document.directives.yaml.version}\`, expected YAML 1.2; remove the line`);
  }
  const readable = document.errors.length === 0;
  if (!readable) return { value: null, root: { keyAt: 0, valueAt: 0 }, problems, readable, placeAt };

  const walk = new Walk(report);
  const { value, spot } = walk.read(document.contents, offsetOf(document.contents) ?? 0, 0);
  return { value, root: spot, problems, readable: !walk.gaveUp, placeAt };
}

/** Bidirectional overrides, zero-width spaces and tag characters. Joiners are left alone: scripts and emoji need them. */
const MISLEADING = /[\u202A-\u202E\u2066-\u2069\u200B\u2060]|(?!^)\uFEFF|[\u{E0000}-\u{E007F}]/gu;

/** One problem a line: after the first, the rest of a line is mostly its consequence. */
function reportSyntaxErrors(
  document: Pick<Document, 'errors'>,
  placeAt: (offset: number) => Place,
  report: (offset: number, message: string) => void,
): void {
  const linesSeen = new Set<number>();
  for (const error of document.errors) {
    const { line } = placeAt(error.pos[0]);
    if (linesSeen.has(line)) continue;
    linesSeen.add(line);
    report(error.pos[0], describeSyntaxError(error));
  }
}

interface Read {
  readonly value: JsonValue;
  readonly spot: Spot;
}

/** Turns the parsed tree into JSON and remembers where everything stands, in document order. */
class Walk {
  readonly #report: (offset: number, message: string) => void;
  readonly #anchors = new Map<string, unknown>();
  readonly #open = new Set<unknown>();
  #values = 0;
  #aliases = 0;
  #stopped = false;

  constructor(report: (offset: number, message: string) => void) {
    this.#report = report;
  }

  /** Whether a bound was passed, so that part of the text was not read. */
  get gaveUp(): boolean {
    return this.#stopped;
  }

  read(node: unknown, keyAt: number, depth: number): Read {
    const valueAt = offsetOf(node) ?? keyAt;
    const nothing: Read = { value: null, spot: { keyAt, valueAt } };
    if (this.#stopped) return nothing;
    if (++this.#values > limits.configValues)
      return this.#stop(valueAt, `more than ${limits.configValues} values`, nothing);
    if (depth > limits.jsonDepth) return this.#stop(valueAt, `nested more than ${limits.jsonDepth} deep`, nothing);
    if (isAlias(node)) return this.#readAlias(node, keyAt, depth, nothing);
    this.#remember(node, valueAt);
    if (isScalar(node)) return { value: this.#readScalar(node.value, valueAt), spot: { keyAt, valueAt } };
    if (!isMap(node) && !isSeq(node)) return nothing;

    this.#open.add(node);
    const read = isMap(node)
      ? this.#readMapping(node.items, keyAt, valueAt, depth)
      : this.#readList(node.items, keyAt, valueAt, depth);
    this.#open.delete(node);
    return read;
  }

  #stop(offset: number, message: string, nothing: Read): Read {
    this.#stopped = true;
    this.#report(offset, `${message}, which is past what a configuration may be`);
    return nothing;
  }

  #remember(node: unknown, offset: number): void {
    const { anchor, tag } = (node ?? {}) as { anchor?: string; tag?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    if (tag !== undefined) this.#report(offset, TAG);
  }

  #readAlias(node: { source: string }, keyAt: number, depth: number, nothing: Read): Read {
    const offset = nothing.spot.valueAt;
    if (++this.#aliases > limits.configAliases)
      return this.#stop(offset, `more than ${limits.configAliases} aliases`, nothing);
    const meant = this.#anchors.get(node.source);
    if (meant === undefined) {
      this.#report(
        offset,
        'found an alias (`*…`) of nothing that stands before it; a text that begins so has to be in quotes',
      );
      return nothing;
    }
    if (this.#open.has(meant)) {
      this.#report(offset, 'this alias (`*…`) contains itself');
      return nothing;
    }
    // Read again rather than shared: the bound on values then counts what the aliases expand to.
    return { value: this.read(meant, keyAt, depth).value, spot: { keyAt, valueAt: offset } };
  }

  #readScalar(value: unknown, offset: number): JsonValue {
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'string') {
      if (!value.isWellFormed()) this.#report(offset, 'found half of a surrogate pair, expected whole characters');
      return value;
    }
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      this.#report(offset, `found \`${String(value)}\`, expected a finite number; quote it if it is text`);
      return null;
    }
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      this.#report(offset, 'found a number too large to be kept exactly; quote it if it is text');
    }
    return value;
  }

  #readList(items: readonly unknown[], keyAt: number, valueAt: number, depth: number): Read {
    const value: JsonValue[] = [];
    const members = new Map<number, Spot>();
    for (const [index, item] of items.entries()) {
      const read = this.read(item, offsetOf(item) ?? valueAt, depth + 1);
      value.push(read.value);
      members.set(index, read.spot);
    }
    return { value, spot: { keyAt, valueAt, members } };
  }

  #readMapping(
    items: readonly { key: unknown; value: unknown }[],
    keyAt: number,
    valueAt: number,
    depth: number,
  ): Read {
    const value: Record<string, JsonValue> = {};
    const members = new Map<string, Spot>();
    for (const pair of items) {
      const at = offsetOf(pair.key) ?? valueAt;
      const key = this.#readKey(pair.key, at);
      if (key === undefined) continue;
      if (members.has(key)) {
        this.#report(at, `the key \`${shorten(key)}\` is already there; a second one would hide the first`);
        continue;
      }
      const read = this.read(pair.value, at, depth + 1);
      value[key] = read.value;
      members.set(key, read.spot);
    }
    return { value, spot: { keyAt, valueAt, members } };
  }

  #readKey(node: unknown, offset: number): string | undefined {
    if (!isScalar(node)) {
      this.#report(offset, 'found a key that is not text');
      return undefined;
    }
    this.#remember(node, offset);
    const key = node.value;
    if (typeof key !== 'string') {
      const written = shorten(node.source ?? String(key));
      this.#report(
        offset,
        written === ''
          ? 'found a value without a key'
          : `found the key ${written}, expected text; write it in quotes: "${written}"`,
      );
      return undefined;
    }
    if (key === '__proto__') {
      this.#report(offset, 'the key `__proto__` is not accepted');
      return undefined;
    }
    if (key === '<<' && node.type === 'PLAIN') {
      this.#report(offset, 'merge keys (`<<`) are not used here; write the entries out');
      return undefined;
    }
    if (!key.isWellFormed()) {
      this.#report(offset, 'found half of a surrogate pair, expected whole characters');
      return undefined;
    }
    return key;
  }
}

/** What stands here may be a secret that begins with `!`, `*` or `&`: none of it is repeated. */
const TAG = 'found a tag (`!…`); tags are not used here: remove it, or put a text that begins so in quotes';

function offsetOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null)?.range?.[0];
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60).toWellFormed()}…` : text;
}
