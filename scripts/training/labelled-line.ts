import { readFileSync } from 'node:fs';

/** One labelled text. `span` is the injected part of a text labelled 1, where it is known. */
export interface LabelledLine {
  readonly text: string;
  readonly label: 0 | 1;
  readonly source: string;
  readonly kind: string;
  readonly span?: string;
}

/** Reads a file of JSON lines `{text, label, source?, kind?, span?}`. Throws with file and line on anything else. */
export function readLabelledLines(path: string): readonly LabelledLine[] {
  const lines: LabelledLine[] = [];
  // At line feeds only: texts hold other characters that some take for line ends.
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    if (line.trim() !== '') lines.push(parseLine(line, `${path}:${index + 1}`));
  }
  return lines;
}

function parseLine(line: string, where: string): LabelledLine {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || !('text' in value) || !('label' in value)) {
    throw new Error(`${where}: expected an object with text and label`);
  }
  const { text, label } = value;
  if (typeof text !== 'string' || (label !== 0 && label !== 1)) {
    throw new Error(`${where}: expected a string as text and 0 or 1 as label`);
  }
  const source = 'source' in value && typeof value.source === 'string' ? value.source : 'unnamed';
  const kind = 'kind' in value && typeof value.kind === 'string' ? value.kind : 'text';
  const span = 'span' in value && typeof value.span === 'string' ? { span: value.span } : {};
  return { text, label, source, kind, ...span };
}

/** Kinds that are written by the user or stand for one: no data that comes in, so neither learned from nor counted. */
export const PROMPT_KINDS: ReadonlySet<string> = new Set(['prompt', 'chat']);
