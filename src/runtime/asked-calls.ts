import type { CallDigest } from '../model/call.ts';
import type { Store } from '../ports/store.ts';
import { Refusal } from './line/refusal.ts';

const RECALLED_CALLS = 1_000;
const REMEMBERED_CALLS = 100_000; // one forgotten early costs a second question, never an execution

/**
 * Which approval asks for which call, so that the same call asked twice is one question, and an identical retry finds
 * its answer. The store is the truth; this only finds the id.
 */
export class AskedCalls {
  readonly #ids = new Map<string, Promise<string | Refusal>>();

  /**
   * Recalls what was asked before this process started. Whole
   * approvals are not read: what stands in them is for agents to choose.
   */
  static async recall(store: Store, tenant: string, nowMs: number): Promise<AskedCalls> {
    const asked = new AskedCalls();
    // The newest last, so that it stands where a call was asked about again.
    for (const { approvalId, runId, callDigest } of (await store.listAsked(tenant, nowMs, RECALLED_CALLS)).toReversed())
      asked.#ids.set(key(runId, callDigest), Promise.resolve(approvalId));
    return asked;
  }

  async find(runId: string, callDigest: CallDigest): Promise<string | undefined> {
    const id = await this.#ids.get(key(runId, callDigest));
    return typeof id === 'string' ? id : undefined;
  }

  /** Opens one question per call: whoever asks meanwhile gets the id of the first. */
  async open(
    runId: string,
    callDigest: CallDigest,
    id: string,
    write: () => Promise<{ readonly seqs: readonly number[] } | Refusal>,
  ): Promise<string | Refusal> {
    const place = key(runId, callDigest);
    const underWay = this.#ids.get(place);
    if (underWay !== undefined) return underWay;
    const opening = write().then((written) => (written instanceof Refusal ? written : id));
    this.#ids.set(place, opening);
    if (this.#ids.size > REMEMBERED_CALLS) {
      const oldest = this.#ids.keys().next().value;
      if (oldest !== undefined) this.#ids.delete(oldest);
    }
    const opened = await opening;
    if (opened instanceof Refusal) this.#ids.delete(place);
    return opened;
  }

  /** From now on this approval asks for the call, whichever did before. */
  replace(runId: string, callDigest: CallDigest, approvalId: string): void {
    this.#ids.set(key(runId, callDigest), Promise.resolve(approvalId));
  }

  /** Forgets that this approval asks for the call. One that was opened in its place meanwhile stays. */
  async forget(runId: string, callDigest: CallDigest, approvalId: string): Promise<void> {
    const place = key(runId, callDigest);
    const asked = this.#ids.get(place);
    if ((await asked) === approvalId && this.#ids.get(place) === asked) this.#ids.delete(place);
  }
}

function key(runId: string, callDigest: CallDigest): string {
  return `${runId} ${callDigest}`;
}
