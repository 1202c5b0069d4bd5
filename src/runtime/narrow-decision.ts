import type { Decision, Reason } from '../model/decision.ts';
import type { Manifest } from '../model/manifest.ts';
import type { LeavingFinding } from '../scan/scan-arguments.ts';

/** What of a finding makes a decision stricter. */
export type NarrowingFinding = Pick<LeavingFinding, 'kind' | 'path' | 'callsFor' | 'wherever'>;

/** Reasons of one code that are named one by one; whoever sends the arguments chooses how many there are. */
const MOST_REASONS = 20;

/**
 * What policy decided, made stricter by what was found in arguments by which something leaves: a permit becomes an ask,
 * and where a person said so anything becomes a denial. It never makes a decision more permissive: a detector never grants.
 *
 * @param leaves whether the call tells anybody anything: a lookup does, whatever it changes
 */
export function narrowDecision(
  decision: Decision,
  findings: readonly NarrowingFinding[],
  leaves: boolean,
  mode: Manifest['mode'],
): Decision {
  const denied = findings.filter(({ callsFor }) => callsFor === 'deny');
  if (denied.length > 0)
    return { ...withoutNearest(decision), verdict: 'deny', reasons: denied.slice(0, MOST_REASONS).map(toReason) };
  const asked = findings.filter(({ callsFor, wherever }) => callsFor === 'ask' && (leaves || wherever));
  if (asked.length === 0 || decision.verdict === 'deny') return decision;
  const reasons = asked.slice(0, MOST_REASONS).map(toReason);
  // What nobody declared does not block in `observe`; what would have happened is said.
  if (mode === 'observe' && decision.verdict === 'permit')
    return { ...decision, observed: decision.observed ?? 'ask', reasons: [...decision.reasons, ...reasons] };
  const before = decision.verdict === 'ask' ? decision.reasons : [];
  return { ...withoutNearest(decision), verdict: 'ask', reasons: [...before, ...reasons] };
}

/** No change of the rules that policy knows of would help against a finding. */
function withoutNearest({ nearestChange: _, ...decision }: Decision): Decision {
  return decision;
}

function toReason({ callsFor, kind, path }: NarrowingFinding): Reason {
  const code = callsFor === 'deny' ? 'E_EGRESS_SECRET' : 'E_EGRESS_FINDING';
  return { code, message: `found \`${kind}\` in what would leave`, policy: `scan.${kind}`, path };
}
