import type { Clock } from '../base/clock.ts';
import { limits } from '../base/limits.ts';
import type { BreakerRules } from '../model/guards.ts';
import type { Manifest } from '../model/manifest.ts';

/** What a breaker is for. */
export interface BreakerScope {
  readonly kind: 'tool' | 'server' | 'run';
  readonly tenant: string;
  readonly id: string;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/** A breaker went from one state to another. */
export interface BreakerChange {
  readonly scope: BreakerScope;
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly failures: number;
  readonly rules: BreakerRules;
}

interface Breaker {
  state: BreakerState;
  failures: number;
  openedMs: number;
  /** One call is under way to see whether it works again. */
  isTrying: boolean;
}

/** A call that was let through. It has to be told how the call went, or that it was not made after all. */
export interface BreakerPass {
  /** To be recorded with the call's intent. */
  readonly changes: readonly BreakerChange[];
  /** `undefined`: it says nothing about what the breaker is for. */
  leave(went: (kind: BreakerScope['kind']) => 'well' | 'badly' | undefined): readonly BreakerChange[];
  /** The intent was not recorded: neither was what this pass changed. */
  cancel(): void;
}

/**
 * The circuit breakers of this process. Closed: calls go through, failures in a row are counted. Open: they are refused
 * until it has rested. Half-open: one is let through; if it goes well the breaker closes, else it opens again. Time is
 * taken from the clock that never goes back. Bounded in number, the longest unused forgotten first.
 */
export class BreakerBook {
  readonly #clock: Clock;
  readonly #breakers = new Map<string, Breaker>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Lets a call through, or says which breaker is open, and for how long. */
  enter(
    manifest: Manifest,
    scopes: readonly BreakerScope[],
  ): BreakerPass | { readonly open: BreakerScope; readonly retryAfterMs: number } {
    const held = scopes.flatMap((scope) => {
      const rules = rulesFor(manifest, scope);
      return rules === undefined ? [] : [{ scope, rules, breaker: this.#of(scope) }];
    });
    const nowMs = this.#clock.monotonicMs();
    for (const { scope, rules, breaker } of held) {
      if (breaker.state === 'closed') continue;
      const restMs = breaker.openedMs + rules.rest - nowMs;
      if (restMs > 0) return { open: scope, retryAfterMs: Math.ceil(restMs) };
      if (breaker.isTrying) return { open: scope, retryAfterMs: 1_000 };
    }
    const changes: BreakerChange[] = [];
    for (const { scope, rules, breaker } of held) {
      if (breaker.state === 'closed') continue;
      breaker.isTrying = true;
      changes.push(...this.#turn(scope, rules, breaker, 'half-open'));
    }
    const leave: BreakerPass['leave'] = (went) =>
      held.flatMap(({ scope, rules, breaker }) => this.#note(scope, rules, breaker, went(scope.kind)));
    const tried = held.filter(({ breaker }) => breaker.isTrying);
    const cancel = () => {
      for (const { breaker } of tried) Object.assign(breaker, { state: 'open', isTrying: false });
    };
    return { changes, leave, cancel };
  }

  /** Counts a call that ended before it was let through. */
  refused(manifest: Manifest, scope: BreakerScope): readonly BreakerChange[] {
    const rules = rulesFor(manifest, scope);
    if (rules === undefined) return [];
    const breaker = this.#of(scope);
    return breaker.state === 'closed' ? this.#note(scope, rules, breaker, 'badly') : [];
  }

  /** Those that are not closed, for who asks. */
  list(): readonly { readonly scope: string; readonly state: BreakerState }[] {
    return [...this.#breakers]
      .filter(([, { state }]) => state !== 'closed')
      .map(([scope, { state }]) => ({ scope, state }));
  }

  #note(
    scope: BreakerScope,
    rules: BreakerRules,
    breaker: Breaker,
    went: 'well' | 'badly' | undefined,
  ): readonly BreakerChange[] {
    const wasTrying = breaker.state === 'half-open';
    breaker.isTrying = false;
    if (went === undefined) return [];
    breaker.failures = went === 'well' ? 0 : breaker.failures + 1;
    if (went === 'well') return wasTrying ? this.#turn(scope, rules, breaker, 'closed') : [];
    if (!wasTrying && (breaker.state === 'open' || breaker.failures < rules.failures)) return [];
    breaker.openedMs = this.#clock.monotonicMs();
    return this.#turn(scope, rules, breaker, 'open');
  }

  #turn(scope: BreakerScope, rules: BreakerRules, breaker: Breaker, to: BreakerState): readonly BreakerChange[] {
    const from = breaker.state;
    if (from === to) return [];
    breaker.state = to;
    return [{ scope, from, to, failures: breaker.failures, rules }];
  }

  #of({ kind, tenant, id }: BreakerScope): Breaker {
    const key = `${kind}:${tenant}/${id}`;
    const breaker = this.#breakers.get(key) ?? { state: 'closed', failures: 0, openedMs: 0, isTrying: false };
    this.#breakers.delete(key);
    this.#breakers.set(key, breaker);
    const [oldest] = this.#breakers.keys();
    if (this.#breakers.size > limits.breakers && oldest !== undefined) this.#breakers.delete(oldest);
    return breaker;
  }
}

/** None where it is off. */
function rulesFor({ breakers }: Manifest, { kind }: BreakerScope): BreakerRules | undefined {
  const { failures, ...rules } = breakers[kind];
  return failures === 'off' ? undefined : { failures, ...rules };
}
