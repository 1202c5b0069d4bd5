import { newId } from '../../base/clock.ts';
import { type Digest, digestBytes } from '../../base/digest.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { EgressSubject } from '../../model/egress.ts';
import type { Intent } from '../../model/intent.ts';
import { scopesOf } from '../../model/isolation.ts';
import { type Label, leastLabel } from '../../model/label.ts';
import type { Run } from '../../model/run.ts';
import type { Change } from '../../ports/store.ts';
import type { World } from '../world.ts';
import { EgressLog } from './egress-log.ts';
import { type EgressBounds, EgressSession } from './egress-session.ts';

/** A client of the egress door, and what it proves itself with. The secret is told once, to whoever starts the client. */
export interface OpenedEgress {
  readonly session: EgressSession;
  readonly secret: string;
}

type BookWorld = Pick<World, 'clock' | 'store' | 'runs'>;

const SECRET_BYTES = 32;
const RUN_WATCH_MS = 1_000;

/**
 * The clients of the egress door. None is there without something durable that it belongs to: the intent of a call, or a
 * record of its own of which a live run and no isolation are conditions. It ends with that.
 */
export class EgressBook {
  readonly #world: BookWorld;
  readonly #bounds: () => EgressBounds;
  readonly #log: EgressLog;
  readonly #sessions = new Map<Digest, EgressSession>();
  #watch: NodeJS.Timeout | undefined;
  #watching = false;
  #runsSeenMs = 0;

  constructor(world: BookWorld, bounds: () => EgressBounds) {
    this.#world = world;
    this.#bounds = bounds;
    this.#log = new EgressLog(world.store);
  }

  /** A client for what one call executes: it rides the call's intent, so nothing is written first. */
  openForCall(intent: Intent, run: Run, hosts: readonly string[] = []): OpenedEgress {
    const { tenant, agent } = run.principal;
    const { call } = intent;
    return this.#register(this.#create({ tenant, agent, runId: run.id, callId: call.id, tool: call.tool }, run, hosts));
  }

  /**
   * A client for a program that works for a run, or for a server's own process. It is recorded before anything leaves.
   * Throws a `Fault`: E_RUN_ENDED, E_ISOLATED, E_STORE and what else `Store.commit` says.
   */
  async openFor(subject: EgressSubject, run?: Run, hosts: readonly string[] = []): Promise<OpenedEgress> {
    const { clock, store } = this.#world;
    const { tenant, agent, runId } = subject;
    const atMs = clock.nowMs();
    const session = this.#create(subject, run, hosts);
    const changes: Change[] = [
      ...(agent === undefined || runId === undefined
        ? []
        : [{ kind: 'run.require' as const, tenant, agent, runId, nowMs: atMs }]),
      { kind: 'isolation.require', scopes: session.scopes },
      {
        kind: 'event.append',
        event: {
          id: newId(clock, 'evt'),
          kind: 'egress.opened',
          tenant,
          ...(runId === undefined ? {} : { runId }),
          ...(agent === undefined ? {} : { agent }),
          atMs,
          body: { session: session.id, ...(subject.server === undefined ? {} : { server: subject.server }) },
        },
      },
    ];
    const result = await store.commit(changes);
    if (!result.ok) throw new Fault(result.code, result.message);
    return this.#register(session);
  }

  /** The client that has this secret, if it has not ended. */
  find(secret: string): EgressSession | undefined {
    return this.#sessions.get(digestBytes(secret));
  }

  /**
   * Ends a client, and resolves when everything of it is recorded: an outcome that is written afterwards never comes
   * before what left on its behalf. False where the store did not take it yet.
   */
  async close(session: EgressSession, code: ErrorCode = 'E_RUN_ENDED'): Promise<boolean> {
    this.#drop(session, code);
    return this.#log.flush();
  }

  /** Writes what became of a credential that no client here has. */
  recordCredential(subject: EgressSubject, ...said: Parameters<EgressSession['recordCredential']>): void {
    this.#create(subject, undefined).recordCredential(...said);
  }

  /** Resolves when everything that happened so far is recorded. False where the store does not take it. */
  flush(): Promise<boolean> {
    return this.#log.flush();
  }

  /** Ends every client in a scope, now. */
  endWithin(scope: string): void {
    for (const session of [...this.#sessions.values()])
      if (session.scopes.includes(scope)) this.#drop(session, 'E_ISOLATED');
  }

  /** Ends every client, and writes what is left to write. */
  async closeAll(): Promise<void> {
    for (const session of [...this.#sessions.values()]) this.#drop(session, 'E_RUN_ENDED');
    await this.#log.flush();
  }

  #create(subject: EgressSubject, run: Run | undefined, hosts: readonly string[] = []): EgressSession {
    const readLabel = () => this.#readLabel(run);
    const { clock } = this.#world;
    const scopes = egressScopes(subject, run);
    return new EgressSession({ clock, log: this.#log, subject, readLabel, bounds: this.#bounds, scopes, hosts });
  }

  #register(session: EgressSession): OpenedEgress {
    const secret = Buffer.from(this.#world.clock.randomBytes(SECRET_BYTES)).toString('base64url');
    this.#sessions.set(digestBytes(secret), session);
    this.#watch ??= setInterval(() => void this.#look(), limits.egressWatchMs).unref();
    return { session, secret };
  }

  /** What cannot be read counts as secret. */
  async #readLabel(run: Run | undefined): Promise<Label> {
    if (run === undefined) return leastLabel;
    const found = await this.#world.runs.find(run.principal, run.id).catch(() => undefined);
    return found?.label ?? { integrity: 'untrusted', secrecy: 'secret', origins: [] };
  }

  #drop(session: EgressSession, code: ErrorCode): void {
    for (const [digest, one] of this.#sessions) if (one === session) this.#sessions.delete(digest);
    session.end(code);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /** Ends who is isolated by now, or whose run is over. A store that cannot be read ends nobody; nothing new leaves then. */
  async #look(): Promise<void> {
    if (this.#watching) return;
    this.#watching = true;
    try {
      const { clock, store } = this.#world;
      const isolated = new Set((await store.listIsolations()).map(({ scope }) => scope));
      const nowMs = clock.monotonicMs();
      const looksAtRuns = nowMs - this.#runsSeenMs >= RUN_WATCH_MS;
      if (looksAtRuns) this.#runsSeenMs = nowMs;
      for (const session of [...this.#sessions.values()]) {
        if (session.scopes.some((scope) => isolated.has(scope))) this.#drop(session, 'E_ISOLATED');
        else if (looksAtRuns && (session.isActive || session.hasConnections)) await this.#lookAtRun(session);
      }
    } catch {
      // What the log says of the store is what the door goes by.
    } finally {
      this.#watching = false;
    }
  }

  async #lookAtRun(session: EgressSession): Promise<void> {
    const { tenant, runId } = session.subject;
    session.isActive = false;
    if (runId === undefined) return;
    const run = await this.#world.store.readRun(tenant, runId);
    const isOver = run === undefined || run.endedAtMs !== undefined || run.expiresAtMs <= this.#world.clock.nowMs();
    if (isOver) this.#drop(session, 'E_RUN_ENDED');
  }
}

/** Every scope that ends a client when it is isolated. */
function egressScopes({ server, ...about }: EgressSubject, run: Run | undefined): readonly string[] {
  const subject = { ...about, lineage: run?.lineage };
  return [...new Set([...scopesOf(subject), ...(server === undefined ? [] : scopesOf({ ...subject, server }))])];
}
