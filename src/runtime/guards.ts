import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { BreakerBook } from './breaker-book.ts';
import { JointRefusals } from './joint-refusals.ts';
import { KeptAnswers } from './kept-answers.ts';
import type { Receipt } from './line/call-answer.ts';
import type { Refusal } from './line/refusal.ts';
import { LoopBook } from './loop-book.ts';
import { RefusalBook } from './refusal-book.ts';
import { ToldAlerts } from './told-alerts.ts';

/** Something a person should look at. It has been recorded by the time it is told, where the store takes anything. */
export interface Alert {
  readonly tenant: string;
  readonly runId?: string;
  readonly message: string;
}

export interface GuardsOptions {
  readonly clock: Clock;
  onAlert(alert: Alert): void;
  /** Waits, or rejects once the signal aborts. The system's timer unless told. */
  wait?(ms: number, signal?: AbortSignal): Promise<unknown>;
}

/**
 * What keeps a run from running away, besides budgets. It remembers, within bounds; how breakers stand is in the store, what
 * loops are found by in the record, and the rest is lost at a restart.
 */
export class Guards {
  readonly loops = new LoopBook();
  readonly kept = new KeptAnswers();
  readonly breakers: BreakerBook;
  readonly told: ToldAlerts;
  readonly refusals: RefusalBook;
  readonly jointRefusals: JointRefusals<Receipt | Refusal>;
  readonly #options: GuardsOptions;

  constructor(options: GuardsOptions) {
    this.breakers = new BreakerBook(options.clock);
    this.told = new ToldAlerts(options.clock);
    this.refusals = new RefusalBook(options.clock);
    this.jointRefusals = new JointRefusals((ms, signal) => this.wait(ms, signal));
    this.#options = options;
  }

  alert(alert: Alert): void {
    this.#options.onAlert(alert);
  }

  wait(ms: number, signal?: AbortSignal): Promise<unknown> {
    return this.#options.wait?.(ms, signal) ?? sleep(ms, undefined, signal === undefined ? {} : { signal });
  }
}
