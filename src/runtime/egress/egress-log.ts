import { limits } from '../../base/limits.ts';
import type { NewEvent } from '../../model/event.ts';
import type { Store } from '../../ports/store.ts';

const BATCH = 256;
const PAGE = 1_000;

/**
 * Writes what left, and what was refused, many at a time: a request waits for no commit of its own. Until it is written
 * a record is held here, and is lost if the process dies: that is at most `limits.egressRecordMs` and one commit. Where
 * the store fails nothing is thrown away, and nothing is written twice; the door refuses requests until it writes again.
 */
export class EgressLog {
  readonly #store: Store;
  #waiting: NewEvent[] = [];
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;
  /** Whether the first of what waits may stand in the store already: a commit of them was not answered. */
  #isUncertain = false;

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
    let events = this.#waiting;
    this.#waiting = [];
    try {
      if (this.#isUncertain) events = await this.#missing(events);
      for (let from = 0; from < events.length; from += BATCH) {
        const batch = events.slice(from, from + BATCH);
        const result = await this.#store.commit(batch.map((event) => ({ kind: 'event.append', event })));
        if (!result.ok) throw new Error(result.code);
        events.splice(from, batch.length);
        from -= BATCH;
      }
      this.#isFailing = false;
      this.#isUncertain = false;
    } catch {
      // Nobody knows whether the store has them. It is asked before they are written again.
      this.#waiting = [...events, ...this.#waiting];
      this.#isFailing = true;
      this.#isUncertain = true;
      this.#timer ??= setTimeout(() => void this.flush(), limits.egressWatchMs);
    } finally {
      this.#writing = undefined;
    }
  }

  /** Those of them that do not stand in the store. Rejects where that cannot be told. */
  async #missing(events: readonly NewEvent[]): Promise<NewEvent[]> {
    // Commits are done in their order: once this one is, none that was made before is under way any more.
    await this.#store.commit([]);
    const known = new Set<string>();
    for (const tenant of new Set(events.map((event) => event.tenant))) {
      const own = events.filter((event) => event.tenant === tenant);
      const kinds = [...new Set(own.map(({ kind }) => kind))];
      const fromMs = Math.min(...own.map(({ atMs }) => atMs));
      const toMs = Math.max(...own.map(({ atMs }) => atMs)) + 1;
      for (let afterSeq = 0; ; ) {
        const page = await this.#store.readEvents({ tenant, kinds, fromMs, toMs, afterSeq, limit: PAGE });
        for (const { id } of page) known.add(id);
        const last = page.at(-1);
        if (last === undefined) break;
        afterSeq = last.seq;
      }
    }
    return events.filter(({ id }) => !known.has(id));
  }
}
