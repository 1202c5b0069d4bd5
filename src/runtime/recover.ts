import { newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { World } from './world.ts';

const BATCH = 500;

/**
 * Closes the intents that a crash left open. Nobody can tell whether their tools ran, so the record says `unknown`, and
 * they are never run again by themselves. Returns how many there were. Runs before the first call is taken.
 */
export async function recover(world: Pick<World, 'store' | 'clock'>): Promise<number> {
  let recovered = 0;
  for (;;) {
    const open = await world.store.listOpenIntents(BATCH);
    for (const { callId, tenant, runId } of open) {
      const atMs = world.clock.nowMs();
      const result = await world.store.commit([
        { kind: 'intent.close', callId, ran: 'unknown', atMs },
        {
          kind: 'event.append',
          event: {
            id: newId(world.clock, 'evt'),
            kind: 'call.completed',
            tenant,
            runId,
            callId,
            atMs,
            body: { ran: 'unknown', ok: false, code: 'E_UPSTREAM_LOST', recovered: true },
          },
        },
      ]);
      if (!result.ok) throw new Fault(result.code, result.message);
    }
    recovered += open.length;
    if (open.length < BATCH) return recovered;
  }
}
