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

/** A credential for one client, to be used until that ends or it expires. */
export interface LeasedCredential {
  /** Printable ASCII: it goes into a header. */
  readonly secret: Secret;
  readonly expiresAtMs?: number;
  /** What the issuer says it is good for, where it says so. */
  readonly scopes?: readonly string[];
  /** Whether it is still the one in use, where that can change under a lease. It is asked before each further use. */
  isCurrent?(): Promise<boolean>;
  /** Has the issuer take it back, where it can. Rejects with a `Fault` E_CREDENTIAL. */
  revoke?(): Promise<void>;
}

/** Where credentials come from. */
export interface CredentialSource {
  /**
   * A credential that nobody else was given: an object of its own each time, even where the value is the same. Rejects
   * with a `Fault` E_CREDENTIAL that says no more than what was wrong.
   */
  lease(request: CredentialRequest): Promise<LeasedCredential>;
}
