import { type Clock, newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { limits } from '../base/limits.ts';
import type { Store } from '../ports/store.ts';

/** Who reads the record, and what of it. */
export interface Reading {
  readonly tenant: string;
  readonly by: string;
  readonly what: string;
}

const REMEMBERED = 10_000;

/**
 * Records who reads the record. Whoever goes on reading the same is recorded again only after a time: a reader that follows
 * the record would otherwise read nothing but that it reads.
 */
export class ReadBook {
  readonly #store: Pick<Store, 'commit'>;
  readonly #clock: Clock;
  readonly #last = new Map<string, number>();

  constructor(store: Pick<Store, 'commit'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Throws a `Fault` where it cannot be recorded: then nothing may be shown. */
  async record({ tenant, by, what }: Reading): Promise<void> {
    const key = JSON.stringify([tenant, by, what]);
    const nowMs = this.#clock.monotonicMs();
    const last = this.#last.get(key);
    if (last !== undefined && nowMs - last < limits.readAgainMs) return;
    const id = newId(this.#clock, 'evt');
    const event = { id, kind: 'record.read' as const, tenant, atMs: this.#clock.nowMs(), body: { by, what } };
    const result = await this.#store.commit([{ kind: 'event.append', event }]);
    if (!result.ok) throw new Fault(result.code, result.message);
    this.#last.delete(key);
    this.#last.set(key, nowMs);
    for (const [oldest] of this.#last) {
      if (this.#last.size <= REMEMBERED) break;
      this.#last.delete(oldest);
    }
  }
}
