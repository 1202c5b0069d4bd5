import { type Clock, newId } from '../base/clock.ts';
import type { ErrorCode } from '../base/errors.ts';
import { Fault } from '../base/fault.ts';
import type { JsonObject } from '../base/json.ts';
import { limits } from '../base/limits.ts';
import { Secret } from '../base/secret.ts';
import type { CredentialConfig } from '../model/credential.ts';
import type { EgressSubject } from '../model/egress.ts';
import type { CredentialSource, LeasedCredential } from '../ports/credentials.ts';

/** Who a credential is leased to: a client of the egress door, for as long as it lives. */
export interface LeaseOwner {
  readonly subject: EgressSubject;
  /** Aborted when the call or run it belongs to ends. */
  readonly signal: AbortSignal;
  recordCredential(kind: 'credential.leased' | 'credential.revoked' | 'credential.refused', body: JsonObject): void;
}

/** A credential of the manifest with where it comes from. */
export interface KnownCredential {
  readonly config: Pick<CredentialConfig, 'hosts' | 'plain'> & Partial<Pick<CredentialConfig, 'agents' | 'tools'>>;
  readonly source: CredentialSource;
}

export interface BrokerOptions {
  readonly clock: Clock;
  /** The credentials of the configuration in force. */
  readonly find: (name: string) => KnownCredential | undefined;
  /** Told of every secret before anybody gets it, so that it is kept out of everything that is read afterwards. */
  readonly hold: (secret: Secret) => void;
}

interface Lease {
  readonly id: string;
  readonly name: string;
  readonly leased: LeasedCredential;
}

const EARLIER_MS = 30_000;
const REVOKE_TRIES = 3;

/**
 * Leases credentials to clients of the egress door: one of each name for a client, until it ends. Nothing that is late,
 * expired, empty or somebody else's is ever handed out, and what was leased is taken back when its owner ends, whatever
 * the source makes of it.
 */
export class CredentialBroker {
  readonly #options: BrokerOptions;
  readonly #leases = new WeakMap<LeaseOwner, Map<string, Promise<Lease>>>();
  /** What sources have answered with, ever: an answer that comes twice is two owners’ of one thing. */
  readonly #answers = new WeakSet<LeasedCredential>();
  readonly #revoking = new Set<Promise<void>>();

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  /**
   * The credential of that name for a request of this owner to this host. Rejects with a `Fault`: E_CREDENTIAL_DENIED
   * where it is not for them, E_CREDENTIAL where it cannot be had.
   */
  async lease(owner: LeaseOwner, name: string, to: { readonly host: string; readonly tls: boolean }): Promise<Secret> {
    const known = this.#options.find(name);
    const refuse = (code: ErrorCode, message: string) => {
      owner.recordCredential('credential.refused', { name, code, reason: message, host: to.host });
      return new Fault(code, message);
    };
    if (known === undefined) throw refuse('E_CREDENTIAL_DENIED', `there is no credential \`${name}\``);
    const why = refuseUse(known.config, owner.subject, to);
    if (why !== undefined) throw refuse('E_CREDENTIAL_DENIED', `\`${name}\` ${why}`);
    try {
      const { leased } = await this.#current(owner, name, known.source);
      return leased.secret;
    } catch (error) {
      throw refuse('E_CREDENTIAL', error instanceof Fault ? error.message : `\`${name}\` could not be had`);
    }
  }

  /** Resolves when everything that was to be taken back was, or could not be. */
  async settle(): Promise<void> {
    while (this.#revoking.size > 0) await Promise.all(this.#revoking);
  }

  async #current(owner: LeaseOwner, name: string, source: CredentialSource): Promise<Lease> {
    const own = this.#leasesOf(owner);
    const known = own.get(name);
    if (known !== undefined) {
      const lease = await known;
      if (await this.#isGood(lease)) return lease;
      // Another request may have seen the same, and have asked for a new one meanwhile.
      if (own.get(name) === known) {
        own.delete(name);
        this.#takeBack(owner, lease);
      }
      return this.#current(owner, name, source);
    }
    if (owner.signal.aborted) throw new Fault('E_CREDENTIAL', `nobody is there any more for \`${name}\``);
    const asked = this.#ask(owner, name, source);
    own.set(name, asked);
    asked.catch(() => {
      if (own.get(name) === asked) own.delete(name);
    });
    return asked;
  }

  async #isGood({ leased }: Lease): Promise<boolean> {
    const { expiresAtMs } = leased;
    if (expiresAtMs !== undefined && expiresAtMs - EARLIER_MS <= this.#options.clock.nowMs()) return false;
    return leased.isCurrent === undefined || leased.isCurrent().catch(() => false);
  }

  #leasesOf(owner: LeaseOwner): Map<string, Promise<Lease>> {
    const known = this.#leases.get(owner);
    if (known !== undefined) return known;
    const own = new Map<string, Promise<Lease>>();
    this.#leases.set(owner, own);
    owner.signal.addEventListener(
      'abort',
      () => {
        for (const lease of own.values())
          lease.then(
            (settled) => this.#takeBack(owner, settled),
            () => {},
          );
        own.clear();
      },
      { once: true },
    );
    return own;
  }

