import { limits } from '../base/limits.ts';
import type { Manifest } from '../model/manifest.ts';
import type { MeterTake } from '../model/meter.ts';
import type { Run } from '../model/run.ts';
import type { GovernedTool } from '../model/tool.ts';
import {
  type BudgetScope,
  lineageOf,
  listBudgetScopes,
  type MeteredKind,
  meteredKinds,
  meterOf,
} from './budget-scopes.ts';
import type { World } from './world.ts';

const CALLED = {
  calls: 'calls of',
  resultBytes: 'result bytes of',
  callTime: 'milliseconds that calls took, of',
  tokens: 'tokens, as reported, of',
  spend: 'millionths of a dollar, as reported, of',
} as const;

/** Makes the list anew for no call of the same run and tool, under the same manifest. */
const known = new WeakMap<Manifest, Map<string, readonly MeterTake[]>>();
const REMEMBERED = 10_000;

/**
 * What one call takes: of every budget it falls under, and of the rates of its agent. Result bytes are reserved, as many
 * as a result may have or as are left. So is time, as much as the call may take: one that was given less would be cut short
 * half-way. What others report is not taken here: something of it must be left.
 */
export function listTakes(
  { keyDigest }: Pick<World, 'keyDigest'>,
  manifest: Manifest,
  run: Run,
  tool: GovernedTool,
  deadlineMs: number,
): readonly MeterTake[] {
  const lists = known.get(manifest) ?? new Map<string, readonly MeterTake[]>();
  known.set(manifest, lists);
  // Neither who a run is for nor what it was started from ever changes.
  const key = `${run.id} ${tool.name} ${deadlineMs}`;
  const before = lists.get(key);
  if (before !== undefined) return before;
  if (lists.size >= REMEMBERED) lists.clear();
  const takes = makeTakes(listBudgetScopes(manifest, run, keyDigest), manifest, run, tool, deadlineMs);
  lists.set(key, takes);
  return takes;
}

function makeTakes(
  scopes: readonly BudgetScope[],
  manifest: Manifest,
  run: Run,
  tool: GovernedTool,
  deadlineMs: number,
): readonly MeterTake[] {
  const takes: MeterTake[] = [];
  for (const scope of scopes) {
    for (const kind of meteredKinds) {
      const max = scope.budget[kind];
      if (max === undefined) continue;
      takes.push({
        ...meterOf(kind, scope),
        max,
        ...reserve(kind, max, deadlineMs),
        name: `${CALLED[kind]} ${scope.name}`,
        code: 'E_BUDGET',
      });
    }
  }
  for (const agent of new Set(lineageOf(run).map((each) => each.agent)))
    takes.push(...listRates(manifest, run, agent, tool));
  return takes;
}

function reserve(kind: MeteredKind, max: number, deadlineMs: number): Pick<MeterTake, 'amount' | 'atLeast'> {
  switch (kind) {
    case 'calls':
      return { amount: 1 };
    case 'resultBytes':
      return { amount: limits.resultBytes, atLeast: 1 };
    case 'callTime':
      return { amount: Math.min(deadlineMs, max) };
    case 'tokens':
    case 'spend':
      return { amount: 0 };
  }
}

function listRates(manifest: Manifest, run: Run, agent: string, tool: GovernedTool): readonly MeterTake[] {
  const grants = Object.hasOwn(manifest.agents, agent) ? (manifest.agents[agent]?.tools ?? {}) : {};
  return [tool.name, `${tool.tool.server}/*`, '*'].flatMap((pattern): readonly MeterTake[] => {
    const rate = Object.hasOwn(grants, pattern) ? grants[pattern]?.rate : undefined;
    if (rate === undefined) return [];
    const { windowMs } = rate;
    const meter = `rate/${run.principal.tenant}/${agent}/${pattern}/${windowMs}`;
    const name = `calls of \`${pattern}\` by \`${agent}\``;
    return [{ meter, amount: 1, max: rate.calls, windowMs, name, code: 'E_RATE' }];
  });
}
