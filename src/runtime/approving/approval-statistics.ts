import type { Approval } from '../../model/approval.ts';
import type { Place } from '../../model/place.ts';

/** How people answer what one rule asks. */
export interface RuleStatistics {
  /** The policy, or the words of a rule that has no name. */
  readonly rule: string;
  readonly place?: Place;
  readonly asked: number;
  readonly approved: number;
  readonly denied: number;
  /** Nobody answered in time. */
  readonly unanswered: number;
  /** Of those that were answered: how many were approved, 0 to 1. Absent where none was. */
  readonly approveRate?: number;
  /** Half of the answers took less, milliseconds. */
  readonly medianAnswerMs?: number;
  /** What is nearly always approved asks too much: people stop looking. */
  readonly shouldNarrow: boolean;
}

const NEARLY_ALWAYS = 0.95;
/** Fewer answers than this say nothing about a rule. */
const ENOUGH_ANSWERS = 20;

/** What people's answers say of the rules that ask them, the rule that asked most often first. */
export function computeStatistics(approvals: readonly Approval[]): readonly RuleStatistics[] {
  const byRule = new Map<string, { place?: Place; approvals: Approval[] }>();
  for (const approval of approvals) {
    const rules = new Map(approval.reasons.map((reason) => [reason.policy ?? reason.message, reason.place]));
    for (const [rule, place] of rules) {
      const known = byRule.get(rule) ?? { ...(place === undefined ? {} : { place }), approvals: [] };
      known.approvals.push(approval);
      byRule.set(rule, known);
    }
  }
  return [...byRule]
    .map(([rule, { place, approvals: of }]) => ({ rule, ...(place === undefined ? {} : { place }), ...summarize(of) }))
    .sort((a, b) => b.asked - a.asked || (a.rule < b.rule ? -1 : 1));
}

function summarize(approvals: readonly Approval[]): Omit<RuleStatistics, 'rule' | 'place'> {
  const denied = approvals.filter(({ state }) => state === 'denied').length;
  const approved = approvals.filter(
    ({ state, answers }) => state !== 'denied' && answers?.at(-1)?.approve === true,
  ).length;
  const answered = approved + denied;
  const times = approvals
    .flatMap(({ askedAtMs, answeredAtMs }) =>
      answeredAtMs === undefined ? [] : [Math.max(0, answeredAtMs - askedAtMs)],
    )
    .sort((a, b) => a - b);
  const median = times[Math.floor((times.length - 1) / 2)];
  const rate = answered === 0 ? undefined : approved / answered;
  return {
    asked: approvals.length,
    approved,
    denied,
    unanswered: approvals.filter(({ state, answers }) => state === 'expired' && answers === undefined).length,
    ...(rate === undefined ? {} : { approveRate: rate }),
    ...(median === undefined ? {} : { medianAnswerMs: median }),
    shouldNarrow: rate !== undefined && answered >= ENOUGH_ANSWERS && rate > NEARLY_ALWAYS,
  };
}
