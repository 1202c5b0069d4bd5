import { type Fault, toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { LogFiles } from '../../ledger/read-tile.ts';
import type { VerifierKey } from '../../ledger/verifier-key.ts';
import type { LedgerCopy } from '../../ports/ledger.ts';
import type { Notify } from '../notice.ts';
import { LedgerCopier } from './ledger-copier.ts';

export interface NamedCopy {
  readonly name: string;
  readonly copy: LedgerCopy;
  readonly everyMs: number;
  /** What it is reached with, where that takes keys. */
  readonly reach?: { leave(): void; end(): void };
}

export interface CopiesParts {
  readonly copies: readonly NamedCopy[];
  readonly source: LogFiles;
  readonly keys: () => Promise<readonly VerifierKey[]>;
  readonly notify: Notify;
  /** Told once of a copy that is not the same history. */
  readonly onDiffers: (name: string, fault: Fault) => Promise<void>;
}

/**
 * Keeps copies of a ledger beside the gateway: each on its own, so that one that is away holds up no other. Nothing is
 * queued for it: whatever it missed is in the ledger, and is made up from there.
 */
export class LedgerCopies {
  readonly #loops: readonly Loop[];

  constructor(parts: CopiesParts) {
    this.#loops = parts.copies.map((named) => new Loop(parts, named));
  }

  /** A checkpoint was published, with the signatures of those who have seen it. */
  offer(checkpointText: string): void {
    for (const loop of this.#loops) loop.offer(checkpointText);
  }

  /** Copies what was offered last, if that takes no longer than a gateway may take to end. Never rejects. */
  async close(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.close()));
  }
}

/** How long the end of a gateway waits for a copy: what is not there by then is copied by the next one. */
const FAREWELL_MS = 3_000;

class Loop {
  readonly #parts: CopiesParts;
  readonly #named: NamedCopy;
  readonly #abort = new AbortController();
  #copier: LedgerCopier;
  #offered: string | undefined;
  #copied: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #failures = 0;
  #said: string | undefined;
  #isClosed = false;

  constructor(parts: CopiesParts, named: NamedCopy) {
    this.#parts = parts;
    this.#named = named;
    this.#copier = new LedgerCopier({ ...parts, ...named });
  }

  offer(checkpointText: string): void {
    this.#offered = checkpointText;
    if (checkpointText !== this.#copied) this.#schedule(0);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const giveUp = setTimeout(() => this.#abort.abort(), FAREWELL_MS);
    await this.#work;
    this.#named.reach?.leave();
    if (this.#failures === 0) await this.#turn();
    clearTimeout(giveUp);
    this.#named.reach?.end();
  }

  /** The first checkpoint is copied at once, others when it is time, and none while one is under way. */
  #schedule(afterMs: number): void {
    if (this.#isClosed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#work = this.#turn().finally(() => {
        const pauseMs = Math.min(limits.copyPauseMs, limits.copyRetryMs * 2 ** Math.min(this.#failures, 16));
        this.#timer = undefined;
        if (this.#failures > 0) this.#schedule(pauseMs);
        else this.#rest();
      });
    }, afterMs);
    this.#timer.unref();
  }

  /** Leaves the copy alone until it is time for the next checkpoint. */
  #rest(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#offered !== this.#copied) this.#schedule(0);
    }, this.#named.everyMs);
    this.#timer.unref();
  }

  async #turn(): Promise<void> {
    const offered = this.#offered;
    if (offered === undefined || offered === this.#copied) return;
    try {
      await this.#copier.step(offered, this.#abort.signal);
      this.#copied = offered;
      this.#failures = 0;
      if (this.#said !== undefined) this.#say('info', `copy \`${this.#named.name}\` of the ledger is whole again`);
      this.#said = undefined;
    } catch (error) {
      this.#failures++;
      // Begun anew from what is there: somebody may have put right what was wrong.
      this.#copier = new LedgerCopier({ ...this.#parts, ...this.#named });
      await this.#tell(toFault(error, 'E_COPY', 'it could not be written'));
    }
  }

  /** Says a thing once, until all is well again. */
  async #tell(fault: Fault): Promise<void> {
    const { code, message } = fault;
    if (message === this.#said || this.#abort.signal.aborted) return;
    this.#said = message;
    this.#say(code === 'E_COPY_DIFFERS' ? 'error' : 'warning', `${code} copy \`${this.#named.name}\`: ${message}`);
    if (code === 'E_COPY_DIFFERS') await this.#parts.onDiffers(this.#named.name, fault).catch(() => {});
  }

  #say(kind: 'info' | 'warning' | 'error', message: string): void {
    this.#parts.notify({ kind, message });
  }
}
