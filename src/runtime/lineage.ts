import { Fault } from '../base/fault.ts';
import { limits } from '../base/limits.ts';
import { scopesOf } from '../model/isolation.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Run } from '../model/run.ts';
import type { Change } from '../ports/store.ts';
import { lineageOf, runBudgetOf } from './budget-scopes.ts';

/** A run goes on only while all that it was started from do. That none of them is isolated is among the scopes of its calls. */
export function requireLineage(run: Run, nowMs: number): readonly Change[] {
  const { lineage = [] } = run;
  const { tenant } = run.principal;
  return lineage.map(({ runId, agent }) => ({ kind: 'run.require' as const, tenant, agent, runId, nowMs }));
}

/**
 * What has to hold for a run to be started from another one, in the transaction that starts it: every run above it lives,
 * the nearest has read no more than is known here, and each allows so many children and so many levels. Throws a `Fault`
 * E_BUDGET where it is too deep.
 */
export function requireParent(manifest: Manifest, parent: Run, nowMs: number): readonly Change[] {
  for (const [i, { runId, agent }] of lineageOf(parent).entries()) {
    const most = runBudgetOf(manifest, agent).depth ?? limits.delegationDepth;
    if (i + 1 > most) throw new Fault('E_BUDGET', `run ${runId} allows ${most} levels of runs below it`);
  }
  const { tenant, agent } = parent.principal;
  return [
    { kind: 'run.require', tenant, agent, runId: parent.id, nowMs, label: parent.label },
    ...requireLineage(parent, nowMs),
    { kind: 'isolation.require', scopes: scopesOf({ tenant, agent, runId: parent.id, lineage: parent.lineage }) },
    {
      kind: 'budget.take',
      nowMs,
      takes: [
        {
          meter: `children/run:${parent.id}`,
          amount: 1,
          max: runBudgetOf(manifest, agent).fanOut ?? limits.delegationFanOut,
          name: 'runs started from this run',
          code: 'E_BUDGET',
        },
      ],
    },
  ];
}
