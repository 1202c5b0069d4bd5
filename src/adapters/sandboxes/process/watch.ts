import { closeSync } from 'node:fs';
import type { EscapeAttempt } from '../../../ports/sandbox.ts';
import type { GroupCounts } from './cgroups.ts';
import { findTouched, type Laid } from './decoys.ts';
import { readEnding } from './finish-cell.ts';
import type { NetworkCounters } from './network-counters.ts';

export interface WatchOptions {
  /** What its control group counted, where it has one. */
  readonly count?: () => Promise<GroupCounts>;
  /** What was noticed of it elsewhere: at the egress door. */
  readonly elsewhere?: () => readonly EscapeAttempt[];
  /** Told of what is new. Where it rejects, it is told again. */
  readonly onAttempts: (attempts: readonly EscapeAttempt[]) => Promise<void>;
}

const LOOK_MS = 1_000;

/** What the walls of something that lives on notice while it does. Of what it does on and on is told once. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #told = new Set<string>();
  #decoys: readonly Laid[] = [];
  #network: NetworkCounters | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Begins to look. The counters of its network and the descriptors of the decoys are its own from then on. */
  begin(network: NetworkCounters, decoys: readonly Laid[]): void {
    this.#network = network;
    this.#decoys = decoys;
    this.#timer = setInterval(() => void this.#look(0).catch(() => {}), LOOK_MS).unref();
  }

  /** Looks once more, when its process has ended. Rejects where what was noticed could not be told. */
  async end(exitCode: number): Promise<void> {
    clearInterval(this.#timer);
    try {
      await this.#look(exitCode);
    } finally {
      this.#network?.[Symbol.dispose]();
      for (const { descriptor } of this.#decoys) closeSync(descriptor);
      this.#network = undefined;
      this.#decoys = [];
    }
  }

  #look(exitCode: number): Promise<void> {
    this.#looking = this.#looking.catch(() => {}).then(() => this.#tell(exitCode));
    return this.#looking;
  }

  async #tell(exitCode: number): Promise<void> {
    const { attempts } = readEnding({
      report: '',
      exitCode,
      touched: findTouched(this.#decoys),
      networkAttempts: this.#network?.count() ?? 0,
      counts: await this.#options.count?.(),
      stopped: undefined,
    });
    const all = [...attempts, ...(this.#options.elsewhere?.() ?? [])];
    // How often grows; that it did is said once.
    const keyOf = ({ kind, detail }: EscapeAttempt) => `${kind} ${detail.replace(/ \d+ /, ' ')}`;
    const fresh = all.filter((attempt) => !this.#told.has(keyOf(attempt)));
    if (fresh.length === 0) return;
    await this.#options.onAttempts(fresh);
    for (const attempt of fresh) this.#told.add(keyOf(attempt));
  }
}
