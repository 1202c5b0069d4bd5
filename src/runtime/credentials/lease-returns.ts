import type { JsonObject } from '../../base/json.ts';
import type { Secret } from '../../base/secret.ts';
import type { EgressSubject } from '../../model/egress.ts';
import type { CredentialSource, JournaledLease, LeasedCredential, LeaseJournal } from '../../ports/credentials.ts';

/** A lease, and what is written about it. */
export interface Lease {
  readonly id: string;
  readonly name: string;
  readonly subject: EgressSubject;
  readonly leased: LeasedCredential;
  readonly record: (kind: 'credential.revoked', body: JsonObject) => void;
}

export interface ReturnOptions {
  readonly journal: LeaseJournal | undefined;
  /** The source of the configuration in force. */
  readonly find: (name: string) => CredentialSource | undefined;
  /** Writes what became of a lease whose owner is gone. */
  readonly record: (subject: EgressSubject, kind: 'credential.revoked', body: JsonObject) => void;
  readonly nowMs: () => number;
  readonly report: (message: string) => void;
  /** Told that a lease of this process was taken back after all. */
  readonly onLate: (id: string) => void;
}

/** What became of taking a lease back. `none`: its issuer has no way to; it is good for as long as it says. */
export type Returned = 'yes' | 'no' | 'none';

const TRIES = 3;

/**
 * Has leases taken back. Where an issuer can, that is written down before anybody is handed the credential, so that it is
 * done after all when this process dies, or when the issuer did not answer: it is tried again every minute until it worked
 * or the credential has expired.
 */
export class LeaseReturns {
  readonly #options: ReturnOptions;
  readonly #owed = new Map<string, JournaledLease>();
  #retrying: Promise<void> | undefined;

  constructor(options: ReturnOptions) {
    this.#options = options;
  }

  /** Writes down that a lease has to be taken back. Rejects with a `Fault` where that could not be kept. */
  async expect({ id, name, subject, leased }: Omit<Lease, 'record'>): Promise<void> {
    const { handle, expiresAtMs } = leased;
    if (handle === undefined) return;
    await this.#options.journal?.keep({
      id,
      name,
      subject,
      handle,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    });
  }

  /** Never rejects. */
  async takeBack(lease: Lease): Promise<Returned> {
    const returned = await this.#ask(lease.leased);
    lease.record('credential.revoked', { name: lease.name, lease: lease.id, revoked: returned });
    if (returned === 'yes') await this.#forget(lease.id);
    else if (returned === 'no') this.#owe(lease);
    return returned;
  }

  /** Tries again what could not be taken back, what processes owed that are gone among it. Never rejects. */
  retry(): Promise<void> {
    this.#retrying ??= this.#retryAll().finally(() => {
      this.#retrying = undefined;
    });
    return this.#retrying;
  }

  async #retryAll(): Promise<void> {
    const { journal, nowMs, record, find, report } = this.#options;
    try {
      for (const one of (await journal?.adopt()) ?? []) this.#owed.set(one.id, one);
    } catch {
      report('what earlier processes leased could not be read; it is tried again in a minute');
    }
    for (const { id, name, subject, handle, expiresAtMs } of [...this.#owed.values()]) {
      const body = { name, lease: id, late: true };
      if (expiresAtMs !== undefined && expiresAtMs <= nowMs()) {
        record(subject, 'credential.revoked', { ...body, revoked: 'expired' });
        await this.#forget(id);
      } else if (await revokeBy(find(name), handle)) {
        record(subject, 'credential.revoked', { ...body, revoked: 'yes' });
        await this.#forget(id);
      }
    }
  }

  #owe({ id, name, subject, leased }: Lease): void {
    const { handle, expiresAtMs } = leased;
    this.#options.report(
      `a lease of \`${name}\` could not be taken back (${id})${handle === undefined ? '' : '; it is tried again every minute'}`,
    );
    if (handle === undefined) return;
    this.#owed.set(id, { id, name, subject, handle, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) });
  }

  async #forget(id: string): Promise<void> {
    if (this.#owed.delete(id)) this.#options.onLate(id);
    // What stays behind is tried once more, and has been taken back then.
    await this.#options.journal?.drop(id).catch(() => {});
  }

  async #ask(leased: LeasedCredential): Promise<Returned> {
    if (typeof leased.revoke !== 'function') return 'none';
    for (let tried = 0; tried < TRIES; tried++) {
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

async function revokeBy(source: CredentialSource | undefined, handle: Secret): Promise<boolean> {
  if (source?.revoke === undefined) return false;
  try {
    await source.revoke(handle.reveal());
    return true;
  } catch {
    return false;
  }
}
