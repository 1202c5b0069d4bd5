import { createScanner, findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';
import { assert } from '../../base/assert.ts';
import type { JsonObject } from '../../base/json.ts';

/** One change to a file of nested objects: `value` undefined removes what stands at `path`. */
export interface ObjectEdit {
  readonly path: readonly string[];
  readonly value: JsonObject | undefined;
}

/**
 * Applies edits to a JSON text that parses, with or without comments, and leaves every other byte as it is. What is
 * removed takes its lines and a comment on them along; comments on lines of their own stay. The object that something
 * is added to must be there.
 */
export function editJson(text: string, edits: readonly ObjectEdit[]): string {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const style = detectStyle(text);
  return mark + edits.reduce((body, edit) => applyEdit(body, edit, style), text.slice(mark.length));
}

interface Style {
  /** One step of indentation; absent: everything stands on one line. */
  readonly indent?: string;
  readonly eol: string;
}

function detectStyle(text: string): Style {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const indent = /\n([ \t]+)["/]/.exec(text)?.[1];
  if (indent !== undefined) return { indent, eol };
  return text.trim().includes('\n') ? { indent: '  ', eol } : { eol };
}

function applyEdit(text: string, { path, value }: ObjectEdit, style: Style): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  assert(root, 'a text that is edited was parsed');
  const present = findNodeAtLocation(root, [...path]);
  if (value === undefined) return present?.parent ? removeProperty(text, present.parent) : text;
  if (present) {
    const printed = printValue(value, style, indentAt(text, present.parent?.offset ?? present.offset));
    return text.slice(0, present.offset) + printed + text.slice(endOf(present));
  }
  const object = findNodeAtLocation(root, path.slice(0, -1));
  assert(object?.type === 'object', 'something is added to objects only');
  return addProperty(text, object, path.at(-1) ?? '', value, style);
}

function removeProperty(text: string, property: Node): string {
  const siblings = property.parent?.children ?? [];
  const previous = siblings[siblings.indexOf(property) - 1];
  const comma = commaAfter(text, endOf(property));
  let start = property.offset;
  let end = comma === undefined ? endOf(property) : comma + 1;
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const restOfLine = /^[ \t]*(\/\/[^\n]*|\/\*[^*\n]*\*\/[ \t]*)?\r?\n/.exec(text.slice(end));
  if (text.slice(lineStart, start).trim() === '' && restOfLine) {
    start = lineStart;
    end += restOfLine[0].length;
  } else {
    end += /^[ \t]*/.exec(text.slice(end))?.[0].length ?? 0;
  }
  const head = text.slice(0, start);
  // the last one takes the comma before it along, unless the file ends its lists with one
  const spare = comma === undefined && previous ? commaAfter(text, endOf(previous)) : undefined;
  const kept = spare === undefined ? head : head.slice(0, spare) + head.slice(spare + 1);
  return kept + text.slice(end);
}

function addProperty(text: string, object: Node, key: string, value: JsonObject, style: Style): string {
  const last = object.children?.at(-1);
  const close = endOf(object) - 1;
  const outer = indentAt(text, object.parent?.offset ?? object.offset);
  const inner = last && startsLine(text, last.offset) ? indentAt(text, last.offset) : outer + (style.indent ?? '');
  const entry = `${JSON.stringify(key)}: ${printValue(value, style, inner)}`;
  if (style.indent === undefined) {
    const end = last ? endOf(last) : close;
    return `${text.slice(0, end)}${last ? ', ' : ''}${entry}${text.slice(end)}`;
  }
  const comma = last && commaAfter(text, endOf(last));
  const withComma = last && comma === undefined ? `${text.slice(0, endOf(last))},${text.slice(endOf(last))}` : text;
  const closeNow = close + (withComma.length - text.length);
  // before the closing brace: on the line it is on if it begins that line, else on a new one
  const lineStart = withComma.lastIndexOf('\n', closeNow - 1) + 1;
  const ownLine = withComma.slice(lineStart, closeNow).trim() === '' && lineStart > object.offset;
  const printed = `${inner}${entry}${comma === undefined ? '' : ','}${style.eol}`;
  if (ownLine) return withComma.slice(0, lineStart) + printed + withComma.slice(lineStart);
  return `${withComma.slice(0, closeNow).trimEnd()}${style.eol}${printed}${outer}${withComma.slice(closeNow)}`;
}

function printValue(value: JsonObject, style: Style, indent: string): string {
  if (style.indent === undefined) return JSON.stringify(value);
  return JSON.stringify(value, null, style.indent).replaceAll('\n', `${style.eol}${indent}`);
}

/** The offset of the comma that follows, with nothing but blanks and comments in between. */
function commaAfter(text: string, offset: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  scanner.scan();
  return text.charAt(scanner.getTokenOffset()) === ',' ? scanner.getTokenOffset() : undefined;
}

function indentAt(text: string, offset: number): string {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, offset))?.[0] ?? '';
}

function startsLine(text: string, offset: number): boolean {
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset).trim() === '';
}

function endOf(node: Node): number {
  return node.offset + node.length;
}
