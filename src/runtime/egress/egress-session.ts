import type { Clock } from '../../base/clock.ts';
import { newId } from '../../base/clock.ts';
import type { ErrorCode } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import type { EgressConfig, EgressSubject } from '../../model/egress.ts';
import type { EventKind } from '../../model/event.ts';
import type { Label } from '../../model/label.ts';
import type { EscapeAttempt } from '../../ports/sandbox.ts';
import { listAttempts } from './attempts-at-door.ts';
import type { EgressLog } from './egress-log.ts';

/** What one client has used, for its record and for whoever asks. */
export interface EgressUsage {
  readonly passed: number;
  readonly refused: number;
  /** Bytes of bodies and tunnels that were sent out, and that came back. */
  readonly up: number;
  readonly down: number;
}

export type EgressBounds = Pick<EgressConfig, 'rate' | 'upload' | 'download'>;

export interface EgressSessionOptions {
  readonly clock: Clock;
  readonly log: EgressLog;
  readonly subject: EgressSubject;
  /** What the run has read by now. */
  readonly readLabel: () => Promise<Label>;
  readonly bounds: () => EgressBounds;
  /** Every scope that ends it when it is isolated. */
  readonly scopes: readonly string[];
  /** Hosts, each with or without a port, that it may reach besides what the manifest’s rules say. */
  readonly hosts?: readonly string[];
}

const MINUTE_MS = 60_000;

/**
 * One client of the egress door: a sandbox, a program, a server's process. Everything it asks for is decided for its
 * subject, counted here, and recorded under the call or run that it belongs to. It ends with what it belongs to; what it
 * has open is cut then.
 */
export class EgressSession {
  readonly id: string;
  readonly subject: EgressSubject;
  readonly readLabel: () => Promise<Label>;
  readonly hosts: readonly string[];
  readonly scopes: readonly string[];
  readonly #clock: Clock;
  readonly #log: EgressLog;
  readonly #bounds: () => EgressBounds;
  readonly #end = new AbortController();
  #endedAs: ErrorCode | undefined;
  #passed = 0;
  #refused = 0;
  #up = 0;
  #down = 0;
  #connections = 0;
  #windowStartMs: number;
  #inWindow = 0;
  #unrecorded = 0;
  readonly #refusedAs = new Set<ErrorCode>();
  /** Whether anything happened since somebody last looked. */
  isActive = true;

  constructor(options: EgressSessionOptions) {
    const { clock, log, subject, readLabel, bounds } = options;
    this.id = newId(clock, 'egr');
    this.subject = subject;
    this.readLabel = readLabel;
    this.hosts = options.hosts ?? [];
    this.scopes = options.scopes;
    this.#clock = clock;
    this.#log = log;
    this.#bounds = bounds;
    this.#windowStartMs = clock.monotonicMs();
  }

  /** Aborted when the session ends. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Why nothing more leaves, once the session has ended. */
  get endedAs(): ErrorCode | undefined {
    return this.#endedAs;
  }

  get usage(): EgressUsage {
    return { passed: this.#passed, refused: this.#refused, up: this.#up, down: this.#down };
  }

  /** What it tried and was not let do: each thing once, however often it was. */
  get attempts(): readonly EscapeAttempt[] {
    return listAttempts(this.#refusedAs);
  }

  get hasConnections(): boolean {
    return this.#connections > 0;
  }

  /** Counts a request or tunnel; says why it must not go on. Counted are those that are refused, too. */
  admit(): ErrorCode | undefined {
    this.isActive = true;
    if (this.#endedAs !== undefined) return this.#endedAs;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowStartMs >= MINUTE_MS) {
      this.#windowStartMs = nowMs;
      this.#inWindow = 0;
    }
    const { rate, upload, download } = this.#bounds();
    if (this.#inWindow >= rate || this.#up >= upload || this.#down >= download) return 'E_EGRESS_QUOTA';
    this.#inWindow += 1;
    return this.#log.canRecord ? undefined : 'E_STORE';
  }

  /** Takes a place for a connection, or says that there is none. To be given back with `release`. */
  hold(): boolean {
    if (this.#connections >= limits.egressConnectionsPerClient) return false;
    this.#connections += 1;
    return true;
  }

  release(): void {
    this.#connections -= 1;
  }

  /** Counts bytes that are about to be sent out. False where that is more than the client may send. */
  countUp(bytes: number): boolean {
    this.#up += bytes;
    this.isActive = true;
    return this.#up <= this.#bounds().upload;
  }

  /** Counts bytes that came back. False where that is more than the client may be sent. */
  countDown(bytes: number): boolean {
    this.#down += bytes;
    this.isActive = true;
    return this.#down <= this.#bounds().download;
  }

  recordPassed(body: JsonObject): void {
    this.#passed += 1;
    this.#add('egress.passed', body);
  }

  /** How a tunnel ended that was recorded when it was opened. */
  recordEnded(body: JsonObject): void {
    this.#add('egress.ended', body);
  }

  /** What became of a credential, by its name. */
  recordCredential(kind: 'credential.leased' | 'credential.revoked' | 'credential.refused', body: JsonObject): void {
    this.#add(kind, body);
  }

  /** Refusals beyond the rate are counted and told together: they must not fill the record. */
  recordRefused(code: ErrorCode, body: JsonObject): void {
    this.#refused += 1;
    this.#refusedAs.add(code);
    if (code === 'E_EGRESS_QUOTA' || code === 'E_STORE') this.#unrecorded += 1;
    else this.#add('egress.refused', { code, ...body });
  }

  /** Ends it for a reason: what it has open is cut, and nothing more leaves. Ending it again does nothing. */
  end(code: ErrorCode): void {
    if (this.#endedAs !== undefined) return;
    this.#endedAs = code;
    const unrecorded = this.#unrecorded;
    this.#add('egress.closed', { ...this.usage, ...(unrecorded === 0 ? {} : { unrecorded }), code });
    this.#end.abort();
  }

  #add(kind: EventKind, body: JsonObject): void {
    const { tenant, agent, runId, callId, tool, server } = this.subject;
    this.#log.add({
      id: newId(this.#clock, 'evt'),
      kind,
      tenant,
      ...(runId === undefined ? {} : { runId }),
      ...(callId === undefined ? {} : { callId }),
      ...(agent === undefined ? {} : { agent }),
      ...(tool === undefined ? {} : { tool }),
      atMs: this.#clock.nowMs(),
      body: { session: this.id, ...(server === undefined ? {} : { server }), ...body },
    });
  }
}
