import { isJsonObject, type JsonObject } from '../../base/json.ts';
import type { Store } from '../../ports/store.ts';

/** What is recorded of the last call of a tool. */
export interface LastCall {
  readonly callId: string;
  readonly approvalId: string | undefined;
  readonly reasons: readonly JsonObject[];
  readonly redactions: number;
}

export type ReadRecord = (tool: string) => Promise<LastCall>;

/** Reads the record of a tool's last call out of a store. */
export function recordReader(store: Pick<Store, 'readEvents'>, tenant: string): ReadRecord {
  return async (tool) => {
    const [last] = await store.readEvents({ tenant, tool, newestFirst: true, limit: 1 });
    const callId = last?.callId ?? '';
    const events = await store.readEvents({ tenant, callId, limit: 20 });
    const find = (key: string) => events.map((event) => event.body[key]).find((value) => value !== undefined);
    const reasons = find('reasons');
    const approvalId = find('approvalId');
    const redactions = find('redactions');
    return {
      callId,
      approvalId: typeof approvalId === 'string' ? approvalId : undefined,
      reasons: Array.isArray(reasons) ? reasons.filter(isJsonObject) : [],
      redactions: Array.isArray(redactions) ? redactions.length : 0,
    };
  };
}
