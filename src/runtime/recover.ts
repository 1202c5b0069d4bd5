import { newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { World } from './world.ts';

const BATCH = 500;

/**
 * Closes the intents that a crash left open. Nobody can tell whether their tools ran, so the record says `unknown`, and
 * they are never run again by themselves. Returns how many there were. Runs before the first call is taken. Another
 * process may be at it at the same time: each intent is closed by one of them.
 */
export async function recover(world: Pick<World, 'store' | 'clock'>): Promise<number> {
  let recovered = 0;
  const refused = new Map<string, Fault>();
  for (;;) {
    const abandoned = await world.store.listAbandonedIntents(BATCH);
    if (abandoned.length === 0) return recovered;
    for (const { callId, tenant, runId } of abandoned) {
      // Refused once, another process has closed it; listed again, it did not.
      const fault = refused.get(callId);
      if (fault !== undefined) throw fault;
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
      if (result.ok) recovered++;
      else refused.set(callId, new Fault(result.code, result.message));
    }
  }
}
