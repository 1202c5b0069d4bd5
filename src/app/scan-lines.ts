import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { type ErrorCode, errorEntry } from '../base/errors.ts';
import { Fault } from '../base/fault.ts';
import { findJsonProblem, type JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { LineReader } from '../base/line-reader.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Scanner } from '../ports/scanner.ts';
import { scanContent } from '../runtime/scan-content.ts';
import type { LeavingRules } from '../scan/scan-arguments.ts';

export interface ScanLinesOptions {
  readonly scanner: Scanner;
  /** Its `sources` say how each source is looked at. */
  readonly manifest: Manifest;
  /** What a line is that does not say its source. */
  readonly source: string;
  /** Whether texts are looked at as what leaves instead of what comes in. */
  readonly outbound: boolean;
}

/** How many lines there were, how many were flagged, and how many could not be looked at. */
export interface ScanLinesCount {
  lines: number;
  flagged: number;
  failed: number;
}

const lineSchema = z.strictObject({ text: z.string(), source: z.string().min(1).max(63).optional() });

/**
 * Scans NDJSON as it comes: `{"text", "source"?}` in, `{"risk", "flagged", "findings"}` out, a line for a line, in order.
 * A line that is too long, no JSON of that form or cannot be scanned is answered with an error and its number, and the
 * next one is read. Empty lines are passed over. Holds one chunk of input and one answer.
 */
export async function scanLines(
  input: AsyncIterable<Buffer>,
  write: (line: string) => Promise<void>,
  options: ScanLinesOptions,
): Promise<ScanLinesCount> {
  const count: ScanLinesCount = { lines: 0, flagged: 0, failed: 0 };
  const waiting: Buffer[] = [];
  // One byte more than a line may have tells one that is longer.
  const reader = new LineReader(limits.scanLineBytes + 1, (line) => waiting.push(line), 'cut');
  const answer = async () => {
    for (const line of waiting.splice(0)) {
      const bare = line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
      if (bare.length === 0) continue;
      count.lines += 1;
      await write(JSON.stringify(await answerLine(bare, count, options)));
    }
  };
  for await (const chunk of input) {
    reader.push(chunk);
    await answer();
  }
  reader.push(NEWLINE);
  await answer();
  return count;
}

const CARRIAGE_RETURN = 0x0d;
const NEWLINE = Buffer.from('\n');

async function answerLine(line: Buffer, count: ScanLinesCount, options: ScanLinesOptions): Promise<JsonObject> {
  try {
    const { text, source } = readLine(line);
    const answer = options.outbound ? await scanLeaving(text, options) : await scanIncoming(text, source, options);
    if (answer['flagged'] === true) count.flagged += 1;
    return answer;
  } catch (error) {
    count.failed += 1;
    const code: ErrorCode = error instanceof Fault ? error.code : 'E_INTERNAL';
    const message = error instanceof Fault ? error.message : 'a bug stopped this line';
    return { error: { code, message, next: errorEntry(code).next, line: count.lines } };
  }
}

async function scanIncoming(text: string, source: string | undefined, options: ScanLinesOptions): Promise<JsonObject> {
  const { risk, flagged, findings } = await scanContent(
    options.scanner,
    options.manifest,
    text,
    source ?? options.source,
  );
  return {
    risk,
    flagged,
    findings: findings.map(({ detector, kind, severity, layers }) => ({
      detector,
      kind,
      severity,
      layers: [...layers],
    })),
  };
}

const NO_RULES: LeavingRules = { sinks: [], allow: [], ask: [], deny: [], hostsDeclared: [], shellMeant: [] };

/** The risk of what leaves is 1 where a finding by itself is reason to stop it, else 0. */
async function scanLeaving(text: string, { scanner }: ScanLinesOptions): Promise<JsonObject> {
  const findings = await scanner.scanArguments({ text }, NO_RULES, text.length);
  const flagged = findings.some(({ callsFor }) => callsFor !== 'nothing');
  return {
    risk: flagged ? 1 : 0,
    flagged,
    findings: findings.slice(0, limits.findingsShown).map(({ detector, kind, severity, start, end, callsFor }) => ({
      detector,
      kind,
      severity,
      start,
      end,
      stops: callsFor !== 'nothing',
    })),
  };
}

function readLine(line: Buffer): z.infer<typeof lineSchema> {
  if (line.length > limits.scanLineBytes)
    throw new Fault('E_LIMIT', `a line has at most ${limits.scanLineBytes} bytes`);
  if (!isUtf8(line)) throw new Fault('E_REQUEST_INVALID', 'the line is not UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    throw new Fault('E_REQUEST_INVALID', 'the line is not JSON');
  }
  const problem = findJsonProblem(value, limits.jsonDepth);
  if (problem !== undefined)
    throw new Fault('E_REQUEST_INVALID', `${problem.path.slice(0, 200) || 'the line'}: ${problem.message}`);
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success)
    throw new Fault('E_REQUEST_INVALID', 'expected `{"text": "…", "source": "…"}`, both texts, and nothing else');
  return parsed.data;
}
