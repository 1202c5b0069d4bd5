import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { StoredEvent } from '../../model/event.ts';
import type { Delivery, EventSink } from '../../ports/event-sink.ts';
import type { Change, Store } from '../../ports/store.ts';

export interface SinkQueueParts {
  readonly store: Pick<Store, 'commit' | 'readEvents' | 'listSinks'>;
  readonly clock: Clock;
  readonly tenant: string;
  readonly name: string;
  readonly sink: EventSink;
  /** Whether a sink that is new is told everything there is, or what comes from now on. */
  readonly from: 'beginning' | 'now';
}

/** How a queue is doing, for whoever watches it. */
export interface SinkStanding {
  readonly name: string;
  /** The last event that is done with; undefined before the first step. */
  readonly seq: number | undefined;
  /** What keeps it from going on. */
  readonly trouble: string | undefined;
}

/** What one step came to: how long to wait before the next. */
export interface Stepped {
  readonly kind: 'idle' | 'delivered' | 'putAside' | 'waiting';
  readonly waitMs: number;
}

/**
 * Tells one receiver of a tenant's events, at least once each and in the order of the record. The record is the queue: a
 * cursor beside it moves on when a batch was accepted, so nothing is copied, nothing fills up while the receiver is away,
 * and whoever is killed between the two tells the same batch again. An event that the receiver will not have, alone in a
 * batch, is put aside, so that it holds up no other.
 *
 * Two processes must not step one queue at the same time. If they do, one of them is told to look again.
 */
export class SinkQueue {
  readonly #parts: SinkQueueParts;
  #seq: number | undefined;
  /** How many events the next batch may have. Halved when a batch comes to grief, to find which of them it is. */
  #batch: number;
  /** Attempts in a row that did not get through. */
  #attempts = 0;
  /** Of these, how many in a row broke the receiver on the same single event. */
  #broken = 0;
  #trouble: string | undefined;

  constructor(parts: SinkQueueParts) {
    this.#parts = parts;
    this.#batch = parts.sink.batch;
  }

  get standing(): SinkStanding {
    return { name: this.#parts.name, seq: this.#seq, trouble: this.#trouble };
  }

  /** Hands over what comes next. Throws a `Fault` of the store; then call it again. */
  async step(signal: AbortSignal): Promise<Stepped> {
    const { store, tenant, sink } = this.#parts;
    this.#seq ??= await this.#open();
    const events = await store.readEvents({ tenant, afterSeq: this.#seq, limit: this.#batch });
    const last = events.at(-1);
    if (last === undefined) return { kind: 'idle', waitMs: limits.sinkPollMs };
    const delivery = await sink.deliver(events, signal);
    if (delivery.kind === 'accepted') {
      await this.#advance(last.seq);
      this.#batch = Math.min(sink.batch, this.#batch * 2);
      this.#recover();
      return { kind: 'delivered', waitMs: 0 };
    }
    this.#trouble = delivery.message;
    if (signal.aborted) return { kind: 'waiting', waitMs: 0 };
    return this.#cope(delivery, events);
  }

  async #cope(
    delivery: Exclude<Delivery, { readonly kind: 'accepted' }>,
    events: readonly StoredEvent[],
  ): Promise<Stepped> {
    this.#attempts++;
    if (delivery.kind === 'unavailable') {
      this.#broken = 0;
      return { kind: 'waiting', waitMs: Math.max(delivery.afterMs ?? 0, this.#backOffMs()) };
    }
    const [first, ...others] = events;
    if (first !== undefined && others.length === 0) {
      if (delivery.kind === 'failed') this.#broken++;
      if (delivery.kind === 'refused' || this.#broken >= limits.sinkAttempts) {
        await this.#advance(first.seq, this.#putAside(first.seq, delivery.message));
        this.#recover();
        return { kind: 'putAside', waitMs: 0 };
      }
    }
    this.#batch = Math.max(1, Math.floor(events.length / 2));
    return { kind: 'waiting', waitMs: delivery.kind === 'refused' ? 0 : this.#backOffMs() };
  }

  async #open(): Promise<number> {
    const { store, clock, tenant, name, from } = this.#parts;
    const [newest] = from === 'now' ? await store.readEvents({ tenant, newestFirst: true, limit: 1 }) : [];
    await this.#commit([{ kind: 'sink.open', tenant, sink: name, seq: newest?.seq ?? 0, atMs: clock.nowMs() }]);
    const cursor = (await store.listSinks(tenant)).find(({ sink }) => sink === name);
    return cursor?.seq ?? 0;
  }

  async #advance(to: number, also: readonly Change[] = []): Promise<void> {
    const { clock, tenant, name } = this.#parts;
    const from = this.#seq ?? 0;
    // Whatever becomes of the commit, where the cursor is now is read again before anything else is sent.
    this.#seq = undefined;
    await this.#commit([...also, { kind: 'sink.advance', tenant, sink: name, from, to, atMs: clock.nowMs() }]);
    this.#seq = to;
  }

  #putAside(seq: number, reason: string): readonly Change[] {
    const { clock, tenant, name } = this.#parts;
    return [{ kind: 'sink.putAside', tenant, sink: name, seq, reason, atMs: clock.nowMs() }];
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    const result = await this.#parts.store.commit(changes);
    if (!result.ok) throw new Fault(result.code, result.message);
  }

  #recover(): void {
    this.#attempts = 0;
    this.#broken = 0;
    this.#trouble = undefined;
  }

  /** Longer after each attempt, and never the same for two gateways that lost one receiver together. */
  #backOffMs(): number {
    const longestMs = Math.min(limits.sinkRetryMs * 2 ** Math.min(this.#attempts - 1, 16), limits.sinkRetryLongestMs);
    const [random = 0] = this.#parts.clock.randomBytes(1);
    return longestMs / 2 + (longestMs / 2) * (random / 255);
  }
}
