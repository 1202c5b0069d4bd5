import { openConfig, openRecordFor } from '../app/open-config.ts';
import type { JsonObject } from '../base/json.ts';
import type { Approval } from '../model/approval.ts';
import { printPlace } from '../model/place.ts';
import { computeStatistics, type RuleStatistics } from '../runtime/approving/approval-statistics.ts';
import type { CommandContext } from './command-context.ts';

const PAGE = 1_000;
/** Questions that are looked at of each state, the newest; older ones say less of the rules of now. */
const MOST_LOOKED_AT = 10_000;
const STATES = ['pending', 'approved', 'denied', 'consumed', 'expired'] as const;

/** How people answer what each rule asks, and which rules ask too much. */
export async function showStatistics({ configPath, cwd, terminal }: CommandContext): Promise<void> {
  const loaded = await openConfig(configPath, cwd);
  const { tenant } = loaded.manifest;
  const record = await openRecordFor(loaded, 'approvals');
  try {
    const approvals: Approval[] = [];
    for (const state of STATES) {
      let after: string | undefined;
      for (let found = 0; found < MOST_LOOKED_AT; ) {
        const page = await record.listApprovals(tenant, state, PAGE, after);
        after = page.at(-1)?.id;
        if (after === undefined) break;
        found += page.length;
        approvals.push(...page);
      }
    }
    const rules = computeStatistics(approvals);
    terminal.data(JSON.parse(JSON.stringify(rules)) as JsonObject[], rules.flatMap(printRule));
    if (rules.length === 0) terminal.say('nobody has been asked yet');
  } finally {
    await record.close();
  }
}

function printRule(rule: RuleStatistics): readonly string[] {
  const { asked, approved, denied, unanswered, approveRate, medianAnswerMs } = rule;
  const where = rule.place === undefined ? '' : ` (${printPlace(rule.place)})`;
  const rate = approveRate === undefined ? 'not answered yet' : `${(approveRate * 100).toFixed(1)} % approved`;
  const took = medianAnswerMs === undefined ? '' : `, half of them within ${(medianAnswerMs / 1_000).toFixed(1)} s`;
  return [
    `${rule.rule}${where}`,
    `  asked ${asked}: ${approved} approved, ${denied} denied, ${unanswered} unanswered; ${rate}${took}`,
    ...(rule.shouldNarrow
      ? ['  it is nearly always approved, so people stop looking: narrow it, by arguments, agents or tools']
      : []),
  ];
}
