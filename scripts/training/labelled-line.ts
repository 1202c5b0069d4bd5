import { readFileSync } from 'node:fs';

/** One labelled text. `span` is the injected part of a text labelled 1, where it is known. */
export interface LabelledLine {
  readonly text: string;
  readonly label: 0 | 1;
  readonly source: string;
  readonly kind: string;
  readonly span?: string;
}

/**
 * Reads findings that people answered: JSON lines `{text, verdict: "confirmed" | "rejected", source?, kind?, span?}`, or
 * labelled lines. Throws with file and line on anything else.
 */
export function readReviewedFindings(path: string): readonly LabelledLine[] {
  return readLines(path).map(({ value, where }) => {
    const isFinding = typeof value === 'object' && value !== null && 'verdict' in value;
    if (!isFinding) return parseLine(value, where);
    const label = value.verdict === 'confirmed' ? 1 : value.verdict === 'rejected' ? 0 : undefined;
    if (label === undefined) throw new Error(`${where}: expected \`confirmed\` or \`rejected\` as verdict`);
    return parseLine({ ...value, label }, where);
  });
}

/** Reads a file of JSON lines `{text, label, source?, kind?, span?}`. Throws with file and line on anything else. */
export function readLabelledLines(path: string): readonly LabelledLine[] {
  return readLines(path).map(({ value, where }) => parseLine(value, where));
}

function readLines(path: string): readonly { readonly value: unknown; readonly where: string }[] {
  const lines: { readonly value: unknown; readonly where: string }[] = [];
  // At line feeds only: texts hold other characters that some take for line ends.
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const where = `${path}:${index + 1}`;
    if (line.trim() === '') continue;
    try {
      lines.push({ value: JSON.parse(line), where });
    } catch {
      throw new Error(`${where}: not JSON`);
    }
  }
  return lines;
}

function parseLine(value: unknown, where: string): LabelledLine {
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
