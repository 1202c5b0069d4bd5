import { readIdMs } from '../base/clock.ts';
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
  if (callId !== undefined && events.length === 0) events.push(...(await readJointRecord(store, tenant, callId)));
  if (callId === undefined || events.length === 0) throw new Fault('E_NOT_FOUND', `nothing is recorded of \`${id}\``);
  return { callId, events };
}

/** How much later than a call its record may be dated; or earlier, since the wall clock may go back. */
const APART_MS = 60_000;

/** The record that a call shares with others that were refused with it (`JointRefusals`): it bears the id of the first. */
async function readJointRecord(
  store: Pick<Store, 'readEvents'>,
  tenant: string,
  callId: string,
): Promise<readonly StoredEvent[]> {
  const madeMs = readIdMs(callId);
  if (madeMs === undefined) return [];
  const query = {
    tenant,
    kinds: ['call.refused'],
    fromMs: madeMs - APART_MS,
    toMs: madeMs + APART_MS,
    limit: 1_000,
  } as const;
  for (let afterSeq = 0; ; ) {
    const page = await store.readEvents({ ...query, afterSeq });
    const found = page.find(({ body: { together } }) => Array.isArray(together) && together.includes(callId));
    const last = page.at(-1);
    if (found !== undefined || last === undefined) return found === undefined ? [] : [found];
    afterSeq = last.seq;
  }
}
