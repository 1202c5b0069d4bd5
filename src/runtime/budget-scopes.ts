import { digestJson } from '../base/digest.ts';
import type { RunBudget } from '../model/budget.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Run } from '../model/run.ts';
import type { KeyDigest } from '../ports/record-keys.ts';

/** What is metered by amount. `tokens` and `spend` are as they were reported. */
export const meteredKinds = ['calls', 'resultBytes', 'callTime', 'tokens', 'spend'] as const;
export type MeteredKind = (typeof meteredKinds)[number];

/** Whose budget it is, and what it holds. */
export interface BudgetScope {
  /** `run:run_1`: what the meter is kept under. */
  readonly scope: string;
  /** `this run`: what it is called where it is refused. */
  readonly name: string;
  readonly budget: { readonly [K in MeteredKind]?: number | undefined };
  readonly windowMs?: number;
}

/** The run itself and the runs it was started from, the nearest first. */
export function lineageOf(run: Run): readonly { readonly runId: string; readonly agent: string }[] {
  return [{ runId: run.id, agent: run.principal.agent }, ...(run.lineage ?? [])];
}

/**
 * Every budget that a call of this run is taken from. What a run delegates is taken from its own budget too, and from its
 * agent's: delegating is no way around either.
 */
export function listBudgetScopes(manifest: Manifest, run: Run, keyDigest: KeyDigest): readonly BudgetScope[] {
  const { budgets } = manifest;
  const { tenant, onBehalfOf } = run.principal;
  const scopes: BudgetScope[] = [];
  const within = (scope: string, name: string, budget: NonNullable<Manifest['budgets']['tenant']> | undefined) => {
    if (budget !== undefined) scopes.push({ scope, name, budget, windowMs: budget.per });
  };
  const lineage = lineageOf(run);
  for (const { runId, agent } of lineage) {
    const name = runId === run.id ? 'this run' : `the run \`${runId}\` it was started from`;
    scopes.push({ scope: `run:${runId}`, name, budget: runBudgetOf(manifest, agent) });
  }
  for (const agent of new Set(lineage.map((each) => each.agent))) {
    const own = Object.hasOwn(manifest.agents, agent) ? manifest.agents[agent]?.budget?.allRuns : undefined;
    within(`agent:${tenant}/${agent}`, `all runs of \`${agent}\``, own);
    within(`each:${tenant}/${agent}`, `the agent \`${agent}\``, budgets.agent);
  }
  if (onBehalfOf !== undefined && budgets.user !== undefined)
    within(meterUser(keyDigest, tenant, onBehalfOf.id), 'this user', budgets.user);
  within(`tenant:${tenant}`, 'everybody', budgets.tenant);
  return scopes;
}

/** What a user's meters are kept under. They outlive what was said in runs, and name nobody. */
export function meterUser(keyDigest: KeyDigest, tenant: string, userId: string): string {
  return `user:${keyDigest(tenant, digestJson([tenant, userId]))}`;
}

/** What each run of an agent may use: the smaller of what is said of the agent and of every run. */
export function runBudgetOf(manifest: Manifest, agent: string): RunBudget {
  const own: RunBudget = (Object.hasOwn(manifest.agents, agent) ? manifest.agents[agent]?.budget : undefined) ?? {};
  const every = manifest.budgets.run;
  if (every === undefined) return own;
  const least = (a: number | undefined, b: number | undefined) => (a === undefined || (b ?? a) < a ? b : a);
  return {
    calls: least(own.calls, every.calls),
    resultBytes: least(own.resultBytes, every.resultBytes),
    callTime: least(own.callTime, every.callTime),
    tokens: least(own.tokens, every.tokens),
    spend: least(own.spend, every.spend),
    time: least(own.time, every.time),
    depth: least(own.depth, every.depth),
    fanOut: least(own.fanOut, every.fanOut),
  };
}

/** The name under which a meter of a scope is kept. Another window is another meter. */
export function meterOf(kind: MeteredKind, { scope, windowMs }: BudgetScope): { meter: string; windowMs?: number } {
  return windowMs === undefined ? { meter: `${kind}/${scope}` } : { meter: `${kind}/${scope}/${windowMs}`, windowMs };
}

/** How long a run of an agent lives unless its host says less. */
export function lifeOf(manifest: Manifest, agent: string): number {
  return Math.min(manifest.runs.lifetime, runBudgetOf(manifest, agent).time ?? manifest.runs.lifetime);
}
