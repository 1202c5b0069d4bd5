import { parse, stringify } from 'smol-toml';
import type { ObjectEdit } from './edit-json.ts';

/** Consecutive lines that belong together: a header, a key with its value, or what stands between them. */
interface Statement {
  readonly kind: 'header' | 'pair' | 'other';
  /** Full path of the table or key; empty for `other`. */
  readonly path: readonly string[];
  readonly lines: readonly string[];
}

/**
 * Applies edits to a TOML text line by line: what is removed disappears, what is added becomes tables at the end of
 * the section, everything else, comments included, stays byte for byte. Check the result by parsing it: a section that
 * is written as one inline table is not taken apart.
 */
export function editToml(text: string, edits: readonly ObjectEdit[]): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  let statements = splitStatements(text);
  for (const { path, value } of edits) {
    const at = statements.findIndex((statement) => isWithin(statement.path, path));
    const kept = removeWithin(statements, path);
    if (value === undefined) {
      statements = kept;
      continue;
    }
    const block = { kind: 'header', path, lines: printTable(path, value, eol) } as const;
    // where it stood; if it is new, at the end: a table may not be split by another
    const position = at >= 0 && statements[at]?.kind === 'header' ? Math.min(at, kept.length) : kept.length;
    statements = insertBlock(kept, position, block, eol);
  }
  return statements.flatMap(({ lines }) => lines).join('');
}

/** Splits a text into statements, whose lines joined again are the text. Strings and arrays may span lines. */
function splitStatements(text: string): readonly Statement[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const statements: Statement[] = [];
  let table: readonly string[] = [];
  for (let index = 0; index < lines.length; ) {
    const line = lines[index] ?? '';
    const content = line.replace(/^\uFEFF/, '').trim();
    if (content === '' || content.startsWith('#')) {
      statements.push({ kind: 'other', path: [], lines: [line] });
      index++;
    } else if (content.startsWith('[')) {
      table = readKey(content.replace(/^\[\[?/, ''));
      statements.push({ kind: 'header', path: table, lines: [line] });
      index++;
    } else {
      let count = 1;
      while (index + count < lines.length && !isComplete(lines.slice(index, index + count).join(''))) count++;
      const path = [...table, ...readKey(content)];
      statements.push({ kind: 'pair', path, lines: lines.slice(index, index + count) });
      index += count;
    }
  }
  return statements;
}

/** The parts of a dotted key at the start of `text`; quoted parts are unquoted. */
function readKey(text: string): readonly string[] {
  const parts: string[] = [];
  let rest = text;
  for (;;) {
    const [whole, basic, literal, bare] = /^\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*/.exec(rest) ?? [];
    if (whole === undefined) return parts;
    parts.push(basic === undefined ? (literal ?? bare ?? '') : unquote(basic));
    rest = rest.slice(whole.length);
    if (!rest.startsWith('.')) return parts;
    rest = rest.slice(1);
  }
}

function unquote(basic: string): string {
  return String(parse(`k = "${basic}"`)['k']);
}

/** Whether a key and what follows it is a whole statement: no string or bracket is left open. */
function isComplete(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; ) {
    const char = text.charAt(i);
    if (char === '#') {
      const end = text.indexOf('\n', i);
      i = end < 0 ? text.length : end;
    } else if (char === '"' || char === "'") {
      const end = findStringEnd(text, i);
      if (end < 0) return false;
      i = end;
    } else {
      if (char === '[' || char === '{') depth++;
      if (char === ']' || char === '}') depth--;
      i++;
    }
  }
  return depth <= 0;
}

/** The offset after the string that starts at `start`, or -1 if it does not end. */
function findStringEnd(text: string, start: number): number {
  const quote = text.charAt(start);
  const fence = text.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote;
  for (let i = start + fence.length; i < text.length; i++) {
    if (quote === '"' && text.charAt(i) === '\\') i++;
    else if (text.startsWith(fence, i)) {
      let end = i + fence.length;
      // up to two quotes may stand right before the closing three
      while (fence.length === 3 && end - i < 5 && text.charAt(end) === quote) end++;
      return end;
    }
  }
  return -1;
}

/** Removes what is at or under `path`, with the comments inside it. Comments above what follows stay. */
function removeWithin(statements: readonly Statement[], path: readonly string[]): readonly Statement[] {
  const kept: Statement[] = [];
  let loose: Statement[] = []; // comments and blank lines since the last header or pair
  let removing = false;
  for (const statement of statements) {
    if (statement.kind === 'other') {
      loose.push(statement);
      continue;
    }
    const goes = isWithin(statement.path, path);
    kept.push(...(removing ? (goes ? [] : trailingComments(loose)) : loose));
    if (!goes) kept.push(statement);
    removing = goes;
    loose = [];
  }
  kept.push(...(removing ? trailingComments(loose) : loose));
  return kept;
}

/** Of the loose lines after something removed: those from the last blank line on, which belong to what follows. */
function trailingComments(loose: readonly Statement[]): readonly Statement[] {
  const lastBlank = loose.findLastIndex(({ lines }) => lines.join('').trim() === '');
  return lastBlank < 0 ? [] : loose.slice(lastBlank + 1);
}

function isWithin(path: readonly string[], outer: readonly string[]): boolean {
  return path.length >= outer.length && outer.every((part, index) => path[index] === part);
}

function printTable(path: readonly string[], value: object, eol: string): readonly string[] {
  const nested = path.reduceRight<object>((inner, key) => ({ [key]: inner }), value);
  const text = stringify(nested)
    .split('\n')
    .filter((line) => line !== '')
    .join('\n');
  return `${text}\n`
    .split('\n')
    .slice(0, -1)
    .map((line) => `${line}${eol}`);
}

function insertBlock(
  statements: readonly Statement[],
  position: number,
  block: Statement,
  eol: string,
): readonly Statement[] {
  const before = [...statements.slice(0, position)];
  const after = statements.slice(position);
  const blank: Statement = { kind: 'other', path: [], lines: [eol] };
  const last = before.at(-1)?.lines.at(-1);
  if (last !== undefined && !last.endsWith('\n')) before.push(blank); // ends the last line
  if (last !== undefined && last.trim() !== '') before.push(blank);
  const next = after[0]?.lines[0];
  return [...before, block, ...(next !== undefined && next.trim() !== '' ? [blank] : []), ...after];
}
