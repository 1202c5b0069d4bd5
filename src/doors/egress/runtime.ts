import type { Clock } from '../../base/clock.ts';
import type { EgressPolicy } from '../../policy/egress/compile-egress.ts';
import type { EgressUrl } from '../../policy/egress/read-target.ts';
import type { LeasedCredential } from '../../ports/credentials.ts';
import type { EgressSession } from '../../runtime/egress/egress-session.ts';
import type { Finding } from '../../scan/detector.ts';

/** What the egress door asks of the gateway. */
export interface EgressRuntime {
  readonly clock: Clock;
  /** The rules in force for a client. */
  policy(session: EgressSession): EgressPolicy;
  /** The client that these credentials are of. Undefined where they are nobody's. */
  authenticate(user: string, password: string): Promise<EgressSession | undefined>;
  /** The addresses of a name, as text. Rejects where there are none. */
  resolve(host: string): Promise<readonly string[]>;
  /** Why an address must not be reached for where it is, or undefined. */
  refuseCountry(address: string): string | undefined;
  /** What TLS that is not opened may leave open. */
  hello(): { readonly unnamed: 'refuse' | 'allow'; readonly encrypted: 'refuse' | 'allow' };
  /** What stands in a body that must not leave. Rejects where it could not be looked at. */
  scanBody(text: string, host: string): Promise<readonly Finding[]>;
  /** Whether a text holds a secret of the gateway's own. */
  holdsSecret(text: string): boolean;
  /**
   * A credential for a request of this client. Rejects with a `Fault`: E_CREDENTIAL_DENIED, E_CREDENTIAL.
   */
  leaseCredential(
    session: EgressSession,
    name: string,
    to: EgressUrl & { readonly headers: readonly string[] },
  ): Promise<Pick<LeasedCredential, 'secret' | 'parts' | 'sign'>>;
  /** A text without any secret of the gateway, in whatever usual encoding it stands there. */
  maskText(text: string): string;
  /** How many characters at the end of a text may be the beginning of such a secret. */
  countOpen(text: string): number;
  /** Certificates that hosts may have besides those of known authorities, PEM. */
  trust(): readonly string[];
  /** Something that whoever runs the gateway should know. */
  report(message: string): void;
}
