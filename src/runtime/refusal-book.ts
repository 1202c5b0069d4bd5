import type { Clock } from '../base/clock.ts';
import type { ErrorCode } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { RunBook } from './run-book.ts';

interface Minute {
  readonly endsMs: number;
  refused: number;
  /** Whether the record says that further ones are not looked at. */
  isSaid: boolean;
  /** How many since stand in no record of their own. */
  unrecorded: number;
}

const MINUTE_MS = 60_000;

/**
 * How many calls were refused lately, by run. A refused call costs its sender nothing, and its record costs whoever keeps it:
 * beyond `limits.refusalsPerMinute` a run is not looked at for the rest of the minute, and what it asks for is counted and
 * not recorded one by one. Of this process, by the clock that never goes back; bounded, the longest unused forgotten first.
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

  /** Counts a refusal. Says whether it is to be recorded, and how many before it were not. */
  count(key: string, code: ErrorCode): { readonly isRecorded: boolean; readonly unrecorded: number } {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#minutes.get(key);
    const isOver = known === undefined || known.endsMs <= nowMs;
    const unrecorded = known?.unrecorded ?? 0;
    const minute = isOver ? { endsMs: nowMs + MINUTE_MS, refused: 0, isSaid: false, unrecorded } : known;
    minute.refused += 1;
    const isRecorded = code !== 'E_REFUSALS' || !minute.isSaid;
    minute.isSaid ||= code === 'E_REFUSALS';
    minute.unrecorded = isRecorded ? 0 : unrecorded + 1;
    this.#minutes.delete(key);
    this.#minutes.set(key, minute);
    const [oldest] = this.#minutes.keys();
    if (this.#minutes.size > limits.refusalRuns && oldest !== undefined) this.#minutes.delete(oldest);
    return { isRecorded, unrecorded: isRecorded ? unrecorded : 0 };
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
