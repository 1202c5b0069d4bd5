import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { Redaction, ToolResult } from '../model/result.ts';
import { injectedText } from './injected-text.ts';
import { isEncoded, takeOutOfResult } from './redact.ts';
import { type DocumentFinding, type DocumentScan, RULE_WEIGHT, scanDocument } from './scan-document.ts';
import type { SourceRule } from './source-rule.ts';
import { stripInternals } from './strip-internals.ts';

/** A result as it may be shown, and everything that was seen in it. */
export interface ScannedResult {
  /** Without secrets and hidden characters; of a failed call also without what describes the machine it failed on. */
  readonly result: ToolResult;
  readonly redactions: readonly Redaction[];
  /** Each has the pointer to its text, in the result as it came. */
  readonly findings: readonly DocumentFinding[];
  readonly risk: number;
  readonly flagged: boolean;
  readonly classifiers: readonly string[];
  /** What a failed call said before it was stripped, without secrets, for the record. */
  readonly error?: string;
}

/** Windows of a result longer than `limits.scanChars` overlap by this much, so that nothing is cut in two. */
const OVERLAP = 4_096;
const MOST_FINDINGS = 400;
const ERROR_CHARS = 4_096;

/**
 * Looks at a whole result before it is handed over: takes out secrets and hidden characters, then looks for instructions
 * in all of its texts together, as they came. Pure, synchronous, linear; what is large belongs in a thread.
 */
export function scanResult(came: ToolResult, rule: SourceRule): ScannedResult {
  const read = readTexts(came);
  const scan = withScattered(read, scanWindows(read.text, rule), rule);
  const clean = takeOutOfResult(came.isError === true ? stripError(came) : came);
  const findings: DocumentFinding[] = [];
  // What is hidden is among the document's own findings.
  for (const finding of clean.findings)
    if (finding.detector !== 'hidden-text' || finding.kind === 'detector-failed')
      findings.push({ ...finding, layers: [] });
  for (const finding of scan.findings) findings.push(placeIn(read.pieces, finding));
  const { risk, flagged, classifiers } = scan;
  const scanned = { result: clean.result, redactions: clean.redactions, findings, risk, flagged, classifiers };
  return came.isError === true ? { ...scanned, error: readError(takeOutOfResult(came).result) } : scanned;
}

