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

/** Members that are no text for a model, and what a caller has to send back as it came. */
const NO_TEXT: ReadonlySet<string> = new Set(['type', 'data', 'blob', 'requestState', 'inputRequests']);

/** Programs follow these: a sentence in one is none, and is wrapped all the same. */
const ADDRESS = /^\/content\/\d+(?:\/resource)?\/(?:uri|mimeType)$/;

/**
 * The result with its texts between the run's markers: every text block, and whatever else something was found in or
 * that could be a sentence, names of members included. Who writes one order may have written what stands beside it.
 */
export function wrapResult(
  result: ToolResult,
  findings: readonly DocumentFinding[],
  rule: SourceRule,
  marker: BoundaryMarker,
): ToolResult {
  const { source, datamark } = rule;
  const wrap = (text: string) => wrapUntrusted(text, marker, { source, datamark });
  const found = new Set(findings.map(({ path }) => path));
  const wrapAt = (text: string, path: string) =>
    /\s/.test(text) || (found.has(path) && !ADDRESS.test(path)) ? wrap(text) : text;
  const content = result.content.map((block, index): JsonObject => {
    const path = `/content/${index}`;
    const mapped = mapMembers(block, path, wrapAt);
    const text = block['text'];
    if (typeof text === 'string') return { ...mapped, text: wrap(text) };
    const resource = block['resource'];
    if (!isJsonObject(resource) || typeof resource['text'] !== 'string') return mapped;
    return {
      ...mapped,
      resource: { ...mapMembers(resource, `${path}/resource`, wrapAt), text: wrap(resource['text']) },
    };
  });
  const { structuredContent, extra } = result;
  return {
    ...result,
    content,
    ...(structuredContent === undefined
      ? {}
      : { structuredContent: mapTexts(structuredContent, '/structuredContent', wrapAt) }),
    ...(extra === undefined ? {} : { extra: mapMembers(extra, '/extra', wrapAt) }),
  };
}

type MapText = (text: string, path: string) => string;

function mapTexts(value: JsonValue, path: string, map: MapText): JsonValue {
  if (typeof value === 'string') return map(value, path);
  if (Array.isArray(value)) return value.map((one, index) => mapTexts(one, `${path}/${index}`, map));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one], index) => {
      const isName = isMemberName(name);
      const inner = `${path}/${isName ? name : `[${index}]`}`;
      return [isName ? name : map(name, `${inner}#`), mapTexts(one, inner, map)];
    }),
  );
}

/** The same for what the protocol describes: there, some members are no text. */
function mapMembers(value: JsonObject, path: string, map: MapText): JsonObject {
  const kept = Object.entries(value).filter(([name]) => NO_TEXT.has(name));
  const mapped = mapTexts(value, path, map);
  return { ...(isJsonObject(mapped) ? mapped : {}), ...Object.fromEntries(kept) };
}
