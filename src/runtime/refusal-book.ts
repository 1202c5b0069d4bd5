import type { Clock } from '../base/clock.ts';
import type { ErrorCode } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { RunBook } from './run-book.ts';

interface Minute {
  readonly endsMs: number;
  refused: number;
  /** Whether the record says that the run is not looked at. */
  isSaid: boolean;
}

const MINUTE_MS = 60_000;

/**
 * How many calls were refused lately, by run. A refused call costs its sender nothing, and its record costs whoever keeps it:
 * beyond `limits.refusalsPerMinute` a run is not looked at for the rest of the minute, and what it asks for is recorded
 * together with what else it asks for then (`JointRefusals`). Of this process, by the clock that never goes back; bounded, the
 * longest unused forgotten first.
 */
export class RefusalBook {
  readonly #clock: Clock;
  readonly #minutes = new Map<string, Minute>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long a run is not looked at. Undefined while it is. */
  waitMs(key: string): number | undefined {
    const minute = this.#minutes.get(key);
    if (minute === undefined || minute.refused < limits.refusalsPerMinute) return undefined;
    const leftMs = minute.endsMs - this.#clock.monotonicMs();
    return leftMs > 0 ? Math.ceil(leftMs) : undefined;
  }

  /** Counts a refusal. Whether it has a record of its own: of those that were not looked at, only the first of a minute. */
  count(key: string, code: ErrorCode): 'alone' | 'together' {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#minutes.get(key);
    const isOver = known === undefined || known.endsMs <= nowMs;
    const minute = isOver ? { endsMs: nowMs + MINUTE_MS, refused: 0, isSaid: false } : known;
    minute.refused += 1;
    const isAlone = code !== 'E_REFUSALS' || !minute.isSaid;
    minute.isSaid ||= code === 'E_REFUSALS';
    this.#minutes.delete(key);
    this.#minutes.set(key, minute);
    const [oldest] = this.#minutes.keys();
    if (this.#minutes.size > limits.refusalRuns && oldest !== undefined) this.#minutes.delete(oldest);
    return isAlone ? 'alone' : 'together';
  }
}

/** The run, where it is one of the caller's; whoever names another counts by who they are. */
export function refusalKey(
  { runs }: { readonly runs: RunBook },
  {
    principal,
    runId,
  }: { readonly principal: { readonly tenant: string; readonly agent: string }; readonly runId: string },
): string {
  const run = runs.known(runId);
  const isOwn = run?.principal.tenant === principal.tenant && run.principal.agent === principal.agent;
  return isOwn ? runId : `${principal.tenant}/${principal.agent}`;
}
