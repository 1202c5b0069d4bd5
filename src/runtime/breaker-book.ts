import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';
import { type BreakerMark, isSameMark, printBreaker } from '../model/breaker.ts';
import type { BreakerRules } from '../model/guards.ts';
import type { Manifest } from '../model/manifest.ts';
import type { StoredBreaker } from '../ports/breaker-changes.ts';
import { steadyNowMs } from './approving/steady-time.ts';

/** What a breaker is for. */
export interface BreakerScope {
  readonly kind: 'tool' | 'server' | 'run';
  readonly tenant: string;
  readonly id: string;
}

export type BreakerState = BreakerMark['state'];

/** What is kept of a breaker changed: it counted a failure, forgot those it had, or went from one state to another. */
export interface BreakerTurn {
  readonly scope: BreakerScope;
  readonly from: BreakerMark | undefined;
  readonly to: BreakerMark | undefined;
  readonly rules: BreakerRules;
}

interface Breaker {
  /** As the store keeps it, or will once what was handed over is in it. */
  mark: BreakerMark | undefined;
  /** Since when it stands like this, by the clock of this process: never in its future. */
  sinceMs: number;
}

interface Held {
  readonly scope: BreakerScope;
  readonly rules: BreakerRules;
  readonly breaker: Breaker;
}

/** A call that was let through. It has to be told how the call went, or that it was not made after all. */
export interface BreakerPass {
  /** To be recorded with the call's intent. */
  readonly turns: readonly BreakerTurn[];
  /** Breakers that the intent requires to be closed. */
  readonly closed: readonly string[];
  /** `undefined`: it says nothing about what the breaker is for. May be asked again, once `learn` said how they stand. */
  leave(went: (kind: BreakerScope['kind']) => 'well' | 'badly' | undefined): readonly BreakerTurn[];
  /** The intent was not recorded: neither was what this pass changed. */
  cancel(): void;
}

/**
 * Circuit breakers. Closed: calls go through, failures in a row are counted. Open: they are refused until it has rested.
 * Half-open: one is let through; if it goes well the breaker closes, else it opens again.
 *
 * The store keeps how they stand, for every gateway and over restarts; this remembers it, so that a call that goes well
 * writes nothing and reads nothing. What another gateway changed is found out by the conditions of a commit. Bounded in
 * number, the longest unused forgotten first.
 */
