import { Fault } from '../../base/fault.ts';
import type { StoredEvent } from '../../model/event.ts';
import type { Store } from '../../ports/store.ts';
import type { Receipt } from '../../runtime/line/call-answer.ts';
import { proveEvent } from './prove-event.ts';

export interface CallReceipt extends Receipt {
  readonly tenant: string;
  /**
   * A proof file, to be verified anywhere with the public key of the ledger (`chaperone evidence verify`). Absent while no
   * checkpoint covers the event: ask again.
   */
  readonly proof?: string;
}

export interface ReceiptWanted {
  readonly tenant: string;
  readonly callId: string;
  /** Only of this agent's calls. */
  readonly agent?: string;
  /** Only of calls of this run. */
  readonly runId?: string;
}

/**
 * The receipt of a call: where its last event stands, its outcome once it has one, and the proof that it is in the ledger.
 * The proof shows the event as it stands in the record: what the call said only sealed; where nothing is sealed, its digest.
 *
 * @param folder of the ledger; undefined where this process keeps none
 * @throws Fault E_NOT_FOUND where there is no such call, or no ledger; E_STORE, E_LEDGER, E_EVIDENCE.
 */
export async function readReceipt(
  store: Pick<Store, 'readEvents'>,
  folder: string | undefined,
  { tenant, callId, agent, runId }: ReceiptWanted,
): Promise<CallReceipt> {
  if (folder === undefined) throw new Fault('E_NOT_FOUND', 'no ledger is kept of this store');
  const kinds = ['call.intended', 'call.completed', 'call.refused'] as const;
  const [event] = await store.readEvents({ tenant, callId, kinds, newestFirst: true, limit: 1 });
  const isTheirs = (agent === undefined || event?.agent === agent) && (runId === undefined || event?.runId === runId);
  if (event === undefined || !isTheirs) throw new Fault('E_NOT_FOUND', `nothing is recorded of \`${callId}\``);
  const receipt = { tenant, event: event.id, seq: event.seq };
  // What is still under way is answered for when it has ended.
  const proof = event.kind === 'call.intended' ? undefined : await prove(folder, event);
  return { ...receipt, ...(proof === undefined ? {} : { proof }) };
}

async function prove(folder: string, event: StoredEvent): Promise<string | undefined> {
  try {
    return await proveEvent(folder, event, event.sealed === undefined ? 'digest' : 'event');
  } catch (error) {
    if (error instanceof Fault && error.code === 'E_NOT_FOUND') return undefined;
    throw error;
  }
}
