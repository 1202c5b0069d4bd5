import type { JsonObject } from '../base/json.ts';

const LINES = 10_000;
const NAME = /^[^.:;?!{}[\]<>|]{1,60}$/u;
const NAME_WORDS = 7;
const LABEL = /^\p{L}[\p{L}\p{N} _-]{0,40}$/u;
const PAIR = /, (?=\p{L}[\p{L}\p{N} _-]{0,30}: )/u;

/**
 * Rows that are written as lines of `Name: value, Name: value`, each with the same names, or a head and then names and
 * nothing else: `Rooms: Blue, Green` on one line, or each on a line of its own. `undefined` for any other text.
 */
export function parseLines(text: string): JsonObject[] | undefined {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  if (lines.length > LINES || lines.some((line) => line === '')) return undefined;
  return parsePairs(lines) ?? parseNames(lines);
}

function parsePairs(lines: readonly string[]): JsonObject[] | undefined {
  const rows = lines.map((line) =>
    line.split(PAIR).map((pair) => {
      const at = pair.indexOf(': ');
      return [at === -1 ? '' : pair.slice(0, at), pair.slice(at + 2)] as const;
    }),
  );
  const names = rows[0]?.map(([name]) => name) ?? [];
  if (names.length < 2 || new Set(names).size !== names.length || !names.every((name) => LABEL.test(name)))
    return undefined;
  const isAlike = rows.every((row) => row.length === names.length && row.every(([name], i) => name === names[i]));
  return isAlike ? rows.map((row) => Object.fromEntries(row)) : undefined;
}

function parseNames(lines: readonly string[]): JsonObject[] | undefined {
  const [head = '', ...rest] = lines;
  const at = head.indexOf(':');
  const label = head.slice(0, at).trim();
  if (at === -1 || !LABEL.test(label)) return undefined;
  const first = head.slice(at + 1).trim();
  const names =
    rest.length === 0
      ? first.split(/, ?/)
      : [...(first === '' ? [] : [first]), ...rest.map((line) => line.replace(/^[-*•] /, ''))];
  if (names.length < 2 || new Set(names).size !== names.length) return undefined;
  const isName = (name: string): boolean => NAME.test(name) && name.split(' ').length <= NAME_WORDS;
  return names.every(isName) ? names.map((name) => ({ name })) : undefined;
}
