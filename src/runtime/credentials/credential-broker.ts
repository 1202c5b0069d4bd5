import { type Clock, newId } from '../../base/clock.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { Fault } from '../../base/fault.ts';
import type { JsonObject } from '../../base/json.ts';
import { limits } from '../../base/limits.ts';
import { Secret } from '../../base/secret.ts';
import type { EgressSubject } from '../../model/egress.ts';
import { scopesOf } from '../../model/isolation.ts';
import type { CredentialSource, LeasedCredential, LeaseJournal } from '../../ports/credentials.ts';
import { HeldValues, type Watchers } from './held-values.ts';
import { type Lease, LeaseReturns } from './lease-returns.ts';
import { type CredentialPlace, type CredentialUse, refuseUse } from './refuse-use.ts';

/** Who a credential is leased to: a client of the egress door, or a server's process, for as long as it lives. */
export interface LeaseOwner {
  readonly subject: EgressSubject;
  /** Aborted when the call or run it belongs to ends. */
  readonly signal: AbortSignal;
  recordCredential(kind: 'credential.leased' | 'credential.revoked' | 'credential.refused', body: JsonObject): void;
}

/** A credential of the manifest with where it comes from. */
export interface KnownCredential {
  readonly config: CredentialUse;
  readonly source: CredentialSource;
}

/** Writes what became of a credential that no client of the door has. */
export type RecordCredential = (subject: EgressSubject, ...said: Parameters<LeaseOwner['recordCredential']>) => void;

export interface BrokerOptions extends Watchers {
  readonly clock: Clock;
  /** The credentials of the configuration in force. */
  readonly find: (name: string) => KnownCredential | undefined;
  /** Where it is kept what has to be taken back; without one that is known to this process alone. */
  readonly journal?: LeaseJournal;
  /** Writes what became of a lease whose owner is gone. */
  readonly record: RecordCredential;
  /** Something that whoever runs the gateway should know. */
  readonly report: (message: string) => void;
}

/** What one owner has, and how it is ended. */
interface Own {
  readonly leases: Map<string, Promise<Lease>>;
  readonly end: AbortController;
}

const EARLIER_MS = 30_000;

/**
 * Leases credentials to clients of the egress door: one of each name for a client, until it ends. Nothing that is late,
 * expired, empty or somebody else's is ever handed out, and what was leased is taken back when its owner ends, whatever
 * the source makes of it.
 */
export class CredentialBroker {
  readonly #options: BrokerOptions;
  readonly #held: HeldValues;
  readonly #returns: LeaseReturns;
  readonly #owners = new Map<LeaseOwner, Own>();
  /** Owners that were ended: they get nothing more. */
  readonly #ended = new WeakSet<LeaseOwner>();
  /** What sources have answered with, ever: an answer that comes twice is two owners’ of one thing. */
  readonly #answers = new WeakSet<LeasedCredential>();
  /** Values of leases that could not be taken back yet. */
  readonly #late = new Map<string, readonly Secret[]>();
  /** What has to be over before this process may end: asking, and taking back. */
  readonly #busy = new Set<Promise<unknown>>();

