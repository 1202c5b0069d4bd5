import type { JsonObject } from '../base/json.ts';

/** Rows of a table of any of the three usual forms, as objects by column name; `undefined` if the text is no table. */
export function parseTable(text: string): JsonObject[] | undefined {
  return parseHtmlTable(text) ?? parseMarkdownTable(text) ?? parseCsv(text);
}

const ROWS = 50_000;

function toObjects(rows: readonly (readonly string[])[]): JsonObject[] | undefined {
  const [head, ...body] = rows;
  if (!head || body.length === 0 || head.length < 2 || head.some((name) => name === '' || name === '__proto__'))
    return undefined;
  if (new Set(head).size !== head.length || body.some((row) => row.length !== head.length)) return undefined;
  return body.slice(0, ROWS).map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? ''])));
}

function parseHtmlTable(text: string): JsonObject[] | undefined {
  const start = text.search(/<table\b/i);
  const length = start === -1 ? -1 : text.slice(start).search(/<\/table>/i);
  if (length === -1) return undefined;
  const table = text.slice(start + 1, start + length);
  if (/<table\b/i.test(table)) return undefined;
  const rows = [...table.matchAll(/<tr\b[^>]{0,500}>([\s\S]*?)(?=<\/tr>|<tr\b|$)/gi)].map((row) =>
    [...(row[1] ?? '').matchAll(/<t[hd]\b[^>]{0,500}>([\s\S]*?)(?=<\/t[hd]>|<t[hd]\b|$)/gi)].map((cell) =>
      (cell[1] ?? '')
        .replace(/<[^>]{0,500}>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    ),
  );
  return toObjects(rows.filter((row) => row.length > 0));
}

function parseMarkdownTable(text: string): JsonObject[] | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const rule = lines.findIndex((line) => /^\|?\s*:?-{3,}:?\s*(?:\|\s*:?-{3,}:?\s*)+\|?$/.test(line));
  if (rule !== 1 || lines.some((line) => line !== '' && !line.includes('|'))) return undefined;
  const cells = (line: string): string[] =>
    line
      .replace(/^\||\|$/g, '')
      .split('|')
      .map((cell) => cell.trim());
  return toObjects(lines.filter((line, i) => i !== 1 && line !== '').map(cells));
}

/** Comma, semicolon or tab separated, with a head of short names and every row of the same width. */
function parseCsv(text: string): JsonObject[] | undefined {
  const first = text.split('\n', 1)[0] ?? '';
  const mark = [',', ';', '\t'].find((candidate) => first.includes(candidate));
  if (mark === undefined || !text.includes('\n')) return undefined;
  const head = first.split(mark).map((name) => name.trim());
  if (head.some((name) => !/^"?[\p{L}_][\p{L}\p{N}_ -]{0,40}"?$/u.test(name))) return undefined;
  const rows = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => splitCsvLine(line, mark));
  return toObjects(rows);
}

function splitCsvLine(line: string, mark: string): string[] {
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (const character of line) {
    if (character === '"') quoted = !quoted;
    else if (character === mark && !quoted) {
      cells.push(cell.trim());
      cell = '';
    } else cell += character;
  }
  return [...cells, cell.trim()];
}
