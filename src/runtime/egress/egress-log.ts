import { limits } from '../../base/limits.ts';
import type { NewEvent } from '../../model/event.ts';
import type { Store } from '../../ports/store.ts';

const BATCH = 256;

/**
 * Writes what left, and what was refused, many at a time: a request waits for no commit of its own. Until it is written
 * a record is held here, and is lost if the process dies: that is at most `limits.egressRecordMs` and one commit. Where
 * the store fails nothing is thrown away; the door refuses requests until it writes again.
 */
export class EgressLog {
  readonly #store: Store;
  #waiting: NewEvent[] = [];
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Whether what happens now can be recorded: the store took the last batch, and there is room for another record. */
  get canRecord(): boolean {
    return !this.#isFailing && this.#waiting.length < limits.egressUnrecorded;
  }

  add(event: NewEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length >= BATCH && !this.#isFailing) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), limits.egressRecordMs);
  }

  /** Resolves when everything added before is written, or the store failed. Tells which. Never rejects. */
  async flush(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writing !== undefined) await this.#writing;
    if (this.#waiting.length > 0) {
      this.#writing = this.#write();
      await this.#writing;
    }
    return !this.#isFailing;
  }

  async #write(): Promise<void> {
    const events = this.#waiting;
    this.#waiting = [];
    try {
      for (let from = 0; from < events.length; from += BATCH) {
        const batch = events.slice(from, from + BATCH);
        const result = await this.#store.commit(batch.map((event) => ({ kind: 'event.append', event })));
        if (!result.ok) throw new Error(result.code);
        events.splice(from, batch.length);
        from -= BATCH;
      }
      this.#isFailing = false;
    } catch {
      // Nobody knows whether the store has them: an event can stand there twice, under one id, and never not at all.
      this.#waiting = [...events, ...this.#waiting];
      this.#isFailing = true;
      this.#timer ??= setTimeout(() => void this.flush(), limits.egressWatchMs);
    } finally {
      this.#writing = undefined;
    }
  }
}
