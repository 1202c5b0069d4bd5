import type { JsonObject } from '../base/json.ts';
import { Refusal } from './line/refusal.ts';
import type { Verified } from './line/verify.ts';
import { fitText, PATH_CHARS, recordFindings, recordPlaces, recordReason } from './record-parts.ts';
import type { ShownFindings } from './show-findings.ts';

/** What scanning came to, with the classifiers that said so: another version of one could say something else. */
export function recordScan({ source, risk, flagged }: ShownFindings, classifiers: readonly string[]): JsonObject {
  return { source, risk, flagged, classifiers: [...classifiers] };
}

/** What became of an intent. Results are recorded by size and redactions, not by content. */
export function recordOutcome(verified: Verified): JsonObject {
  const { result, redactions, findings, scan, error, digest, bytes } = verified.inspected;
  const measured = digest === undefined || bytes === undefined ? {} : { resultDigest: digest, resultBytes: bytes };
  const scanned: JsonObject = scan === undefined ? {} : recordScan(scan.shown, scan.classifiers);
  if (result instanceof Refusal) {
    return {
      ok: false,
      ran: verified.ran,
      code: result.code,
      reasons: result.reasons.map(recordReason),
      ...measured,
      ...(scan === undefined ? {} : { scan: scanned, findings: recordFindings(findings) }),
    };
  }
  return {
    ok: true,
    ran: verified.ran,
    isError: result.isError ?? false,
    ...measured,
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
