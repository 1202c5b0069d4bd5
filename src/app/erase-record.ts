import { type Clock, newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { Store } from '../ports/store.ts';

export interface Erasure {
  readonly tenant: string;
  readonly runIds: readonly string[];
  /** Who asked for it. */
  readonly by: string;
  readonly reason: string;
}

/**
 * Erases what was recorded of runs: their keys go, and with them everything that was sealed. The events stay, verify, and
 * read as erased. That it was done is an event itself. Of many runs, each is erased by itself: after a fault, those that
 * came before it are.
 *
 * @throws Fault E_RUN_UNKNOWN, E_STORE.
 */
export async function eraseRuns(store: Pick<Store, 'commit'>, clock: Clock, erasure: Erasure): Promise<void> {
  const { tenant, runIds, by, reason } = erasure;
  for (const runId of runIds) {
    const atMs = clock.nowMs();
    const id = newId(clock, 'evt');
    const result = await store.commit([
      { kind: 'run.erase', tenant, runId, atMs },
      // Not an event of the run: it would be sealed with the key that is gone.
      { kind: 'event.append', event: { id, kind: 'record.erased', tenant, atMs, body: { run: runId, by, reason } } },
    ]);
    if (!result.ok) throw new Fault(result.code, result.message);
  }
}