/** One text of the result, and where it stands in all of them together. */
export interface Piece {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/**
 * All texts of a result as one, a line each: an instruction that is cut into fields is still one. The names of members
 * count where they are more than a name. Encoded bytes are no text.
 */
export function readTexts(result: ToolResult): { readonly text: string; readonly pieces: readonly Piece[] } {
  const pieces: Piece[] = [];
  const lines: string[] = [];
  let length = 0;
  const add = (text: string, path: string) => {
    if (text === '') return;
    lines.push(text);
    pieces.push({ path, start: length, end: length + text.length });
    length += text.length + 1;
  };
  const walk = (value: JsonValue, path: string): void => {
    if (typeof value === 'string') add(value, path);
    else if (Array.isArray(value)) for (const [index, one] of value.entries()) walk(one, `${path}/${index}`);
    else if (isJsonObject(value)) walkMembers(value, path);
  };
  const walkMembers = (value: JsonObject, path: string): void => {
    const encoded = isEncoded(value);
    for (const [index, [name, one]] of Object.entries(value).entries()) {
      if (encoded.has(name)) continue;
      const isName = isMemberName(name);
      // A path is shown and recorded: what is no name is content, and is told by its place.
      const inner = isName ? `${path}/${name}` : `${path}/[${index}]`;
      if (!isName) add(name, `${inner}#`);
      walk(one, inner);
    }
  };
  for (const [index, block] of result.content.entries()) {
    const { type: _, ...rest } = block;
    if (Object.keys(rest).length === 1 && typeof rest['text'] === 'string') add(rest['text'], `/content/${index}/text`);
    else walkMembers(isEncoded(block).size > 0 ? block : rest, `/content/${index}`);
  }
  const { structuredContent, extra } = result;
  if (structuredContent !== undefined && !repeatsText(result)) walk(structuredContent, '/structuredContent');
  if (extra !== undefined) walkMembers(extra, '/extra');
  return { text: lines.join('\n'), pieces };
}

/** Whether a member's name is a name: nothing is said in it, and it stands in paths as it is. */
export function isMemberName(name: string): boolean {
  return NAME.test(name);
}
const NAME = /^[\w$.-]{1,40}$/;

/** MCP has servers repeat structured content as the text of a block: what was read there need not be read again. */
function repeatsText({ content, structuredContent }: ToolResult): boolean {
  const text = content.length === 1 ? content[0]?.['text'] : undefined;
  return typeof text === 'string' && text.length > 1 && text === JSON.stringify(structuredContent);
}

/**
 * The same texts as one sentence: an order that is cut into fields is one again. Rules alone are asked, and only what
 * goes from one text into another counts here.
 */
function withScattered(
  read: { text: string; pieces: readonly Piece[] },
  scan: DocumentScan,
  rule: SourceRule,
): DocumentScan {
  const { pieces } = read;
  if (pieces.length < 2 || read.text.length > limits.scanChars) return scan;
  const found = injectedText
    .detect(pieces.map(({ start, end }) => read.text.slice(start, end)).join(' '))
    .filter(({ start, end }) => indexAt(pieces, start) < indexAt(pieces, end - 1));
  if (found.length === 0) return scan;
  const weights = new Map(found.map(({ kind, confidence }) => [kind, RULE_WEIGHT[confidence]]));
  let harmless = 1 - scan.risk;
  for (const weight of weights.values()) harmless *= 1 - weight;
  const risk = Math.floor((1 - harmless) * 1_000) / 1_000;
  const findings = [...scan.findings, ...found.map((finding) => ({ ...finding, layers: [] }))];
  return { ...scan, risk, flagged: scan.flagged || risk >= rule.threshold, findings };
}

function scanWindows(text: string, rule: SourceRule): DocumentScan {
  const { source, trust, threshold } = rule;
  const scan = (part: string) => scanDocument({ text: part, source, trust, threshold });
  if (text.length <= limits.scanChars) return scan(text);
  const findings: DocumentFinding[] = [];
  let risk = 0;
  let classifiers: readonly string[] = [];
  for (let from = 0; from < text.length; from += limits.scanChars - OVERLAP) {
    const part = scan(text.slice(from, from + limits.scanChars));
    risk = Math.max(risk, part.risk);
    ({ classifiers } = part);
    for (const finding of part.findings) {
      if (findings.length >= MOST_FINDINGS) break;
      findings.push({ ...finding, start: finding.start + from, end: finding.end + from });
    }
  }
  return { risk, flagged: risk >= threshold, findings, classifiers };
}

/** The finding in the text it begins in. */
export function placeIn(pieces: readonly Piece[], finding: DocumentFinding): DocumentFinding {
  const piece = pieces[indexAt(pieces, finding.start)];
  if (piece === undefined) return finding;
  const start = Math.min(finding.start, piece.end) - piece.start;
  return { ...finding, path: piece.path, start, end: Math.max(start, Math.min(finding.end, piece.end) - piece.start) };
}

/** Which text an offset of all texts lies in; -1 where there are none. */
function indexAt(pieces: readonly Piece[], offset: number): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pieces[middle]?.start ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What a failed call says of why stays; what it says of the machine does not. */
function stripError(result: ToolResult): ToolResult {
  return { ...result, content: result.content.map(stripBlock) };
}

function stripBlock(block: JsonObject): JsonObject {
  const text = block['text'];
  if (typeof text !== 'string') return block;
  const stripped = stripInternals(text);
  return stripped === text ? block : { ...block, text: stripped };
}

function readError(result: ToolResult): string {
  const texts = result.content.map((block) => (typeof block['text'] === 'string' ? block['text'] : ''));
  return texts.join('\n').slice(0, ERROR_CHARS).toWellFormed();
}
