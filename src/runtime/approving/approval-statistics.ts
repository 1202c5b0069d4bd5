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
  const byRule = new Map<string, { place?: Place; approvals: Approval[]; plans: Set<string> }>();
  for (const approval of approvals) {
    const rules = new Map(approval.reasons.map((reason) => [reason.policy ?? reason.message, reason.place]));
    for (const [rule, place] of rules) {
      const known = byRule.get(rule) ?? { ...(place === undefined ? {} : { place }), approvals: [], plans: new Set() };
      byRule.set(rule, known);
      // A plan is one question, however many calls it has.
      const { plan } = approval;
      if (plan !== undefined && known.plans.has(plan.id)) continue;
      if (plan !== undefined) known.plans.add(plan.id);
      known.approvals.push(approval);
    }
  }
  return [...byRule]
    .map(([rule, { place, approvals: of }]) => ({ rule, ...(place === undefined ? {} : { place }), ...summarize(of) }))
    .sort((a, b) => b.asked - a.asked || (a.rule < b.rule ? -1 : 1));
}

function summarize(approvals: readonly Approval[]): Omit<RuleStatistics, 'rule' | 'place'> {
  // What people said last: a stop denies questions too, and says nothing about the rule.
  const words = approvals.flatMap(({ state, askedAtMs, answers }) => {
    const last = state === 'pending' ? undefined : answers?.at(-1);
    return last === undefined ? [] : [{ approve: last.approve, tookMs: Math.max(0, last.atMs - askedAtMs) }];
  });
  const answered = words.length;
  const approved = words.filter(({ approve }) => approve).length;
  const denied = answered - approved;
  const times = words.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
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
