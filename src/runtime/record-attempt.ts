import { digestJson } from '../base/digest.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { redactJson } from '../scan/redact.ts';
import type { Scanned } from './line/scan.ts';
import { recordFindings, recordLeaving } from './record-parts.ts';

/** What a call asked for that ended before policy was asked, without its secrets, and the digest of what was left out. */
export function recordAttempt({ arguments: args, findings, leaving }: Scanned): JsonObject {
  const characters = JSON.stringify(args).length;
  const isBulk = characters > limits.refusedArgumentChars;
  const shown = isBulk ? args : redactJson(args).value;
  return {
    ...(isBulk ? { omitted: { characters } } : { arguments: shown }),
    ...(shown === args ? {} : { redacted: true }),
    argumentsDigest: digestJson(args),
    findings: recordFindings(findings),
    leaving: recordLeaving(leaving),
  };
}
