import type { JsonObject, JsonValue } from '../base/json.ts';
import type { Reason } from '../model/decision.ts';
import type { Finding } from '../scan/detector.ts';
import type { LeavingFinding } from '../scan/scan-arguments.ts';

const MESSAGE_CHARS = 4_096;
export const PATH_CHARS = 1_024;
/** Findings, reasons or redactions that are recorded one by one; of the rest, their number. */
export const PLACES = 200;

export function recordReason(reason: Reason): JsonObject {
  const { code, message, policy, place, path } = reason;
  return {
    code,
    message: fitText(message, MESSAGE_CHARS),
    ...(policy === undefined ? {} : { policy }),
    ...(place === undefined ? {} : { place: { ...place } }),
    ...(path === undefined ? {} : { path: fitText(path, PATH_CHARS) }),
  };
}

/** A text that a caller may have chosen, as it can be recorded: of bounded length, and without half characters. */
export function fitText(text: string, maxChars: number): string {
  return (text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text).toWellFormed();
}

export function recordFindings(findings: readonly (Finding & { readonly layers?: readonly string[] })[]): JsonValue {
  return recordPlaces(findings, ({ detector, kind, path, severity, layers }) => ({
    detector,
    kind,
    path: fitText(path ?? '', PATH_CHARS),
    severity,
    ...(layers === undefined || layers.length === 0 ? {} : { layers: [...layers] }),
  }));
}

/** How many there are and where is for whoever sent it to choose: it must not make a record too large to be written. */
export function recordPlaces<T>(places: readonly T[], write: (place: T) => JsonObject): JsonValue {
  const more = places.length - PLACES;
  return [...places.slice(0, PLACES).map(write), ...(more > 0 ? [{ more }] : [])];
}

/** What made the decision stricter, or would have. */
export function recordLeaving(findings: readonly LeavingFinding[]): JsonValue {
  return recordPlaces(
    findings.filter(({ callsFor }) => callsFor !== 'nothing'),
    ({ kind, path, callsFor, wherever }) => ({ kind, path: fitText(path, PATH_CHARS), callsFor, wherever }),
  );
}
