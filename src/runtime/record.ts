import type { JsonObject, JsonValue } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { FlowFacts } from '../model/flow-facts.ts';
import type { Label } from '../model/label.ts';
import { redactJson } from '../scan/redact.ts';
import type { Decided } from './line/decide.ts';
import type { Refusal } from './line/refusal.ts';
import { fitText, PATH_CHARS, PLACES, recordFindings, recordReason } from './record-parts.ts';

/**
 * What was asked for, what was decided, why, and everything the decision rested on, so that it can be decided again.
 * Secrets found in the arguments are not written.
 */
export function recordDecided(decided: Decided): JsonObject {
  const { decision, request, labelled } = decided;
  const { scanned, tool, call } = labelled.validated;
  const { onBehalfOf } = request.principal;
  const { keyed, parentCallId } = scanned.admitted.request;
  return {
    callDigest: call.digest,
    ...(keyed === undefined ? {} : { request: keyed.digest }),
    ...(parentCallId === undefined ? {} : { parent: parentCallId }),
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
    flow: recordFlow(request.flow),
    values: recordLabels(labelled.assessment.labels),
    run: {
      attested: request.run.attested,
      task: request.run.task,
      label: { ...request.run.label, origins: [...request.run.label.origins] },
    },
  };
}

function recordFlow({ reasons, ...facts }: FlowFacts): JsonObject {
  return { ...facts, reasons: reasons.slice(0, PLACES).map(recordReason) };
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
  return {
    ...withoutBulk(refusal.record ?? {}),
    code: refusal.code,
    reasons: refusal.reasons.map(recordReason),
    ...(refusal.approvalId === undefined ? {} : { approvalId: refusal.approvalId }),
  };
}

function withoutBulk(record: JsonObject): JsonObject {
  const { arguments: args = null, input = null, ...rest } = record;
  const characters = JSON.stringify([args, input]).length;
  return characters <= limits.refusedArgumentChars ? record : { ...rest, omitted: { characters } };
}
