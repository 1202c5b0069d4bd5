import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../base/fault.ts';
import type { Approval } from '../../model/approval.ts';
import type { World } from '../world.ts';
import { expireOne } from './expire-approvals.ts';
import { steadyNowMs } from './steady-time.ts';

/** How soon it looks again, milliseconds: at once at first, later less often. */
const SOONEST_MS = 20;
const LATEST_MS = 500;

export interface WaitOptions {
  /** Gives up waiting; the approval is then returned as it is. */
  readonly signal?: AbortSignal;
  /** How long it waits at most, milliseconds; until the approval expires unless told. */
  readonly forMs?: number;
}

/**
 * The approval once it does not wait for people any more: approved, denied, used or expired. Whoever answers may do so
 * through another process, so it is the store that is asked. Throws a `Fault`: E_APPROVAL_UNKNOWN, E_STORE.
 */
export async function waitForAnswer(
  world: Pick<World, 'store' | 'clock'>,
  { tenant, runId, approvalId }: { readonly tenant: string; readonly runId: string; readonly approvalId: string },
  { signal, forMs = Number.POSITIVE_INFINITY }: WaitOptions = {},
): Promise<Approval> {
  const startedMs = world.clock.monotonicMs();
  for (let pauseMs = SOONEST_MS; ; pauseMs = Math.min(pauseMs * 1.5, LATEST_MS)) {
    const approval = await world.store.readApproval(tenant, approvalId);
    if (approval?.runId !== runId) throw new Fault('E_APPROVAL_UNKNOWN', 'this run has no such approval');
    if (approval.state !== 'pending') return approval;
    const nowMs = steadyNowMs(world.clock);
    if (nowMs >= approval.expiresAtMs) {
      // Marked by somebody else meanwhile, it reads the same.
      await expireOne(world, tenant, { ...approval, approvalId }, nowMs);
      continue;
    }
    const leftMs = forMs - (world.clock.monotonicMs() - startedMs);
    if (signal?.aborted || leftMs <= 0) return approval;
    await sleep(Math.min(pauseMs, leftMs), undefined, signal === undefined ? {} : { signal }).catch(() => {});
  }
}
