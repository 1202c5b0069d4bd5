import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = new URL('../..', import.meta.url).pathname;

/** Every document a reader sees, relative to the root. */
export const documents: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file.replaceAll('\\', '/')}`)
    .sort(),
];

export function readDocument(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** A fenced block. Its first word names the language, the second what the tests do with it. */
export interface Fence {
  readonly file: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
  readonly heading: string;
  readonly language: string;
  readonly tag: string;
  readonly text: string;
}

/** Every fenced block of every document, in order. */
export function readFences(): readonly Fence[] {
  return documents.flatMap(readFencesOf);
}

export function describeFence({ file, line }: Fence): string {
  return `${file}:${line}`;
}

function readFencesOf(file: string): readonly Fence[] {
  const fences: Fence[] = [];
  let heading = '';
  let open: { line: number; info: string; lines: string[] } | undefined;
  for (const [index, line] of readDocument(file).split('\n').entries()) {
    if (open === undefined) {
      if (/^#+ /.test(line)) heading = line.replace(/^#+ /, '');
      if (line.startsWith('```')) open = { line: index + 1, info: line.slice(3), lines: [] };
    } else if (line.startsWith('```')) {
      const [language = '', tag = ''] = open.info.trim().split(' ');
      fences.push({ file, line: open.line, heading, language, tag, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    } else {
      open.lines.push(line);
    }
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: the block is not closed`);
  return fences;
}
