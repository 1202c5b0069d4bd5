import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { ToolResult } from '../model/result.ts';
import type { DocumentFinding } from '../scan/scan-document.ts';
import { isMemberName } from '../scan/scan-result.ts';
import type { SourceRule } from '../scan/source-rule.ts';
import { type BoundaryMarker, wrapUntrusted } from '../scan/wrap-untrusted.ts';
import { fitText } from './record-parts.ts';

/** What an answer says of what was found in it: kinds and places, never the text that was found. */
export interface ShownFindings {
  /** 0 to 1: how likely it holds instructions for a model. */
  readonly risk: number;
  /** Whether the risk reaches the threshold of its source. */
  readonly flagged: boolean;
  readonly source: string;
  /** At most `limits.findingsShown`, the worst first. */
  readonly findings: readonly ShownFinding[];
}

export interface ShownFinding {
  readonly detector: string;
  readonly kind: string;
  /** JSON pointer of the text, where it is one of several. */
  readonly path?: string;
  readonly severity: 'low' | 'medium' | 'high';
  /** What had to be undone to see it, outermost first. */
  readonly layers: readonly string[];
}

interface Seen {
  readonly risk: number;
  readonly flagged: boolean;
  readonly findings: readonly DocumentFinding[];
}

const PATH_CHARS = 256;
const RANK = { high: 0, medium: 1, low: 2 } as const;

export function showFindings(seen: Seen, source: string): ShownFindings {
  const worst = seen.findings.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]).slice(0, limits.findingsShown);
  return {
    risk: seen.risk,
    flagged: seen.flagged,
    source,
    findings: worst.map(({ detector, kind, path, severity, layers }) => ({
      detector,
      kind,
      ...(path === undefined ? {} : { path: fitText(path, PATH_CHARS) }),
      severity,
      layers,
    })),
  };
}

/** The member of a result's `_meta` that says what was found. */
const META_NAME = 'chaperone/findings';
const OWN_NAMES = /^chaperone\//i;

/** A result as its server sent it cannot speak in our name. Returned as it is where it does not try. */
export function withoutOwnMeta(result: ToolResult): ToolResult {
  const meta = result.extra?.['_meta'];
  if (!isJsonObject(meta) || !Object.keys(meta).some((name) => OWN_NAMES.test(name))) return result;
  const kept = Object.fromEntries(Object.entries(meta).filter(([name]) => !OWN_NAMES.test(name)));
  return { ...result, extra: { ...result.extra, _meta: kept } };
}

/** The result, saying in its `_meta` what was found in it. */
export function markResult(result: ToolResult, shown: ShownFindings): ToolResult {
  const meta = result.extra?.['_meta'];
  const said: JsonObject = JSON.parse(JSON.stringify(shown)) as JsonObject; // strings, numbers, flags and lists of them
  return { ...result, extra: { ...result.extra, _meta: { ...(isJsonObject(meta) ? meta : {}), [META_NAME]: said } } };
}

/**
 * The result with its texts between the run's markers: every text block, and of structured content the texts in which
 * something was found, since a schema may say what the others look like.
 */
export function wrapResult(
  result: ToolResult,
  findings: readonly DocumentFinding[],
  rule: SourceRule,
  marker: BoundaryMarker,
): ToolResult {
  const { source, datamark } = rule;
  const wrap = (text: string) => wrapUntrusted(text, marker, { source, datamark });
  const content = result.content.map((block) => {
    const text = block['text'];
    if (typeof text === 'string') return { ...block, text: wrap(text) };
    const resource = block['resource'];
    if (isJsonObject(resource) && typeof resource['text'] === 'string')
      return { ...block, resource: { ...resource, text: wrap(resource['text']) } };
    return block;
  });
  const { structuredContent } = result;
  if (structuredContent === undefined) return { ...result, content };
  const found = new Set(findings.map(({ path }) => path));
  // A text block that repeats structured content is read in its place: then all that could be a sentence is wrapped.
  const isKnown = [...found].some((path) => path?.startsWith('/structuredContent'));
  const wrapAt = (text: string, path: string) => ((isKnown ? found.has(path) : /\s/.test(text)) ? wrap(text) : text);
  return { ...result, content, structuredContent: mapTexts(structuredContent, '/structuredContent', wrapAt) };
}

function mapTexts(value: JsonValue, path: string, map: (text: string, path: string) => string): JsonValue {
  if (typeof value === 'string') return map(value, path);
  if (Array.isArray(value)) return value.map((one, index) => mapTexts(one, `${path}/${index}`, map));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one], index) => [
      name,
      mapTexts(one, `${path}/${isMemberName(name) ? name : `[${index}]`}`, map),
    ]),
  );
}
