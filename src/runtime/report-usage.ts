import { newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { printSpend } from '../model/budget.ts';
import type { Manifest } from '../model/manifest.ts';
import type { MeterTake } from '../model/meter.ts';
import type { Run } from '../model/run.ts';
import type { Store } from '../ports/store.ts';
import { type BudgetScope, listBudgetScopes, type MeteredKind, meteredKinds, meterOf } from './budget-scopes.ts';
import type { World } from './world.ts';

/** What an application says its model used. Chaperone did not see it: it is advisory, and shown as such. */
export interface UsageReport {
  readonly tokens?: number;
  /** Millionths of a dollar. */
  readonly spend?: number;
  readonly model?: string;
}

/** How much of one budget is used. */
export interface BudgetUse {
  readonly kind: MeteredKind;
  /** `this run`, `everybody`. */
  readonly whose: string;
  readonly used: number;
  /** Absent: it is only counted. */
  readonly max?: number;
  readonly windowMs?: number;
  /** Counted from what was reported, not from what Chaperone saw. */
  readonly advisory: boolean;
}

/**
 * Counts what was reported, also of a run that has ended. A report of the agent itself counts in its run and the runs that
 * is started from, and nowhere else: it could use up what is everybody's. Throws a `Fault`: E_RUN_UNKNOWN, E_STORE.
 */
export async function reportUsage(
  world: World,
  report: UsageReport & { readonly tenant: string; readonly runId: string; readonly by: 'host' | 'agent' },
): Promise<void> {
  const { tenant, runId, by, tokens, spend, model } = report;
  const run = await readRun(world, tenant, runId);
  const nowMs = world.clock.nowMs();
  const scopes = listBudgetScopes(world.catalog().manifest, run, world.keyDigest);
  const takes = scopes
    .filter(({ windowMs }) => windowMs === undefined || by === 'host')
    .flatMap((scope) => [
      ...(tokens === undefined ? [] : [count('tokens', tokens, scope)]),
      ...(spend === undefined ? [] : [count('spend', spend, scope)]),
    ]);
  const result = await world.store.commit([
    { kind: 'budget.take', takes, nowMs },
    {
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind: 'usage.reported',
        tenant,
        runId,
        agent: run.principal.agent,
        atMs: nowMs,
        body: {
          advisory: true,
          by,
          ...(tokens === undefined ? {} : { tokens }),
          ...(spend === undefined ? {} : { spend: printSpend(spend) }),
          ...(model === undefined ? {} : { model }),
        },
      },
    },
  ]);
  if (!result.ok) throw new Fault(result.code, result.message);
}

const count = (kind: MeteredKind, amount: number, scope: BudgetScope): MeterTake => ({
  ...meterOf(kind, scope),
  amount,
  name: kind,
  code: 'E_BUDGET',
});

/** What is used of every budget the run falls under, and what was reported of it. Throws a `Fault`: E_RUN_UNKNOWN, E_STORE. */
export async function readUsage(
  world: Pick<World, 'clock' | 'keyDigest'> & { readonly store: Pick<Store, 'readRun' | 'readMeters'> },
  manifest: Manifest,
  tenant: string,
  runId: string,
): Promise<readonly BudgetUse[]> {
  const run = await readRun(world, tenant, runId);
  const meters = listBudgetScopes(manifest, run, world.keyDigest).flatMap((scope) =>
    meteredKinds
      .map((kind) => ({ kind, scope, max: scope.budget[kind], advisory: kind === 'tokens' || kind === 'spend' }))
      .filter(({ max, advisory }) => max !== undefined || (advisory && scope.scope === `run:${run.id}`)),
  );
  const used = await world.store.readMeters(
    meters.map(({ kind, scope }) => meterOf(kind, scope)),
    world.clock.nowMs(),
  );
  return meters.map(({ kind, scope: { name, windowMs }, max, advisory }, i) => ({
    kind,
    whose: name,
    used: used[i] ?? 0,
    ...(max === undefined ? {} : { max }),
    ...(windowMs === undefined ? {} : { windowMs }),
    advisory,
  }));
}

async function readRun(
  { store }: { readonly store: Pick<Store, 'readRun'> },
  tenant: string,
  runId: string,
): Promise<Run> {
  const run = await store.readRun(tenant, runId);
  if (run === undefined) throw new Fault('E_RUN_UNKNOWN', `there is no run \`${runId}\``);
  return run;
}
