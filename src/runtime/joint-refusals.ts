import { limits } from '../base/limits.ts';

interface Batch<T> {
  readonly callIds: string[];
  readonly full: AbortController;
  readonly recorded: Promise<T>;
}

/**
 * Refused calls that share one record, by what they are counted by. The first waits `limits.refusalsTogetherMs` for others,
 * unless `limits.refusalsTogether` have come before; each is answered when the record that names it stands. So a flood is
 * recorded call by call, in few records, and slowed.
 */
export class JointRefusals<T> {
  readonly #wait: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly #open = new Map<string, Batch<T>>();

  constructor(wait: (ms: number, signal: AbortSignal) => Promise<unknown>) {
    this.#wait = wait;
  }

  /** What the record came to. Only the first call's `record` is used: it is given the ids of those that came after it. */
  join(key: string, callId: string, record: (callIds: readonly string[]) => Promise<T>): Promise<T> {
    const open = this.#open.get(key);
    if (open === undefined) return this.#begin(key, record);
    open.callIds.push(callId);
    if (open.callIds.length + 1 >= limits.refusalsTogether) {
      this.#open.delete(key);
      open.full.abort();
    }
    return open.recorded;
  }

  #begin(key: string, record: (callIds: readonly string[]) => Promise<T>): Promise<T> {
    const callIds: string[] = [];
    const full = new AbortController();
    const isDue = this.#wait(limits.refusalsTogetherMs, full.signal).catch(() => undefined);
    const recorded = isDue.then(() => {
      if (this.#open.get(key)?.callIds === callIds) this.#open.delete(key);
      return record(callIds);
    });
    this.#open.set(key, { callIds, full, recorded });
    return recorded;
  }
}
