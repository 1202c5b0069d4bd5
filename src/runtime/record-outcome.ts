import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { ToolResult } from '../model/result.ts';
import { Refusal } from './line/refusal.ts';
import type { Verified } from './line/verify.ts';
import { recordOrigin } from './record-origin.ts';
import { fitText, PATH_CHARS, recordFindings, recordPlaces, recordReason } from './record-parts.ts';
import type { ShownFindings } from './show-findings.ts';

/** What scanning came to, with the classifiers that said so: another version of one could say something else. */
export function recordScan({ source, risk, flagged }: ShownFindings, classifiers: readonly string[]): JsonObject {
  return { source, risk, flagged, classifiers: [...classifiers] };
}

/** What became of an intent, with the result as it was scanned, without its secrets: as JSON text, since nobody checked it to be well-formed. */
export function recordOutcome(verified: Verified): JsonObject {
  const { result, redactions, findings, scan, scanned: came, error, digest, bytes } = verified.inspected;
  const measured = digest === undefined || bytes === undefined ? {} : { resultDigest: digest, resultBytes: bytes };
  const { intended, upstream } = verified.executed;
  const { request } = intended.grant.decided.labelled.validated.scanned.admitted;
  const origin: JsonObject = {
    begunAtMs: intended.grant.decided.request.nowMs,
    ...recordOrigin(request, intended.intent.call.id),
    ...(upstream === undefined ? {} : { upstream: { ...upstream } }),
  };
  const scanned: JsonObject = scan === undefined ? {} : recordScan(scan.shown, scan.classifiers);
  if (result instanceof Refusal) {
    return {
      ok: false,
      ran: verified.ran,
      code: result.code,
      reasons: result.reasons.map(recordReason),
      ...origin,
      ...measured,
      ...(scan === undefined ? {} : { scan: scanned, findings: recordFindings(findings) }),
    };
  }
  return {
    ok: true,
    ran: verified.ran,
    isError: result.isError ?? false,
    ...origin,
    ...measured,
    ...recordResult(came ?? result),
    scan: scanned,
    ...(error === undefined ? {} : { error }),
    redactions: recordPlaces(redactions, ({ kind, path, characters }) => ({
      kind,
      path: fitText(path, PATH_CHARS),
      characters,
    })),
    findings: recordFindings(findings),
  };
}

function recordResult(result: ToolResult): JsonObject {
  const text = JSON.stringify(result);
  return text.length <= limits.recordedChars ? { result: text } : { omitted: { characters: text.length } };
}
