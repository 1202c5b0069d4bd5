import { Fault } from '../base/fault.ts';
import type { StoredEvent } from '../model/event.ts';
import type { Store } from '../ports/store.ts';

/** Everything recorded of one call, oldest first. */
export interface CallRecord {
  readonly callId: string;
  readonly events: readonly StoredEvent[];
}

const EVENTS_PER_CALL = 100;

/**
 * Finds what was recorded of a call, by its id or the id of its approval, of the same tenant. Throws a
 * `Fault` E_NOT_FOUND where there is nothing of that name.
 */
export async function readCallRecord(
  store: Pick<Store, 'readEvents' | 'readApproval'>,
  tenant: string,
  id: string,
): Promise<CallRecord> {
  const callId = id.startsWith('apr_') ? (await store.readApproval(tenant, id))?.callId : id;
  const events = callId === undefined ? [] : await store.readEvents({ tenant, callId, limit: EVENTS_PER_CALL });
  if (callId === undefined || events.length === 0) throw new Fault('E_NOT_FOUND', `nothing is recorded of \`${id}\``);
  return { callId, events };
}
