import type { JsonObject } from '../base/json.ts';
import { Refusal } from './line/refusal.ts';
import type { Verified } from './line/verify.ts';
import { fitText, PATH_CHARS, recordFindings, recordPlaces, recordReason } from './record.ts';

/** What became of an intent. Results are recorded by size and redactions, not by content. */
export function recordOutcome(verified: Verified): JsonObject {
  const { result, redactions, findings, digest, bytes } = verified.inspected;
  const measured = digest === undefined || bytes === undefined ? {} : { resultDigest: digest, resultBytes: bytes };
  if (result instanceof Refusal) {
    return { ok: false, ran: verified.ran, code: result.code, reasons: result.reasons.map(recordReason), ...measured };
  }
  return {
    ok: true,
    ran: verified.ran,
    isError: result.isError ?? false,
    ...measured,
    redactions: recordPlaces(redactions, ({ kind, path, characters }) => ({
      kind,
      path: fitText(path, PATH_CHARS),
      characters,
    })),
    findings: recordFindings(findings),
  };
}
