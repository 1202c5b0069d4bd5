import type { JsonObject, JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { Obligation } from '../model/decision.ts';
import type { FlowFacts } from '../model/flow-facts.ts';
import type { Label } from '../model/label.ts';
import { redactJson } from '../scan/redact.ts';
import { digestGoverned } from './digest-governed.ts';
import type { Decided } from './line/decide.ts';
import type { Refusal } from './line/refusal.ts';
import { recordOrigin } from './record-origin.ts';
import { fitText, PATH_CHARS, recordFindings, recordLeaving, recordPlaces, recordReason } from './record-parts.ts';

/**
 * What was asked for, what was decided, why, and everything the decision rested on, so that it can be decided again.
 * Secrets found in the arguments are not written.
 */
export function recordDecided(decided: Decided): JsonObject {
  const { decision, request, labelled } = decided;
  const { scanned, tool, call } = labelled.validated;
  const { onBehalfOf } = request.principal;
  const { keyed, parentCallId, retriedFor, attempt, confirms } = scanned.admitted.request;
  const args = scanned.findings.length === 0 ? call.arguments : redactJson(call.arguments).value;
  return {
    callDigest: call.digest,
    ...(keyed === undefined ? {} : { request: keyed.digest }),
    ...(parentCallId === undefined ? {} : { parent: parentCallId }),
    ...(attempt === undefined ? {} : { attempt: { ...attempt } }),
    ...(confirms === undefined ? {} : { confirms }),
    pin: tool.pin,
    effect: tool.effect,
    consequence: tool.consequence,
    declared: tool.declared,
    governed: digestGoverned(tool),
    arguments: args,
    ...(args === call.arguments ? {} : { redacted: true }),
    ...(call.input === undefined ? {} : { input: redactJson(call.input).value }),
    findings: recordFindings(scanned.findings),
    leaving: recordLeaving(scanned.leaving),
    verdict: decision.verdict,
    ...(decision.observed === undefined ? {} : { observed: decision.observed }),
    reasons: decision.reasons.map(recordReason),
    obligations: decision.obligations.map(recordObligation),
    bundle: decision.bundle,
    decidedAtMs: request.nowMs,
    ...recordOrigin(scanned.admitted.request, call.id),
    ...(retriedFor === undefined ? {} : { retriedFor }),
    user: onBehalfOf === undefined ? null : { ...onBehalfOf },
    flow: recordFlow(request.flow),
    values: recordLabels(labelled.assessment.labels),
    run: {
      attested: request.run.attested,
      task: request.run.task,
      label: recordLabel(request.run.label),
    },
  };
}

/** What the run has read. */
export function recordLabel(label: Label): JsonObject {
  return { ...label, origins: [...label.origins] };
}

function recordFlow({ reasons, ...facts }: FlowFacts): JsonObject {
  return { ...facts, reasons: recordPlaces(reasons, recordReason) };
}

export function recordObligation(obligation: Obligation): JsonObject {
  return JSON.parse(JSON.stringify(obligation)) as JsonObject; // texts, numbers and places, made from the manifest
}

/** Where each argument value comes from, by JSON pointer. How secret it is, is the run's to say. */
function recordLabels(labels: ReadonlyMap<string, Label>): JsonValue {
  const more = labels.size - limits.recordedLabels;
  const values = [...labels].slice(0, limits.recordedLabels).map(([path, { integrity, origins }]) => ({
    path: fitText(path, PATH_CHARS),
    integrity,
    origins: [...origins],
  }));
  return [...values, ...(more > 0 ? [{ more }] : [])];
}

/** A refused call costs its sender nothing: of arguments beyond a bound only the digest of the call is kept. */
export function recordRefusal(refusal: Refusal): JsonObject {
  const record = withoutBulk(refusal.record);
  const reasons = refusal.reasons.map(recordReason);
  const decided = record['reasons'];
  // What policy said is not always why the call ended: a person may have been asked, or something changed since.
  const isOther = decided !== undefined && JSON.stringify(decided) !== JSON.stringify(reasons);
  return {
    ...record,
    ...(isOther ? { decidedReasons: decided } : {}),
    code: refusal.code,
    reasons,
    ...(refusal.approvalId === undefined ? {} : { approvalId: refusal.approvalId }),
    ...(refusal.retryAfterMs === undefined ? {} : { retryAfterMs: refusal.retryAfterMs }),
  };
}

function withoutBulk(record: JsonObject): JsonObject {
  const { arguments: args = null, input = null, ...rest } = record;
  const characters = JSON.stringify([args, input]).length;
  return characters <= limits.refusedArgumentChars ? record : { ...rest, omitted: { characters } };
}
