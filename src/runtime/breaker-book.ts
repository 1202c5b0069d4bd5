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

/** One of which something is kept. */
interface Breaker {
  /** As the store keeps it, or will once what was handed over is in it. */
  readonly mark: BreakerMark;
  /** Since when it stands like this, by the clock of this process: never in its future. */
  readonly sinceMs: number;
}

interface Held {
  readonly scope: BreakerScope;
  readonly key: string;
  readonly rules: BreakerRules;
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
 * number, the longest unchanged forgotten first.
 */
export class BreakerBook {
  readonly #clock: Clock;
  /** Those that are closed, and nothing has failed, are not in here. */
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
      if (isSameMark(this.#breakers.get(key)?.mark, mark)) continue;
      this.#put(key, mark && { mark, sinceMs: Math.min(mark.atMs, nowMs) });
    }
  }

  /** Lets a call through, or says which breaker is open, and for how long. */
  enter(
    manifest: Manifest,
    scopes: readonly BreakerScope[],
  ): BreakerPass | { readonly open: BreakerScope; readonly retryAfterMs: number } {
    const rules = rulesOf(manifest);
    const held: Held[] = [];
    for (const scope of scopes) {
      const own = rules[scope.kind];
      if (own !== undefined) held.push({ scope, key: keyOf(scope), rules: own });
    }
    // Most calls find nothing kept of any.
    if (held.every(({ key }) => this.#stateOf(key) === 'closed')) return this.#pass(held, new Map());
    const tried = new Map<string, Breaker>();
    for (const { scope, key, rules: own } of held) {
      const breaker = this.#breakers.get(key);
      if (breaker === undefined || breaker.mark.state === 'closed') continue;
      const isTried = breaker.mark.state === 'half-open';
      const waitMs = isTried ? Math.max(own.rest, limits.breakerTrialMs) : own.rest;
      const restMs = breaker.sinceMs + waitMs - steadyNowMs(this.#clock);
      if (restMs > 0) return { open: scope, retryAfterMs: isTried ? 1_000 : Math.ceil(restMs) };
      tried.set(key, breaker);
    }
    return this.#pass(held, tried);
  }

  /** Whether a call is under way, here or elsewhere, to see whether one of these works again. */
  isTried(scopes: readonly BreakerScope[]): boolean {
    return scopes.some((scope) => this.#stateOf(keyOf(scope)) === 'half-open');
  }

  /** Counts a call that ended before it was let through. */
  refused(manifest: Manifest, scope: BreakerScope): readonly BreakerTurn[] {
    const rules = rulesOf(manifest)[scope.kind];
    const key = keyOf(scope);
    if (rules === undefined || this.#stateOf(key) !== 'closed') return [];
    return this.#note({ scope, key, rules }, 'badly', undefined);
  }

  /** Those that are not closed, for who asks. */
  list(): readonly { readonly scope: string; readonly state: BreakerState }[] {
    return [...this.#breakers]
      .map(([scope, { mark }]) => ({ scope, state: mark.state }))
      .filter(({ state }) => state !== 'closed');
  }

  /** @param tried how those stood that this call is let through to try. */
  #pass(held: readonly Held[], tried: ReadonlyMap<string, Breaker>): BreakerPass {
    const turns = held.flatMap((each) => {
      const before = tried.get(each.key)?.mark;
      return before === undefined ? [] : [this.#turn(each, { state: 'half-open', failures: before.failures })];
    });
    return {
      turns,
      closed: held.flatMap(({ key }) => (tried.has(key) ? [] : [key])),
      leave: (went) =>
        held.flatMap((each) => {
          const how = went(each.scope.kind);
          if (how === 'well' && !this.#breakers.has(each.key)) return [];
          return this.#note(each, how, tried.get(each.key));
        }),
      cancel: () => {
        for (const { scope, to } of turns) {
          const key = keyOf(scope);
          if (isSameMark(this.#breakers.get(key)?.mark, to)) this.#put(key, tried.get(key));
        }
      },
    };
  }

  #note(held: Held, went: 'well' | 'badly' | undefined, tried: Breaker | undefined): readonly BreakerTurn[] {
    const { key, rules } = held;
    const state = this.#stateOf(key);
    const failures = this.#breakers.get(key)?.mark.failures ?? 0;
    if (went === undefined) {
      // It was not tried after all: the next one may.
      if (tried === undefined || state !== 'half-open') return [];
      const turn = this.#turn(held, { state: 'open', failures }, tried.mark.atMs);
      if (turn.to !== undefined) this.#put(key, { mark: turn.to, sinceMs: tried.sinceMs });
      return [turn];
    }
    if (went === 'well') {
      if (state === 'open' && tried === undefined) return [];
      return this.#breakers.has(key) ? [this.#turn(held, undefined)] : [];
    }
    if (state !== 'closed' && tried === undefined) return [];
    const isOpening = tried !== undefined || failures + 1 >= rules.failures;
    return [this.#turn(held, { state: isOpening ? 'open' : 'closed', failures: failures + 1 })];
  }

  #turn({ scope, key, rules }: Held, to: Omit<BreakerMark, 'atMs'> | undefined, atMs?: number): BreakerTurn {
    const from = this.#breakers.get(key)?.mark;
    const sinceMs = steadyNowMs(this.#clock);
    const mark = to && { ...to, atMs: atMs ?? sinceMs };
    this.#put(key, mark && { mark, sinceMs });
    return { scope, from, to: mark, rules };
  }

  #stateOf(key: string): BreakerState {
    return this.#breakers.get(key)?.mark.state ?? 'closed';
  }

  #put(key: string, breaker: Breaker | undefined): void {
    this.#breakers.delete(key);
    if (breaker === undefined) return;
    this.#breakers.set(key, breaker);
    const [oldest] = this.#breakers.keys();
    if (this.#breakers.size > limits.breakers && oldest !== undefined) this.#breakers.delete(oldest);
  }
}

export const keyOf = ({ kind, tenant, id }: BreakerScope): string => printBreaker(kind, tenant, id);

type Rules = Readonly<Record<BreakerScope['kind'], BreakerRules | undefined>>;
const known = new WeakMap<Manifest, Rules>();

/** Of each kind, none where it is off. A manifest never changes, so they are made once. */
function rulesOf(manifest: Manifest): Rules {
  const before = known.get(manifest);
  if (before !== undefined) return before;
  const { tool, server, run } = manifest.breakers;
  const rules = { tool: rulesFor(tool), server: rulesFor(server), run: rulesFor(run) };
  known.set(manifest, rules);
  return rules;
}

function rulesFor({ failures, ...rules }: Manifest['breakers']['tool']): BreakerRules | undefined {
  return failures === 'off' ? undefined : { failures, ...rules };
}
