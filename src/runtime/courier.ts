import { type Clock, newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { limits } from '../base/limits.ts';
import type { WaitingNotice } from '../model/notice.ts';
import type { Notifier } from '../ports/notifier.ts';
import type { Store } from '../ports/store.ts';

export interface CourierOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly tenant: string;
  /** The channels in force, by name. */
  readonly notifiers: () => ReadonlyMap<string, Notifier>;
  /** Where people look at an approval. */
  readonly linkTo: (approvalId: string) => string | undefined;
  /** Told what operators should know. Never rejects. */
  readonly onProblem: (message: string) => void;
  /** How long it waits after the first failure; twice as long after each further one. */
  readonly pauseMs?: number;
}

const LOOK_MS = 2_000;
const BATCH = 50;

/**
 * Tells people what the store says they have to be told, until it is delivered or of no use any more. What waits is in
 * the store with the question itself, so a crash between asking and telling is made up at the next start, and several
 * gateways on one store share the work. A notice may arrive twice, under the same id, and is never lost without a record.
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #abort = new AbortController();
  #round: Promise<void> | undefined;
  #again = false;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.wake(), LOOK_MS);
    this.#timer.unref();
    this.wake();
  }

  /** Something may be due. */
  wake(): void {
    if (this.#abort.signal.aborted) return;
    this.#again = true;
    this.#round ??= this.#work().finally(() => {
      this.#round = undefined;
    });
  }

  /** Stops, and leaves what waits to the next. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort();
    await this.#round;
  }

  async #work(): Promise<void> {
    const { store, clock, tenant, onProblem } = this.#options;
    while (this.#again && !this.#abort.signal.aborted) {
      this.#again = false;
      try {
        const due = await store.listNotices(tenant, clock.nowMs(), BATCH);
        await Promise.all(due.map((notice) => this.#carry(notice)));
        if (due.length === BATCH) this.#again = true;
      } catch (error) {
        onProblem(error instanceof Fault ? error.message : 'notices could not be delivered');
      }
    }
  }

  async #carry(notice: WaitingNotice): Promise<void> {
    const { store, clock, notifiers, linkTo } = this.#options;
    const nowMs = clock.nowMs();
    const { tenant, id, attempts, facts } = notice;
    const approvalId = typeof facts['approval'] === 'string' ? facts['approval'] : undefined;
    const state = approvalId === undefined ? 'pending' : (await store.readApproval(tenant, approvalId))?.state;
    if (state !== 'pending' && state !== 'expired') return this.#close(notice, undefined); // it is answered
    if (nowMs >= notice.untilMs) return this.#close(notice, 'notice.failed', 'its time has passed');
    if (attempts >= limits.noticeAttempts) return this.#close(notice, 'notice.failed', 'it was tried too often');
    const dueAtMs = nowMs + (this.#options.pauseMs ?? limits.noticePauseMs) * 2 ** attempts;
    const claimed = await store.commit([{ kind: 'notice.claim', tenant, id, attempts, dueAtMs }]);
    if (!claimed.ok) return; // another gateway carries it
    const notifier = notifiers().get(notice.channel);
    if (notifier === undefined) return this.#close(notice, 'notice.failed', 'the channel is not configured any more');
    const link = approvalId === undefined ? undefined : linkTo(approvalId);
    try {
      const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(limits.noticeTimeoutMs)]);
      await notifier.deliver({ notice, ...(link === undefined ? {} : { link }) }, signal);
    } catch (error) {
      const why = error instanceof Fault ? error.message : 'the channel failed';
      this.#options.onProblem(`${notice.channel}: ${why}; ${id} waits and is tried again`);
      return;
    }
    await this.#close(notice, 'notice.delivered');
  }

  async #close(notice: WaitingNotice, kind: 'notice.delivered' | 'notice.failed' | undefined, why = ''): Promise<void> {
    const { store, clock, onProblem } = this.#options;
    const { tenant, id, channel, facts } = notice;
    if (kind === 'notice.failed') onProblem(`${channel}: ${id} was not delivered: ${why}`);
    const body = {
      notice: id,
      channel,
      about: notice.kind,
      facts,
      attempts: notice.attempts + 1,
      ...(why === '' ? {} : { why }),
    };
    await store.commit([
      { kind: 'notice.close', tenant, id },
      ...(kind === undefined
        ? []
        : [
            {
              kind: 'event.append' as const,
              event: { id: newId(clock, 'evt'), kind, tenant, atMs: clock.nowMs(), body },
            },
          ]),
    ]);
  }
}
