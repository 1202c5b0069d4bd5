import { dataFolder } from '../app/data-folder.ts';
import { openConfig, openRecordFor } from '../app/open-config.ts';
import { readRecordKeys } from '../app/open-store.ts';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { printSpend } from '../model/budget.ts';
import { type BudgetUse, readUsage } from '../runtime/report-usage.ts';
import type { CommandContext } from './command-context.ts';

/** Whether a run goes on, and how much of its budgets it has used. */
export async function runStatus({ terminal, configPath, cwd }: CommandContext, runId: string): Promise<void> {
  const loaded = await openConfig(configPath, cwd);
  const { tenant } = loaded.manifest;
  const record = await openRecordFor(loaded, `run ${runId}`);
  try {
    const run = await record.readRun(tenant, runId);
    if (run === undefined) throw new Fault('E_RUN_UNKNOWN', `there is no run \`${runId}\``);
    const clock = systemClock;
    const keyDigest = await readRecordKeys(dataFolder(loaded)).keyDigests();
    const budgets = await readUsage({ store: record, clock, keyDigest }, loaded.manifest, tenant, runId);
    const state = stateOf(run, clock.nowMs());
    const { agent, onBehalfOf } = run.principal;
    terminal.data(
      {
        run: runId,
        agent,
        user: onBehalfOf?.id ?? null,
        state,
        pausedFor: run.pausedFor ?? null,
        startedAt: new Date(run.startedAtMs).toISOString(),
        expiresAt: new Date(run.expiresAtMs).toISOString(),
        startedFrom: run.lineage?.[0]?.runId ?? null,
        budgets: budgets.map((budget) => ({ ...budget })),
      },
      [
        `run         ${runId} of ${agent}${onBehalfOf === undefined ? '' : ` for ${onBehalfOf.id}`}`,
        `state       ${state}${run.pausedFor === undefined ? '' : `: ${run.pausedFor}; chaperone resume --run ${runId}`}`,
        `until       ${new Date(run.expiresAtMs).toISOString()}`,
        ...(run.lineage?.[0] === undefined ? [] : [`from        ${run.lineage[0].runId}`]),
        ...budgets.map(printBudget),
        ...(budgets.length === 0 ? ['budgets     none'] : []),
      ],
    );
  } finally {
    await record.close();
  }
}

function stateOf(
  run: { readonly endedAtMs?: number; readonly pausedFor?: string; readonly expiresAtMs: number },
  nowMs: number,
): 'ended' | 'expired' | 'paused' | 'live' {
  if (run.endedAtMs !== undefined) return 'ended';
  if (run.expiresAtMs <= nowMs) return 'expired';
  return run.pausedFor === undefined ? 'live' : 'paused';
}

function printBudget({ kind, whose, used, max, advisory }: BudgetUse): string {
  const show = (amount: number) => {
    if (kind === 'spend') return printSpend(amount);
    return `${amount.toLocaleString('en-US')}${kind === 'callTime' ? ' ms' : ''}`;
  };
  const of = max === undefined ? '' : ` of ${show(max)}`;
  return `${kind.padEnd(12)}${show(used)}${of}, ${whose}${advisory ? ' (as reported)' : ''}`;
}
