import type { Clock } from '../../base/clock.ts';
import { type Digest, digestJson } from '../../base/digest.ts';
import { limits } from '../../base/limits.ts';
import type { CallInput } from '../../ports/tool-source.ts';
import type { StateBinding } from './state-seal.ts';

interface Suspended {
  readonly input: CallInput;
  readonly untilMs: number;
}

/**
 * Rounds of questions that were answered and then had to wait for a person, by caller, run and request. Clients that
 * only know how to ask again, with the same call and nothing else, go on from there: the answers are those the person
 * sees, and nobody is asked twice.
 */
export class SuspendedRounds {
  readonly #clock: Clock;
  readonly #rounds = new Map<Digest, Suspended>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(runId: string, binding: StateBinding, input: CallInput): void {
    this.#rounds.set(keyOf(runId, binding), { input, untilMs: this.#clock.nowMs() + limits.mcpStateWaitMs });
    if (this.#rounds.size <= limits.mcpRoundsWaiting) return;
    const [oldest] = this.#rounds.keys(); // forgotten early it costs a question, never an execution
    if (oldest !== undefined) this.#rounds.delete(oldest);
  }

  /** Takes the answers of a round that waits, if there is one. */
  resume(runId: string, binding: StateBinding): CallInput | undefined {
    if (this.#rounds.size === 0) return undefined;
    const key = keyOf(runId, binding);
    const found = this.#rounds.get(key);
    this.#rounds.delete(key);
    return found !== undefined && found.untilMs >= this.#clock.nowMs() ? found.input : undefined;
  }
}

function keyOf(runId: string, { caller, server, callable, arguments: args }: StateBinding): Digest {
  return digestJson([runId, caller, server, callable, args]);
}