  /** Asks the source, for so long and no longer. An answer that comes when nobody waits is taken back unseen. */
  async #ask(owner: LeaseOwner, name: string, source: CredentialSource): Promise<Lease> {
    const { clock } = this.#options;
    const deadline = AbortSignal.timeout(limits.credentialTimeoutMs);
    const signal = AbortSignal.any([owner.signal, deadline]);
    const { promise: given, reject } = Promise.withResolvers<never>();
    const giveUp = () =>
      reject(new Fault('E_CREDENTIAL', `\`${name}\` was not there in time, or nobody waits for it any more`));
    signal.addEventListener('abort', giveUp, { once: true });
    let isWaiting = true;
    const answered = Promise.resolve()
      .then(() => source.lease({ name, subject: owner.subject, signal }))
      .then((leased) => {
        const lease = { id: newId(clock, 'lse'), name, leased };
        const isOurs = this.#isNew(leased);
        if (isWaiting && !signal.aborted) return this.#take(owner, lease, isOurs);
        if (isOurs) this.#takeBack(owner, lease);
        throw new Fault('E_CREDENTIAL', `\`${name}\` came too late`);
      });
    try {
      return await Promise.race([answered, given]);
    } finally {
      isWaiting = false;
      signal.removeEventListener('abort', giveUp);
      answered.catch(() => {});
    }
  }

  #isNew(leased: LeasedCredential): boolean {
    if (typeof leased !== 'object' || leased === null || this.#answers.has(leased)) return false;
    this.#answers.add(leased);
    return true;
  }

  #take(owner: LeaseOwner, lease: Lease, isOurs: boolean): Lease {
    const { name, id, leased } = lease;
    if (!isOurs) throw new Fault('E_CREDENTIAL', `\`${name}\` was answered with what somebody else has`);
    const { secret, expiresAtMs, scopes } = leased;
    const isUsable = secret instanceof Secret && USABLE.test(secret.reveal());
    const isExpired = expiresAtMs !== undefined && !(expiresAtMs > this.#options.clock.nowMs());
    if (!isUsable || isExpired) {
      this.#takeBack(owner, lease);
      throw new Fault(
        'E_CREDENTIAL',
        `\`${name}\` was answered with ${isUsable ? 'an expired value' : 'no usable value'}`,
      );
    }
    // Before anybody has it, so that there is no moment in which it could be let through unseen.
    this.#options.hold(secret);
    owner.recordCredential('credential.leased', {
      name,
      lease: id,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    });
    return lease;
  }

  #takeBack(owner: LeaseOwner, lease: Lease): void {
    const done = this.#revoke(lease).then((revoked) => {
      owner.recordCredential('credential.revoked', { name: lease.name, lease: lease.id, revoked });
      this.#revoking.delete(done);
    });
    this.#revoking.add(done);
  }

  /** `none`: the issuer has no way to; the value is good for as long as it says. */
  async #revoke({ leased }: Lease): Promise<'yes' | 'no' | 'none'> {
    if (typeof leased.revoke !== 'function') return 'none';
    for (let tried = 0; tried < REVOKE_TRIES; tried++) {
      try {
        await leased.revoke();
        return 'yes';
      } catch {
        // tried again; the record says what became of it
      }
    }
    return 'no';
  }
}

const USABLE = /^[!-~](?:[ -~]{0,16382}[!-~])?$/;

function refuseUse(
  { hosts, plain, agents, tools }: KnownCredential['config'],
  { agent, tool }: EgressSubject,
  to: { readonly host: string; readonly tls: boolean },
): string | undefined {
  const isMeant = hosts.some((host) =>
    host.startsWith('*.') ? to.host.endsWith(host.slice(1).toLowerCase()) : to.host === host.toLowerCase(),
  );
  if (!isMeant) return 'is not for this host';
  if (!to.tls && !plain) return 'is not sent without TLS';
  if (agents !== undefined && (agent === undefined || !agents.includes(agent))) return 'is not for this agent';
  const fits = (pattern: string) =>
    tool !== undefined && (pattern.endsWith('/*') ? tool.startsWith(pattern.slice(0, -1)) : pattern === tool);
  return tools === undefined || tools.some(fits) ? undefined : 'is not for this tool';
}
