import { openRecordReader } from '../../adapters/stores/sqlite/open-record-reader.ts';
import { Fault } from '../../base/fault.ts';
import type { StoredEvent } from '../../model/event.ts';
import { readCallRecord } from '../../runtime/explain.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import { openRecordFor } from '../open-config.ts';
import { placeLedger } from './start-ledger.ts';

/** What is to be proved: an event by its id, or how a call ended. */
export type Wanted = { readonly eventId: string } | { readonly callId: string };

/**
 * Finds an event of a configuration's record, which is recorded as a reading of it. Of a call it is the last one: its outcome.
 *
 * @throws Fault E_NOT_FOUND, E_STORE, E_STORE_CORRUPT.
 */
export async function findEvent(loaded: LoadedConfig, wanted: Wanted): Promise<StoredEvent> {
  const { manifest } = loaded;
  const record = await openRecordFor(
    loaded,
    'callId' in wanted ? `outcome of ${wanted.callId}` : `event ${wanted.eventId}`,
  );
  try {
    if ('callId' in wanted) {
      const last = (await readCallRecord(record, manifest.tenant, wanted.callId)).events.at(-1);
      if (last !== undefined) return last;
      throw new Fault('E_NOT_FOUND', `nothing is recorded of \`${wanted.callId}\``);
    }
    const reader = openRecordReader({ path: placeLedger(loaded).record });
    const seq = await reader.findEvent(wanted.eventId).finally(() => reader.close());
    const [event] =
      seq === undefined ? [] : await record.readEvents({ tenant: manifest.tenant, afterSeq: seq - 1, limit: 1 });
    if (event?.id !== wanted.eventId) throw new Fault('E_NOT_FOUND', `there is no event \`${wanted.eventId}\``);
    return event;
  } finally {
    await record.close();
  }
}
