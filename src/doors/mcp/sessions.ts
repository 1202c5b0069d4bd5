import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { callerKey, type McpCaller } from './gate.ts';
import type { LegacySession } from './legacy-session.ts';

interface Entry {
  readonly session: LegacySession;
  readonly owner: string;
  usedAtMs: number;
}

const SWEEP_MS = 60_000;

/**
 * The legacy sessions of the HTTP endpoint. An id is 256 random bits and belongs to the principal that opened the
 * session: to anyone else it does not exist, though knowing it proves nothing either.
 */
export class Sessions {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #timer: NodeJS.Timeout;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  /** The id of the session from now on. Throws a `Fault` E_BUSY where there is no room that could be made. */
  add(session: LegacySession): string {
    const owner = callerKey(session.caller);
    this.#makeRoom(owner);
    const id = Buffer.from(this.#clock.randomBytes(32)).toString('base64url');
    this.#entries.set(id, { session, owner, usedAtMs: this.#clock.monotonicMs() });
    return id;
  }

  /**
   * A principal that opens too many loses its own, so that it cannot drive out those of others: first the one that has
   * been idle longest, then the one that only listens. A request under way is never cut off for a new session.
   */
  #makeRoom(owner: string): void {
    const entries = [...this.#entries]; // the longest unused first
    const own = entries.filter(([, entry]) => entry.owner === owner);
    const isFull = entries.length >= limits.mcpSessions;
    if (own.length < limits.mcpSessionsPerPrincipal && !isFull) return;
    const isIdle = ([, { session }]: (typeof entries)[number]) => !session.busy;
    const others = own.length < limits.mcpSessionsPerPrincipal ? entries.find(isIdle) : undefined;
    const goes = own.find(isIdle) ?? own.find(([, { session }]) => !session.working) ?? others;
    if (goes === undefined) throw new Fault('E_BUSY', 'every session that could make room has requests under way');
    this.end(goes[0]);
  }

  /**
   * The caller's own session of that id. A session belongs to one run as well: a token of another run, or of the run
   * that came after this one expired, finds none and has to open its own.
   */
  find(id: string, caller: McpCaller): LegacySession | undefined {
    const entry = this.#entries.get(id);
    if (!entry || entry.owner !== callerKey(caller) || entry.session.caller.runId !== caller.runId) return undefined;
    // Put last, so that the first in the map is always the longest unused.
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    entry.usedAtMs = this.#clock.monotonicMs();
    return entry.session;
  }

  end(id: string): void {
    this.#entries.get(id)?.session.end();
    this.#entries.delete(id);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const id of [...this.#entries.keys()]) this.end(id);
  }

  #sweep(): void {
    const before = this.#clock.monotonicMs() - limits.mcpIdleMs;
    for (const [id, { usedAtMs, session }] of this.#entries) {
      if (usedAtMs < before && !session.busy) this.end(id);
    }
  }
}