  constructor(options: BrokerOptions) {
    const { clock, find, journal, record, report } = options;
    this.#options = options;
    this.#held = new HeldValues(clock, options);
    this.#returns = new LeaseReturns({
      journal,
      find: (name) => find(name.toLowerCase())?.source,
      record,
      nowMs: () => clock.nowMs(),
      report,
      onLate: (id) => {
        this.#held.end(this.#late.get(id) ?? [], clock.nowMs());
        this.#late.delete(id);
      },
    });
  }

  /**
   * The credential of that name for a header of a request of this owner. Rejects with a `Fault`: E_CREDENTIAL_DENIED
   * where it is not for them, E_CREDENTIAL where it cannot be had.
   */
  async lease(owner: LeaseOwner, name: string, to: CredentialPlace): Promise<LeasedCredential> {
    const known = this.#options.find(name);
    const why = known && refuseUse(known.config, owner.subject, to);
    if (known !== undefined && why === undefined) return this.#leaseFrom(owner, name, known.source, to.host);
    const message = known === undefined ? `there is no credential \`${name}\`` : `\`${name}\` ${why}`;
    throw refuse(owner, 'E_CREDENTIAL_DENIED', name, message, to.host);
  }

  /**
   * A credential for a server's own process, which the manifest gives it to by name. Rejects with a `Fault` E_CREDENTIAL
   * where it cannot be had.
   */
  leaseToServer(owner: LeaseOwner, name: string, source: CredentialSource): Promise<LeasedCredential> {
    return this.#leaseFrom(owner, name, source, undefined);
  }

  /** Whether what this owner has under that name is still good, and the one in use. */
  async isCurrent(owner: LeaseOwner, name: string): Promise<boolean> {
    const lease = await this.#owners
      .get(owner)
      ?.leases.get(name)
      ?.catch(() => undefined);
    return lease !== undefined && this.#isGood(lease);
  }

  /** Ends every owner that lies in an isolation's scope. Resolves when what they had was taken back, or could not be. */
  async revokeFor(scope: string): Promise<void> {
    const ending = [...this.#owners.keys()].filter(({ subject }) => scopesOf(subject).includes(scope));
    await Promise.all(ending.map((owner) => this.#end(owner)));
  }

  /** Tries again what could not be taken back, and lets go of what is long dead. To be called every minute. */
  async tidy(): Promise<void> {
    this.#held.tidy();
    await this.#returns.retry();
  }

  /** Ends every owner, and settles. */
  async close(): Promise<void> {
    for (const owner of [...this.#owners.keys()]) void this.#end(owner);
    await this.settle();
  }

  /** Resolves when everything that is under way is over, or after a while all the same. */
  async settle(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, limits.credentialTimeoutMs);
    let isLate = false;
    const giveUp = late.then(() => {
      isLate = true;
    });
    while (this.#busy.size > 0 && !isLate) await Promise.race([Promise.allSettled(this.#busy), giveUp]);
    clearTimeout(timer);
  }

  async #leaseFrom(
    owner: LeaseOwner,
    name: string,
    source: CredentialSource,
    host: string | undefined,
  ): Promise<LeasedCredential> {
    try {
      const { leased } = await this.#current(owner, name, source);
      return leased;
    } catch (error) {
      const message = error instanceof Fault ? error.message : `\`${name}\` could not be had`;
      throw refuse(owner, 'E_CREDENTIAL', name, message, host);
    }
  }

  async #current(owner: LeaseOwner, name: string, source: CredentialSource): Promise<Lease> {
    const own = this.#ownOf(owner, name);
    const known = own.leases.get(name);
    if (known !== undefined) {
      const lease = await known;
      if (await this.#isGood(lease)) return lease;
      // Another request may have seen the same, and have asked for a new one meanwhile.
      if (own.leases.get(name) === known) {
        own.leases.delete(name);
        void this.#takeBack(lease);
      }
      return this.#current(owner, name, source);
    }
    const asked = this.#ask(owner, own, name, source);
    own.leases.set(name, asked);
    asked.catch(() => {
      if (own.leases.get(name) === asked) own.leases.delete(name);
    });
    return asked;
  }

  async #isGood({ leased }: Lease): Promise<boolean> {
    const { expiresAtMs, freshUntilMs } = leased;
    const nowMs = this.#options.clock.nowMs();
    if (expiresAtMs !== undefined && expiresAtMs - EARLIER_MS <= nowMs) return false;
    if (freshUntilMs !== undefined && freshUntilMs <= nowMs) return false;
    return leased.isCurrent === undefined || leased.isCurrent().catch(() => false);
  }

  #ownOf(owner: LeaseOwner, name: string): Own {
    const known = this.#owners.get(owner);
    if (known !== undefined) return known;
    if (owner.signal.aborted || this.#ended.has(owner))
      throw new Fault('E_CREDENTIAL', `nobody is there any more for \`${name}\``);
    const own: Own = { leases: new Map(), end: new AbortController() };
    this.#owners.set(owner, own);
    owner.signal.addEventListener('abort', () => void this.#end(owner), { once: true });
    return own;
  }

  async #end(owner: LeaseOwner): Promise<void> {
    const own = this.#owners.get(owner);
    if (own === undefined) return;
    this.#owners.delete(owner);
    this.#ended.add(owner);
    own.end.abort();
    const all = [...own.leases.values()].map((lease) =>
      lease.then(
        (settled) => this.#takeBack(settled),
        () => {}, // it was never handed out, and is taken back by whoever asked
      ),
    );
    await this.#whileBusy(Promise.all(all));
  }

  #whileBusy<T>(work: Promise<T>): Promise<T> {
    this.#busy.add(work);
    const over = () => this.#busy.delete(work);
    work.then(over, over);
    return work;
  }

  /** Asks the source, for so long and no longer. An answer that comes when nobody waits is taken back unseen. */
  async #ask(owner: LeaseOwner, own: Own, name: string, source: CredentialSource): Promise<Lease> {
    const { clock } = this.#options;
    const signal = AbortSignal.any([own.end.signal, AbortSignal.timeout(limits.credentialTimeoutMs)]);
    const { promise: given, reject } = Promise.withResolvers<never>();
    const giveUp = () =>
      reject(new Fault('E_CREDENTIAL', `\`${name}\` was not there in time, or nobody waits for it any more`));
    signal.addEventListener('abort', giveUp, { once: true });
    let isWaiting = true;
    const answered = Promise.resolve()
      .then(() => source.lease({ name, subject: owner.subject, signal }))
      .then(async (leased) => {
        if (!this.#isNew(leased))
          throw new Fault('E_CREDENTIAL', `\`${name}\` was answered with what somebody else has`);
        const { subject } = owner;
        const record: Lease['record'] = (kind, body) => owner.recordCredential(kind, body);
        const lease: Lease = { id: newId(clock, 'lse'), name, subject, leased, record };
        try {
          this.#check(lease);
          await this.#returns.expect(lease);
          if (!isWaiting || signal.aborted) throw new Fault('E_CREDENTIAL', `\`${name}\` came too late`);
        } catch (error) {
          await this.#takeBackUnseen(lease);
          throw error;
        }
        // Before anybody has it, so that there is no moment in which it could be let through unseen.
        this.#held.hold(secretsOf(leased));
        recordLeased(owner, lease);
        return lease;
      });
    this.#whileBusy(answered).catch(() => {});
    try {
      return await Promise.race([answered, given]);
    } finally {
      isWaiting = false;
      signal.removeEventListener('abort', giveUp);
    }
  }

  #isNew(leased: LeasedCredential): boolean {
    if (typeof leased !== 'object' || leased === null || this.#answers.has(leased)) return false;
    this.#answers.add(leased);
    return true;
  }

  /** Throws a `Fault` E_CREDENTIAL unless it can be used. */
  #check({ name, leased }: Lease): void {
    const { expiresAtMs } = leased;
    const isUsable = secretsOf(leased).every((secret) => secret instanceof Secret && USABLE.test(secret.reveal()));
    const isExpired = expiresAtMs !== undefined && !(expiresAtMs > this.#options.clock.nowMs());
    if (isUsable && !isExpired) return;
    throw new Fault(
      'E_CREDENTIAL',
      `\`${name}\` was answered with ${isUsable ? 'an expired value' : 'no usable value'}`,
    );
  }

  async #takeBack(lease: Lease): Promise<void> {
    const work = this.#returns.takeBack(lease).then((returned) => {
      const { expiresAtMs } = lease.leased;
      if (returned === 'no') this.#late.set(lease.id, secretsOf(lease.leased));
      else this.#held.end(secretsOf(lease.leased), returned === 'yes' ? this.#options.clock.nowMs() : expiresAtMs);
    });
    await this.#whileBusy(work);
  }

  async #takeBackUnseen(lease: Lease): Promise<void> {
    await this.#whileBusy(this.#returns.takeBack(lease));
  }
}

const USABLE = /^[!-~](?:[ -~]{0,16382}[!-~])?$/;

function secretsOf({ secret, parts }: LeasedCredential): readonly Secret[] {
  return [secret, ...Object.values(parts ?? {})];
}

function recordLeased(owner: LeaseOwner, { id, name, leased }: Lease): void {
  const { expiresAtMs, scopes } = leased;
  owner.recordCredential('credential.leased', {
    name,
    lease: id,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    ...(scopes === undefined ? {} : { scopes: [...scopes] }),
  });
}

/** The fault, recorded. */
function refuse(owner: LeaseOwner, code: ErrorCode, name: string, message: string, host: string | undefined): Fault {
  owner.recordCredential('credential.refused', {
    name,
    code,
    reason: message,
    ...(host === undefined ? {} : { host }),
  });
  return new Fault(code, message);
}
