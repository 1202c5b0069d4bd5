import { errorEntry } from '../../base/errors.ts';
import { Fault } from '../../base/fault.ts';
import type { Change } from '../../ports/store.ts';
import type { World } from '../world.ts';
import { Refusal, refuse } from './refusal.ts';

/**
 * Commits, and turns every way in which that can fail into a refusal: a condition that does not hold refuses with its
 * own code, a store that does not answer with `E_STORE`. Nothing that was not written is acted upon.
 */
export async function commit(
  world: World,
  changes: readonly Change[],
): Promise<{ readonly seqs: readonly number[]; readonly taken: readonly number[] } | Refusal> {
  try {
    const result = await world.store.commit(changes, { alone: world.inFlight.count <= 1 });
    if (result.ok) return { seqs: result.seqs, taken: result.taken ?? [] };
    const { code, message, retryAfterMs } = result;
    return new Refusal([{ code, message }], code, retryAfterMs === undefined ? {} : { retryAfterMs });
  } catch (error) {
    const message = error instanceof Fault ? error.message : 'the store failed';
    return refuse('E_STORE', `${message}; ${errorEntry('E_STORE').next}`);
  }
}
