import type { ToolResult } from '../model/result.ts';
import type { Leaf } from './list-leaves.ts';
import { parseText } from './parse-text.ts';
import { type RecordShape, readProse, readRecords } from './read-records.ts';
import { listTexts } from './result-texts.ts';

/**
 * The records of a result, one by one: of its texts where they have a structure, and of its structured content. Reading
 * one costs as much as it is long; who reads them may pause between any two.
 */
export function* readResult(result: ToolResult, leaves: readonly Leaf[]): Generator<RecordShape> {
  // An error may repeat anything that was sent, in any structure.
  const isProse = result.isError === true || leaves.some((leaf) => leaf.words.some((word) => DOCUMENT.has(word)));
  const structured = isProse ? undefined : result.structuredContent;
  // Servers repeat structured content as text for clients that do not read it.
  const repeated = structured === undefined ? undefined : JSON.stringify(structured);
  for (const text of listTexts(result)) {
    if (text === repeated) continue;
    const value = isProse ? undefined : parseText(text);
    if (value === undefined) yield* readProse(text);
    else yield* readRecords(value);
  }
  if (structured !== undefined) yield* readRecords(structured);
}

/** Arguments by which a tool returns somebody's document: whatever structure that has, its author gave it. */
const DOCUMENT: ReadonlySet<string> = new Set([
  'path',
  'url',
  'uri',
  'link',
  'href',
  'page',
  'website',
  'webpage',
  'document',
  'comment',
]);
