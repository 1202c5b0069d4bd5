import { join } from 'node:path';
import { holdFolder } from '../../adapters/locks/hold-folder.ts';
import type { Clock } from '../../base/clock.ts';
import { toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { Store } from '../../ports/store.ts';
import { SinkQueue, type SinkStanding } from '../../runtime/outbox/sink-queue.ts';
import type { Notify } from '../notice.ts';
import type { NamedSink } from './open-sinks.ts';

export interface OutboxParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly tenant: string;
  readonly data: string;
  readonly sinks: readonly NamedSink[];
  readonly notify: Notify;
}

/** While another process tells the receivers, this one looks in on it now and then. */
const STANDBY_MS = 5_000;

/**
 * Tells receivers what is recorded, beside the gateway: no call waits for them. Of several gateways on one data folder,
 * one tells all receivers and the others stand by, so that each is told in order.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #abort = new AbortController();
  readonly #loops: readonly Loop[];
  #hold: Disposable | undefined;
  #standby: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#loops = parts.sinks.map((named) => new Loop(parts, named, this.#abort.signal));
    if (parts.sinks.length > 0) this.#takeOver();
  }

  get standings(): readonly SinkStanding[] {
    return this.#loops.map((loop) => loop.standing);
  }

  /** Something was recorded: whoever waits for that goes on at once. */
  poke(): void {
    for (const loop of this.#loops) loop.poke();
  }

  /** Ends what is under way; what was not accepted is sent again by whoever starts next. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#standby);
    this.#abort.abort();
    await Promise.all(this.#loops.map((loop) => loop.close()));
    this.#hold?.[Symbol.dispose]();
  }

  #takeOver(): void {
    if (this.#closed) return;
    try {
      this.#hold = holdFolder(join(this.#parts.data, 'outbox'), 'E_STORE');
    } catch (error) {
      const { code, message } = toFault(error, 'E_STORE', 'the outbox could not be opened');
      this.#parts.notify({ kind: 'error', message: `${code} ${message}` });
    }
    if (this.#hold !== undefined) {
      for (const loop of this.#loops) loop.start();
      return;
    }
    this.#standby = setTimeout(() => this.#takeOver(), STANDBY_MS);
    this.#standby.unref();
  }
}

/** Steps one queue until it is closed. */
class Loop {
  readonly #parts: OutboxParts;
  readonly #named: NamedSink;
  readonly #queue: SinkQueue;
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #isIdle = false;
  #poked = false;
  #said: string | undefined;

  constructor(parts: OutboxParts, named: NamedSink, signal: AbortSignal) {
    const { store, clock, tenant } = parts;
    this.#parts = parts;
    this.#named = named;
    this.#signal = signal;
    this.#queue = new SinkQueue({ store, clock, tenant, ...named });
  }

  get standing(): SinkStanding {
    return this.#queue.standing;
  }

  start(): void {
    this.#schedule(0);
  }

  poke(): void {
    this.#poked = true;
    if (this.#isIdle) this.#schedule(limits.sinkGatherMs);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#work;
    await this.#named.sink.close().catch(() => {});
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#isIdle = false;
    if (this.#signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#work = this.#turn();
    }, afterMs);
    this.#timer.unref();
  }

  async #turn(): Promise<void> {
    this.#poked = false;
    try {
      const { kind, waitMs } = await this.#queue.step(this.#signal);
      this.#tell(kind === 'putAside' ? 'an event was put aside: chaperone outbox list' : this.#queue.standing.trouble);
      const isIdle = kind === 'idle' && !this.#poked;
      this.#schedule(kind === 'idle' && !isIdle ? 0 : waitMs);
      this.#isIdle = isIdle;
    } catch (error) {
      if (this.#signal.aborted) return;
      this.#tell(toFault(error, 'E_STORE', 'the record could not be read').message);
      this.#schedule(limits.sinkPollMs);
    }
  }

  /** Says a thing once, until all is well again. */
  #tell(trouble: string | undefined): void {
    if (trouble === this.#said || this.#signal.aborted) return;
    this.#said = trouble;
    const { name } = this.#named;
    this.#parts.notify(
      trouble === undefined
        ? { kind: 'info', message: `sink \`${name}\` is told again` }
        : { kind: 'warning', message: `sink \`${name}\`: ${trouble}` },
    );
  }
}
