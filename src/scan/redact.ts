import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import type { Redaction, ToolResult } from '../model/result.ts';
import type { Detector, Finding } from './detector.ts';
import { hiddenText, MANY_HIDDEN, stripHidden } from './hidden-text.ts';
import { injectedText } from './injected-text.ts';
import { isPlainWord } from './plain-word.ts';
import { scanText } from './scan-text.ts';
import { secrets } from './secrets.ts';

/** A result as it may be shown, what was taken out of it, and everything that was seen in it. */
export interface RedactedResult {
  readonly result: ToolResult;
  readonly redactions: readonly Redaction[];
  readonly findings: readonly Finding[];
}

const DETECTORS: readonly Detector[] = [secrets, hiddenText, injectedText];
const TAKEN_OUT: readonly Detector[] = [secrets, hiddenText];

/**
 * Takes secrets and hidden characters out of a tool's result: out of text, structured content, members' names,
 * embedded resources and members that are passed on. In a secret's place stands its type and length; hidden characters
 * leave nothing. Text that looks like instructions stays, and is reported. Encoded bytes (`data`, `blob`) are left as
 * they are. A result in which nothing is found is returned as the same object.
 */
export function redactResult(result: ToolResult, more: readonly Detector[] = []): RedactedResult {
  return redactWith(result, [...DETECTORS, ...more]);
}

/** As `redactResult`, for whoever looks for instructions in another way: only what is taken out is looked for. */
export function takeOutOfResult(result: ToolResult): RedactedResult {
  return redactWith(result, TAKEN_OUT);
}

function redactWith(result: ToolResult, detectors: readonly Detector[]): RedactedResult {
  const redactor = new Redactor(detectors);
  const content = result.content.map((block, index) => redactor.object(block, `/content/${index}`));
  const { structuredContent } = result;
  const structured =
    structuredContent === undefined ? undefined : redactor.value(structuredContent, '/structuredContent');
  const extra = result.extra && redactor.object(result.extra, '/extra');
  const { redactions, findings } = redactor;
  if (redactions.length === 0) return { result, redactions, findings };
  return {
    result: {
      content,
      ...(structured === undefined ? {} : { structuredContent: structured }),
      ...(result.isError === undefined ? {} : { isError: result.isError }),
      ...(extra ? { extra } : {}),
    },
    redactions,
    findings,
  };
}

/** A JSON object without its secrets and hidden characters, and those that were seen in it. */
export function redactJson(value: JsonObject): { readonly value: JsonObject; readonly findings: readonly Finding[] } {
  const redactor = new Redactor(TAKEN_OUT);
  const redacted = redactor.object(value, '');
  return { value: redactor.redactions.length === 0 ? value : redacted, findings: redactor.findings };
}

/**
 * A text without its secrets and hidden characters, and what was taken out. `path` is where redactions say it was; with
 * `tag`, each place also says which secret stood there, so that two can be told to be the same (`makeRedactionTag`).
 */
export function redactText(
  text: string,
  path = '',
  tag?: (secret: string) => string,
): { readonly text: string; readonly redactions: readonly Redaction[] } {
  const redactor = new Redactor(TAKEN_OUT, tag);
  return { text: redactor.text(text, path), redactions: redactor.redactions };
}

class Redactor {
  readonly redactions: Redaction[] = [];
  readonly findings: Finding[] = [];
  readonly #detectors: readonly Detector[];
  readonly #tag: ((secret: string) => string) | undefined;

  constructor(detectors: readonly Detector[], tag?: (secret: string) => string) {
    this.#tag = tag;
    this.#detectors = detectors;
  }

  object(value: JsonObject, path: string): JsonObject {
    const encoded = isEncoded(value);
    const members = Object.entries(value).map(([name, one]): [string, JsonValue] => {
      const inner = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (encoded.has(name)) return [name, one];
      return [this.text(name, `${inner}#`), this.value(one, inner)];
    });
    return Object.fromEntries(keepApart(members));
  }

  value(value: JsonValue, path: string): JsonValue {
    if (typeof value === 'string') return this.text(value, path);
    if (Array.isArray(value)) return value.map((one, index) => this.value(one, `${path}/${index}`));
    return isJsonObject(value) ? this.object(value, path) : value;
  }

  text(text: string, path: string): string {
    if (isPlainWord(text)) return text;
    const found = scanText(text, this.#detectors);
    for (const finding of found) this.findings.push({ ...finding, path });
    if (found.some((finding) => finding.kind === MANY_HIDDEN)) {
      const visible = stripHidden(text).text;
      this.redactions.push({ kind: `hidden:${MANY_HIDDEN}`, path, characters: text.length - visible.length });
      return this.text(visible, path);
    }
    const spans = mergeSpans(found.filter(isTakenOut));
    let redacted = '';
    let from = 0;
    for (const { start, end, kind, detector } of spans) {
      redacted += text.slice(from, start);
      if (detector === 'secrets')
        redacted += `[redacted secret:${kind} ${end - start}${this.#tagOf(text.slice(start, end))}]`;
      this.redactions.push({
        kind: detector === 'secrets' ? `secret:${kind}` : `hidden:${kind}`,
        path,
        characters: end - start,
      });
      from = end;
    }
    return redacted + text.slice(from);
  }

  #tagOf(secret: string): string {
    return this.#tag ? ` ${this.#tag(stripHidden(secret).text)}` : '';
  }
}

/** Taking something out is never permission: it only removes. What a failed detector would have seen is taken out. */
function isTakenOut(finding: Finding): boolean {
  return finding.detector === 'secrets' || finding.detector === 'hidden-text';
}

/** Spans that do not overlap, in order. Of overlapping ones the secret gives its name to all. */
function mergeSpans(findings: readonly Finding[]): readonly Finding[] {
  const spans: Finding[] = [];
  for (const finding of [...findings].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = spans.at(-1);
    if (!last || finding.start >= last.end) spans.push(finding);
    else {
      const named = last.detector === 'secrets' ? last : finding;
      spans[spans.length - 1] = { ...named, start: last.start, end: Math.max(last.end, finding.end) };
    }
  }
  return spans;
}

const NONE: ReadonlySet<string> = new Set();

/** Members of a content block that hold encoded bytes: no text, and not read as one. */
export function isEncoded(value: JsonObject): ReadonlySet<string> {
  if ((value['type'] === 'image' || value['type'] === 'audio') && 'data' in value) return new Set(['data']);
  return typeof value['blob'] === 'string' && 'uri' in value ? new Set(['blob']) : NONE;
}

/** Two names can be the same after redaction; a member must not vanish for it. */
function keepApart(members: readonly [string, JsonValue][]): readonly [string, JsonValue][] {
  const seen = new Set<string>();
  return members.map(([name, value]) => {
    let free = name;
    for (let count = 2; seen.has(free); count++) free = `${name} (${count})`;
    seen.add(free);
    return [free, value];
  });
}
