import type { JsonObject, JsonValue } from '../base/json.ts';
import type { Reason } from '../model/decision.ts';
import type { Finding } from '../scan/detector.ts';
import { redactJson } from '../scan/redact.ts';
import type { Decided } from './line/decide.ts';
import type { Refusal } from './line/refusal.ts';

const MESSAGE_CHARS = 4_096;
export const PATH_CHARS = 1_024;
/** Findings, or redactions, that are recorded one by one; of the rest, their number. */
const PLACES = 200;

/**
 * What was asked for, what was decided, why, and everything the decision rested on, so that it can be decided again.
 * Secrets found in the arguments are not written.
 */
export function recordDecided(decided: Decided): JsonObject {
  const { decision, request, labelled } = decided;
  const { scanned, tool, call } = labelled.validated;
  const { onBehalfOf } = request.principal;
  return {
    callDigest: call.digest,
    pin: tool.pin,
    effect: tool.effect,
    consequence: tool.consequence,
    declared: tool.declared,
    arguments: scanned.findings.length === 0 ? call.arguments : redactJson(call.arguments).value,
    ...(call.input === undefined ? {} : { input: redactJson(call.input).value }),
    findings: recordFindings(scanned.findings),
    verdict: decision.verdict,
    ...(decision.observed === undefined ? {} : { observed: decision.observed }),
    reasons: decision.reasons.map(recordReason),
    bundle: decision.bundle,
    decidedAtMs: request.nowMs,
    user: onBehalfOf === undefined ? null : { ...onBehalfOf },
    run: {
      attested: request.run.attested,
      task: request.run.task,
      label: { ...request.run.label, origins: [...request.run.label.origins] },
    },
  };
}

export function recordRefusal(refusal: Refusal): JsonObject {
  return {
    ...refusal.record,
    code: refusal.code,
    reasons: refusal.reasons.map(recordReason),
    ...(refusal.approvalId === undefined ? {} : { approvalId: refusal.approvalId }),
  };
}

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

export function recordFindings(findings: readonly Finding[]): JsonValue {
  return recordPlaces(findings, ({ detector, kind, path, severity }) => ({
    detector,
    kind,
    path: fitText(path ?? '', PATH_CHARS),
    severity,
  }));
}

/** How many there are and where is for whoever sent it to choose: it must not make a record too large to be written. */
export function recordPlaces<T>(places: readonly T[], write: (place: T) => JsonObject): JsonValue {
  const more = places.length - PLACES;
  return [...places.slice(0, PLACES).map(write), ...(more > 0 ? [{ more }] : [])];
}