export class BreakerBook {
  readonly #clock: Clock;
  readonly #breakers = new Map<string, Breaker>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes over how breakers stand in the store: those of `scopes`, or all. What is not there is closed. */
  learn(stored: readonly StoredBreaker[], scopes?: readonly BreakerScope[]): void {
    const nowMs = steadyNowMs(this.#clock);
    const marks = new Map(stored.map(({ scope, ...mark }) => [scope, mark]));
    for (const key of scopes?.map(keyOf) ?? marks.keys()) {
      const mark = marks.get(key);
      const breaker = this.#of(key);
      if (isSameMark(breaker.mark, mark)) continue;
      breaker.mark = mark;
      breaker.sinceMs = Math.min(mark?.atMs ?? nowMs, nowMs);
    }
  }

  /** Lets a call through, or says which breaker is open, and for how long. */
  enter(
    manifest: Manifest,
    scopes: readonly BreakerScope[],
  ): BreakerPass | { readonly open: BreakerScope; readonly isTried: boolean; readonly retryAfterMs: number } {
    const held: Held[] = [];
    for (const scope of scopes) {
      const rules = rulesFor(manifest, scope);
      if (rules !== undefined) held.push({ scope, rules, breaker: this.#of(keyOf(scope)) });
    }
    const tried = held.filter(({ breaker }) => stateOf(breaker) !== 'closed');
    for (const { scope, rules, breaker } of tried) {
      const isTried = stateOf(breaker) === 'half-open';
      const waitMs = isTried ? Math.max(rules.rest, limits.breakerTrialMs) : rules.rest;
      const restMs = breaker.sinceMs + waitMs - steadyNowMs(this.#clock);
      if (restMs > 0) return { open: scope, isTried, retryAfterMs: isTried ? 1_000 : Math.ceil(restMs) };
    }
    const before = tried.map(({ breaker }) => ({ ...breaker }));
    const turns = tried.map((each) => this.#turn(each, { state: 'half-open', failures: failuresOf(each.breaker) }));
    const restore = () => {
      for (const [i, { breaker }] of tried.entries())
        if (isSameMark(breaker.mark, turns[i]?.to)) Object.assign(breaker, before[i]);
    };
    return {
      turns,
      closed: held.flatMap((each) => (tried.includes(each) ? [] : [keyOf(each.scope)])),
      leave: (went) =>
        held.flatMap((each) => {
          const i = tried.indexOf(each);
          return this.#note(each, went(each.scope.kind), i < 0 ? undefined : before[i]);
        }),
      cancel: restore,
    };
  }

  /** Counts a call that ended before it was let through. */
  refused(manifest: Manifest, scope: BreakerScope): readonly BreakerTurn[] {
    const rules = rulesFor(manifest, scope);
    if (rules === undefined) return [];
    const breaker = this.#of(keyOf(scope));
    return stateOf(breaker) === 'closed' ? this.#note({ scope, rules, breaker }, 'badly', undefined) : [];
  }

  /** Those that are not closed, for who asks. */
  list(): readonly { readonly scope: string; readonly state: BreakerState }[] {
    return [...this.#breakers]
      .map(([scope, breaker]) => ({ scope, state: stateOf(breaker) }))
      .filter(({ state }) => state !== 'closed');
  }

  /** @param tried how it stood before this call was let through to try it. */
  #note(held: Held, went: 'well' | 'badly' | undefined, tried: Breaker | undefined): readonly BreakerTurn[] {
    const { breaker, rules } = held;
    const failures = failuresOf(breaker);
    const state = stateOf(breaker);
    if (went === undefined) {
      // It was not tried after all: the next one may.
      if (tried?.mark === undefined || state !== 'half-open') return [];
      const turn = this.#turn(held, { state: 'open', failures }, tried.mark.atMs);
      breaker.sinceMs = tried.sinceMs;
      return [turn];
    }
    if (went === 'well') {
      if (state === 'open' && tried === undefined) return [];
      return breaker.mark === undefined ? [] : [this.#turn(held, undefined)];
    }
    if (state !== 'closed' && tried === undefined) return [];
    const isOpening = tried !== undefined || failures + 1 >= rules.failures;
    return [this.#turn(held, { state: isOpening ? 'open' : 'closed', failures: failures + 1 })];
  }

  #turn({ scope, rules, breaker }: Held, to: Omit<BreakerMark, 'atMs'> | undefined, atMs?: number): BreakerTurn {
    const from = breaker.mark;
    breaker.sinceMs = steadyNowMs(this.#clock);
    breaker.mark = to && { ...to, atMs: atMs ?? breaker.sinceMs };
    return { scope, from, to: breaker.mark, rules };
  }

  #of(key: string): Breaker {
    const breaker = this.#breakers.get(key) ?? { mark: undefined, sinceMs: 0 };
    this.#breakers.delete(key);
    this.#breakers.set(key, breaker);
    const [oldest] = this.#breakers.keys();
    if (this.#breakers.size > limits.breakers && oldest !== undefined) this.#breakers.delete(oldest);
    return breaker;
  }
}

export const keyOf = ({ kind, tenant, id }: BreakerScope): string => printBreaker(kind, tenant, id);
const stateOf = ({ mark }: Breaker): BreakerState => mark?.state ?? 'closed';
const failuresOf = ({ mark }: Breaker): number => mark?.failures ?? 0;

/** None where it is off. */
function rulesFor({ breakers }: Manifest, { kind }: BreakerScope): BreakerRules | undefined {
  const { failures, ...rules } = breakers[kind];
  return failures === 'off' ? undefined : { failures, ...rules };
}
