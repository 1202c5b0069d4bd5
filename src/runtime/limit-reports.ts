import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import type { Change } from '../ports/store.ts';

/**
 * The condition under which what an agent says of itself is recorded: of its run's record, it may fill so much within so
 * long. A host application, which reports what it has seen, is not held to it. [E_RATE]
 */
export function limitReports(runId: string, attested: boolean, body: JsonObject, nowMs: number): readonly Change[] {
  if (attested) return [];
  const take = {
    meter: `said/run:${runId}`,
    amount: JSON.stringify(body).length,
    max: limits.reportedChars,
    windowMs: limits.reportedMs,
    name: 'characters that this run’s agent reports',
    code: 'E_RATE' as const,
  };
  return [{ kind: 'budget.take', takes: [take], nowMs }];
}
