import { newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { Principal } from '../model/principal.ts';
import type { GovernedTool } from '../model/tool.ts';
import type { World } from './world.ts';

/** Every scope that stops this call when it is isolated, widest first. */
export function isolationScopes(principal: Principal, runId: string, tool: GovernedTool): readonly string[] {
  const { tenant, agent } = principal;
  return [
    'all',
    `tenant:${tenant}`,
    `agent:${tenant}/${agent}`,
    `run:${runId}`,
    `server:${tool.tool.server}`,
    `tool:${tool.name}`,
  ];
}

/**
 * Stops (or lets back) a scope. When this returns, no new call in the scope is granted: every intent requires its
 * scopes in the transaction that records it.
 */
export async function setIsolation(
  world: World,
  scope: string,
  isolated: boolean,
  by: { readonly tenant: string; readonly person: string; readonly reason: string },
): Promise<void> {
  const atMs = world.clock.nowMs();
  const result = await world.store.commit([
    { kind: 'isolation.set', scope, isolated, reason: by.reason, atMs },
    {
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind: 'isolation.changed',
        tenant: by.tenant,
        atMs,
        body: { scope, isolated, reason: by.reason, by: by.person },
      },
    },
  ]);
  if (!result.ok) throw new Fault(result.code, result.message);
}
