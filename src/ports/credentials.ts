import type { Secret } from '../base/secret.ts';
import type { EgressSubject } from '../model/egress.ts';

/** For whom a credential is asked. */
export interface CredentialRequest {
  /** The name the manifest gives it. */
  readonly name: string;
  readonly subject: EgressSubject;
  /** Aborted when nobody waits any more. What comes later is taken back at once. */
  readonly signal: AbortSignal;
}

/** A request that a credential signs instead of being sent with it. */
export interface SignableRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body; absent where there is none, or where its digest stands in a header. */
  readonly body?: Uint8Array;
  /** As the client's own signature names them. */
  readonly region: string;
  readonly service: string;
}

/** A credential for one client, to be used until that ends or it expires. */
export interface LeasedCredential {
  /** Printable ASCII: it goes into a header. */
  readonly secret: Secret;
  /** The values it consists of, by name, where it takes several to use it. Each is as secret as `secret`. */
  readonly parts?: Readonly<Record<string, Secret>>;
  /** When it is worth nothing any more. */
  readonly expiresAtMs?: number;
  /** Until when it need not be looked whether it is still the one in use; it is good beyond that, as far as is known. */
  readonly freshUntilMs?: number;
  /** What the issuer says it is good for, where it says so. */
  readonly scopes?: readonly string[];
  /** Whether it is still the one in use, where that can change under a lease. It is asked before each further use. */
  isCurrent?(): Promise<boolean>;
  /** The request's headers with a signature. One that signs is never sent itself. */
  sign?(request: SignableRequest): Promise<Readonly<Record<string, string>>>;
  /** Has the issuer take it back, where it can. Rejects with a `Fault` E_CREDENTIAL. */
  revoke?(): Promise<void>;
  /** What the source needs to have it taken back when nothing else of the lease is left. As secret as `secret`. */
  readonly handle?: Secret;
}

/** Where credentials come from. */
export interface CredentialSource {
  /**
   * A credential that nobody else was given: an object of its own each time, even where the value is the same. Rejects
   * with a `Fault` E_CREDENTIAL that says no more than what was wrong. What it makes at an issuer it sees through even
   * when nobody waits any more, so that it can be taken back.
   */
  lease(request: CredentialRequest): Promise<LeasedCredential>;
  /** Has the issuer take back what was leased with this handle, in another process maybe. Rejects as `lease` does. */
  revoke?(handle: string): Promise<void>;
}

/** A lease that has to be taken back, whatever becomes of the process that it was leased in. */
export interface JournaledLease {
  readonly id: string;
  readonly name: string;
  readonly subject: EgressSubject;
  readonly handle: Secret;
  readonly expiresAtMs?: number;
}

/** Where it is kept what has to be taken back. Each process has a part of its own. */
export interface LeaseJournal {
  /** When it resolves the entry would survive a crash. Rejects with a `Fault` E_CREDENTIAL. */
  keep(lease: JournaledLease): Promise<void>;
  drop(id: string): Promise<void>;
  /** Says that this process lives, and takes over the entries of those that do not. */
  adopt(): Promise<readonly JournaledLease[]>;
}
