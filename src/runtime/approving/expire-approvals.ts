import { newId } from '../../base/clock.ts';
import type { OverdueApproval } from '../../ports/store.ts';
import type { World } from '../world.ts';
import { steadyNowMs } from './steady-time.ts';

const BATCH = 500;

/**
 * Closes the questions that nobody answered in time, and the answers that nobody used in time: for good, whatever the
 * clock says later. Returns how many there were. Another process may be at it at the same time: each is closed by one.
 */
export async function expireApprovals(world: Pick<World, 'store' | 'clock'>, tenant: string): Promise<number> {
  const nowMs = steadyNowMs(world.clock);
  let expired = 0;
  for (;;) {
    const overdue = await world.store.listOverdue(tenant, nowMs, BATCH);
    let closed = 0;
    for (const one of overdue) if (await expireOne(world, tenant, one, nowMs)) closed++;
    expired += closed;
    if (overdue.length < BATCH || closed === 0) return expired;
  }
}

/** Closes one whose time has passed, and says whether it did. */
export async function expireOne(
  world: Pick<World, 'store' | 'clock'>,
  tenant: string,
  { approvalId, runId, agent, tool }: OverdueApproval,
  nowMs: number,
): Promise<boolean> {
  const result = await world.store.commit([
    { kind: 'approval.expire', tenant, nowMs, approvalId },
    {
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind: 'approval.expired',
        tenant,
        runId,
        agent,
        tool,
        atMs: nowMs,
        body: { approvalId },
      },
    },
  ]);
  return result.ok;
}
