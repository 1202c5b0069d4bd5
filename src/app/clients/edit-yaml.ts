import { type Document, isMap, isScalar, parseDocument, stringify, type YAMLMap } from 'yaml';
import type { JsonValue } from '../../base/json.ts';

/**
 * Sets what stands at `path` in a YAML text, which must parse and must not have it yet. The new lines go behind the
 * last entry of the mapping they belong to, and everything else stays byte for byte; only where that mapping is
 * written in one line (`{}`) the document is printed anew, with its comments.
 */
export function addToYaml(text: string, path: readonly string[], value: JsonValue): string {
  const document = parseDocument(text);
  const depth = deepestMap(document, path);
  const parent = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
  const rest = path.slice(depth);
  if (document.contents === null || (isMap(parent) && isRoot(document, parent) && parent.items.length === 0)) {
    return joinLines(text, printEntry(rest, value, 0));
  }
  if (isMap(parent) && parent.flow !== true && parent.items.length > 0) {
    const at = lineAfter(text, parent);
    const entry = printEntry(rest, value, columnOf(text, parent));
    return joinLines(text.slice(0, at), entry, text.slice(at));
  }
  if (isMap(parent) || depth === 0) {
    if (isMap(parent) && parent.items.length === 0) parent.flow = false; // `servers: {}` has no style to keep
    document.setIn(path, document.createNode(value));
  } else {
    document.setIn(path.slice(0, depth), document.createNode(nest(rest, value))); // `servers:`, without a value
  }
  return document.toString({ lineWidth: 0 });
}

/** How many keys of the path lead through mappings that exist. */
function deepestMap(document: Document, path: readonly string[]): number {
  let depth = 0;
  while (depth < path.length - 1 && isMap(document.getIn(path.slice(0, depth + 1), true))) depth++;
  // a key without a value (`servers:`) has to be filled, not repeated
  const next = path.slice(0, depth + 1);
  return depth < path.length - 1 && document.hasIn(next) ? depth + 1 : depth;
}

function isRoot(document: Document, node: YAMLMap): boolean {
  return document.contents === node && node.flow !== true;
}

function printEntry(path: readonly string[], value: JsonValue, indent: number): string {
  return stringify(nest(path, value), { lineWidth: 0 }).replace(/^(?=.)/gm, ' '.repeat(indent));
}

function nest(path: readonly string[], value: JsonValue): JsonValue {
  return path.reduceRight<JsonValue>((inner, key) => ({ [key]: inner }), value);
}

/** Where the line after the mapping's last value begins. */
function lineAfter(text: string, map: YAMLMap): number {
  const last = map.items.at(-1);
  const value = last?.value ?? last?.key;
  const range = isMap(value) || isScalar(value) || hasRange(value) ? value.range : undefined;
  const end = endOfValue(text, range?.[1] ?? text.length);
  const newline = text.indexOf('\n', end);
  return newline < 0 ? text.length : newline + 1;
}

/** A block's range may include the line ends and comments after it: back to the last character that is content. */
function endOfValue(text: string, end: number): number {
  let at = end;
  while (at > 0 && /\s/.test(text.charAt(at - 1))) at--;
  return at;
}

function hasRange(node: unknown): node is { range?: [number, number, number] | null } {
  return typeof node === 'object' && node !== null && 'range' in node;
}

function columnOf(text: string, map: YAMLMap): number {
  const start = map.range?.[0] ?? 0;
  return start - (text.lastIndexOf('\n', start - 1) + 1);
}

function joinLines(...parts: readonly string[]): string {
  return parts.reduce((text, part) => (text === '' || text.endsWith('\n') ? text + part : `${text}\n${part}`), '');
}
