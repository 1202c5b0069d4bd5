import type { JsonObject } from '../base/json.ts';
import type { ToolResult } from '../model/result.ts';
import type { LeavingFinding, LeavingRules } from '../scan/scan-arguments.ts';
import type { DocumentScan, IncomingDocument } from '../scan/scan-document.ts';
import type { ScannedResult } from '../scan/scan-result.ts';
import type { SourceRule } from '../scan/source-rule.ts';

/**
 * Looks at what comes in and what leaves. Small things are answered at once; what is large is looked at where it holds
 * nobody up. `chars` is the size of what is handed over, as JSON.
 *
 * What could not be looked at rejects with a `Fault` E_SCAN: not having looked is never the same as having found nothing.
 */
export interface Scanner {
  scanResult(result: ToolResult, rule: SourceRule, chars: number): Promise<ScannedResult>;
  scanDocument(document: IncomingDocument): Promise<DocumentScan>;
  scanArguments(args: JsonObject, rules: LeavingRules, chars: number): Promise<readonly LeavingFinding[]>;
  /** Ends what it started. What is under way rejects. */
  close(): Promise<void>;
}
