import { Fault } from '../base/fault.ts';
import type { Run } from '../model/run.ts';
import { requireParent } from './lineage.ts';
import { readRunPlans } from './read-run-plans.ts';
import type { ChildStart } from './run-book.ts';
import type { World } from './world.ts';

/**
 * Starts a run from another one. It may do what both its agent and the agents above it may, pays from their budgets too,
 * and ends when any of them does. Throws a `Fault`: E_RUN_UNKNOWN, E_RUN_ENDED, E_ISOLATED, E_BUDGET where it is too deep
 * or one too many, E_REQUEST_INVALID where the other run is committed to a plan, E_STORE.
 */
export async function startChild(
  world: World,
  { tenant, parentId, ...child }: ChildStart & { readonly tenant: string; readonly parentId: string },
): Promise<Run> {
  const { manifest } = world.catalog();
  for (let isSecond = false; ; isSecond = true) {
    const stored = await world.store.readRun(tenant, parentId);
    const parent = stored && (await world.runs.find(stored.principal, parentId));
    if (stored === undefined) throw new Fault('E_RUN_UNKNOWN', `there is no run \`${parentId}\``);
    if (parent === undefined) throw new Fault('E_RUN_ENDED', `run \`${parentId}\` has ended`);
    const { steps } = await readRunPlans(world.store, parent);
    if (steps !== undefined) throw new Fault('E_REQUEST_INVALID', 'a run that is committed to a plan starts no others');
    try {
      return await world.runs.startFrom(parent, child, (from, nowMs) => requireParent(manifest, from, nowMs));
    } catch (error) {
      // It has read more meanwhile, by another process.
      if (isSecond || !(error instanceof Fault) || error.code !== 'E_BUSY') throw error;
      world.runs.forget(parentId);
    }
  }
}
