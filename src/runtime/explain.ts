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
  const events: StoredEvent[] = [];
  while (callId !== undefined && events.length < EVENTS_PER_CALL) {
    const afterSeq = events.at(-1)?.seq ?? 0;
    const page = await store.readEvents({ tenant, callId, afterSeq, limit: EVENTS_PER_CALL - events.length });
    if (page.length === 0) break;
    events.push(...page);
  }
  if (callId === undefined || events.length === 0) throw new Fault('E_NOT_FOUND', `nothing is recorded of \`${id}\``);
  return { callId, events };
}
