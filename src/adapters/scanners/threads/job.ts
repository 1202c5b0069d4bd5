import type { JsonObject } from '../../../base/json.ts';
import type { ToolResult } from '../../../model/result.ts';
import { type LeavingFinding, type LeavingRules, scanArguments } from '../../../scan/scan-arguments.ts';
import { type DocumentScan, type IncomingDocument, scanDocument } from '../../../scan/scan-document.ts';
import { type ScannedResult, scanResult } from '../../../scan/scan-result.ts';
import type { SourceRule } from '../../../scan/source-rule.ts';

/** One scan, as a thread is handed it: its texts travel as JSON, which is copied faster than objects are. */
export type Job =
  | { readonly kind: 'result'; readonly json: string; readonly rule: SourceRule }
  | { readonly kind: 'document'; readonly document: IncomingDocument }
  | { readonly kind: 'arguments'; readonly json: string; readonly rules: LeavingRules };

/** A result in which nothing had to be changed is not sent back. */
export type ResultAnswer = Omit<ScannedResult, 'result'> & { readonly result?: ToolResult };

/** What a scan came to, as JSON: `ResultAnswer`, `DocumentScan` or a list of `LeavingFinding`. */
export function runJob(job: Job): string {
  switch (job.kind) {
    case 'result': {
      // What the thread's owner wrote from a result.
      const came = JSON.parse(job.json) as ToolResult;
      const { result, ...scanned } = scanResult(came, job.rule);
      return JSON.stringify((result === came ? scanned : { ...scanned, result }) satisfies ResultAnswer);
    }
    case 'document':
      return JSON.stringify(scanDocument(job.document) satisfies DocumentScan);
    case 'arguments': {
      const args = JSON.parse(job.json) as JsonObject; // written from arguments that were checked to be JSON
      return JSON.stringify(scanArguments(args, job.rules) satisfies readonly LeavingFinding[]);
    }
  }
}
