import type { FSWatcher } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { Isolation } from '../../model/isolation.ts';
import type { StopSwitch } from '../../ports/stop-switch.ts';
import type { Store } from '../../ports/store.ts';
import type { Notify } from '../notice.ts';
import { recordEffect } from './record-effect.ts';
import { type FirstSights, recordSwitches } from './record-switches.ts';
import { watchSignal } from './signal.ts';
import { restoreSwitches } from './switch-files.ts';

export interface IsolationWatchOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly data: string;
  readonly tenant: string;
  readonly stopSwitch: StopSwitch;
  readonly notify: Notify;
}

/** Told of what was stopped, once. What it does is done before the stop counts as seen here. Must not throw. */
export type StopListener = (stopped: Isolation) => void | Promise<void>;

/**
 * One gateway's eye on what is stopped, by whichever process. It stops nothing: the store does, in the transaction of
 * each intent. It tells whoever holds something that has to end with a stop (leases, held calls), says in the record that
 * this gateway has seen it, and records what files stop, and how long that took.
 */
export class IsolationWatch {
  readonly #options: IsolationWatchOptions;
  readonly #listeners = new Set<StopListener>();
  #timer: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;
  #epoch = -1;
  #known = new Set<string>();
  #looking: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #told: string | undefined;
  readonly #sights: FirstSights = new Map();
  readonly #measured = new Set<Promise<void>>();

  constructor(options: IsolationWatchOptions) {
    this.#options = options;
  }

  /** Starts to watch; what is stopped already is seen when this resolves. */
  async start(): Promise<void> {
    const { data } = this.#options;
    await restoreSwitches(data);
    this.#watcher = await watchSignal(data, () => this.look());
    this.#timer = setInterval(() => this.look(), limits.stopLookMs);
    this.#timer.unref();
    await this.look();
  }

  /** Calls back when something is stopped. Returns a function that ends that. */
  onStopped(listener: StopListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks now. Resolves when everything that was stopped before has been seen. Never rejects. */
  look(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    // One that is under way may have read before what the caller wants seen.
    if (this.#looking !== undefined) this.#again = true;
    this.#looking ??= this.#lookWhileAsked().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#watcher?.close();
    await this.#looking;
    await Promise.all(this.#measured);
  }

  async #lookWhileAsked(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#lookOnce();
        this.#told = undefined;
      } catch (error) {
        this.#report(error, 'what is stopped cannot be read');
      }
    } while (this.#again && !this.#closed);
  }

  async #lookOnce(): Promise<void> {
    try {
      await this.#recordFiles();
    } finally {
      // What is stopped has to end, whether or not something else can be recorded.
      await this.#tellAll();
    }
  }

  async #recordFiles(): Promise<void> {
    const { tenant } = this.#options;
    for await (const taken of recordSwitches(this.#options, tenant, this.#sights)) {
      // Beside this look: it waits until every gateway has seen the stop, and this one has not yet.
      const measured = recordEffect(this.#options, tenant, taken).then(
        () => {},
        (error) => this.#report(error, `how long ${taken.report.scope} took to be stopped cannot be recorded`),
      );
      this.#measured.add(measured);
      void measured.then(() => this.#measured.delete(measured));
    }
  }

  async #tellAll(): Promise<void> {
    const { store, clock } = this.#options;
    const { epoch } = await store.readIsolationState();
    if (epoch === this.#epoch) return;
    const isolations = await store.listIsolations();
    for (const isolation of isolations) if (!this.#known.has(keyOf(isolation))) await this.#tell(isolation);
    this.#known = new Set(isolations.map(keyOf));
    await store.commit([{ kind: 'isolation.seen', epoch, atMs: clock.nowMs() }]);
    this.#epoch = epoch;
  }

  #report(error: unknown, what: string): void {
    const { message } = toFault(error, 'E_STORE', what);
    if (message !== this.#told) this.#options.notify({ kind: 'error', message });
    this.#told = message;
  }

  async #tell(isolation: Isolation): Promise<void> {
    const { scope, reason, by } = isolation;
    this.#options.notify({ kind: 'warning', message: `${scope} is stopped by ${by.join(', ')}: ${reason}` });
    for (const listener of this.#listeners) await listener(isolation);
  }
}

const keyOf = ({ scope, atMs }: Isolation): string => `${atMs} ${scope}`;
