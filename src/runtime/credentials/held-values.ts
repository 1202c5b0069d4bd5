import type { Clock } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Secret } from '../../base/secret.ts';

/** Everything that looks for secrets. */
export interface Watchers {
  /** Told of every secret before anybody gets it, so that it is kept out of everything that is read afterwards. */
  readonly hold: (secret: Secret) => void;
  /** Told of those that are good for nothing any more, and need not be looked for. */
  readonly letGo: (secrets: readonly Secret[]) => void;
}

interface Held {
  readonly secret: Secret;
  leases: number;
  /** When it is worth nothing any more; undefined for what is never known to be. */
  deadAtMs: number | undefined;
}

/**
 * Which leased values are looked for. One is from before it is handed out until a while after it was taken back or has
 * expired: what it was sent to may still repeat it then. What stays good when its lease ends is looked for ever after.
 */
export class HeldValues {
  readonly #clock: Clock;
  readonly #watchers: Watchers;
  readonly #held = new Map<string, Held>();

  constructor(clock: Clock, watchers: Watchers) {
    this.#clock = clock;
    this.#watchers = watchers;
  }

  hold(secrets: readonly Secret[]): void {
    for (const secret of secrets) {
      const known = this.#held.get(secret.reveal());
      if (known === undefined) this.#held.set(secret.reveal(), { secret, leases: 1, deadAtMs: undefined });
      else known.leases += 1;
      this.#watchers.hold(secret);
    }
  }

  /** A lease of them has ended. `deadAtMs` is when they are worth nothing, where that is known. */
  end(secrets: readonly Secret[], deadAtMs: number | undefined): void {
    for (const secret of secrets) {
      const known = this.#held.get(secret.reveal());
      if (known === undefined) continue;
      known.leases -= 1;
      if (deadAtMs !== undefined) known.deadAtMs = Math.max(known.deadAtMs ?? 0, deadAtMs);
      // Last in the order of those that are let go.
      this.#held.delete(secret.reveal());
      this.#held.set(secret.reveal(), known);
    }
    this.tidy();
  }

  /** Lets go what has been dead for long enough, and the longest dead where there are too many. */
  tidy(): void {
    const nowMs = this.#clock.nowMs();
    const dead = [...this.#held.values()].filter(
      ({ leases, deadAtMs }) => leases === 0 && deadAtMs !== undefined && deadAtMs <= nowMs,
    );
    const surplus = dead.length - limits.credentialsHeld;
    const gone = dead.filter(
      ({ deadAtMs = nowMs }, index) => index < surplus || nowMs - deadAtMs >= limits.credentialHeldMs,
    );
    if (gone.length === 0) return;
    for (const { secret } of gone) this.#held.delete(secret.reveal());
    this.#watchers.letGo(gone.map(({ secret }) => secret));
  }
}
