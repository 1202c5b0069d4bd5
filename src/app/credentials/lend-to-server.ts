import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { Secret } from '../../base/secret.ts';
import type { LeasedCredential } from '../../ports/credentials.ts';
import type { KnownCredential, LeaseOwner } from '../../runtime/credentials/credential-broker.ts';
import type { LentValue, ServerValue } from '../config/resolve-secrets.ts';
import type { Leasing } from './leasing.ts';

/** What a server's process or connection was lent, for as long as it lives. */
export class ServerLoan {
  readonly #leasing: Leasing;
  readonly #known: ReadonlyMap<string, KnownCredential>;
  readonly #owner: LeaseOwner;
  readonly #end = new AbortController();
  readonly #stale = new AbortController();
  readonly #names = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** @param known credentials of the manifest that names the server. */
  constructor(leasing: Leasing, known: ReadonlyMap<string, KnownCredential>, tenant: string, server: string) {
    const subject = { tenant, server };
    this.#leasing = leasing;
    this.#known = known;
    this.#owner = {
      subject,
      signal: this.#end.signal,
      recordCredential: (kind, body) => leasing.record(subject, kind, body),
    };
  }

  /** Aborted once something that it was lent is not the one in use any more, or is about to expire. */
  get stale(): AbortSignal {
    return this.#stale.signal;
  }

  /** The values with what is lent in its place, leased. Rejects with a `Fault`: E_CREDENTIAL_DENIED, E_CREDENTIAL. */
  async fill(values: Readonly<Record<string, ServerValue>>): Promise<Record<string, string | Secret>> {
    const filled: Record<string, string | Secret> = Object.create(null);
    for (const [name, value] of Object.entries(values))
      filled[name] = typeof value === 'string' || value instanceof Secret ? value : await this.#lend(value);
    return filled;
  }

  /** From now on it is looked whether what was lent is still good. */
  watch(): void {
    if (this.#names.size === 0) return;
    const look = async () => {
      for (const name of this.#names)
        if (!(await this.#leasing.broker.isCurrent(this.#owner, name))) return this.#stale.abort();
    };
    this.#timer = setInterval(() => void look(), limits.credentialLookMs).unref();
  }

  /** Has everything taken back. */
  end(): void {
    clearInterval(this.#timer);
    this.#end.abort();
  }

  async #lend({ credential, part, prefix }: LentValue): Promise<Secret> {
    const name = credential.toLowerCase();
    const known = this.#known.get(name);
    if (known === undefined) throw new Fault('E_CREDENTIAL_DENIED', `there is no credential \`${credential}\``);
    const leased = await this.#leasing.broker.leaseToServer(this.#owner, name, known.source);
    this.#names.add(name);
    const secret = takePart(leased, part);
    if (secret !== undefined) return new Secret(secret.reference, prefix + secret.reveal());
    const parts = Object.keys(leased.parts ?? {}).map((one) => `\`cred:${credential}.${one}\``);
    throw new Fault(
      'E_CREDENTIAL_DENIED',
      `\`${credential}\` is lent by its parts: ${parts.join(', ') || 'it has none'}`,
    );
  }
}

/** One that signs is never given away as if it were a token. */
function takePart({ secret, parts, sign }: LeasedCredential, part: string | undefined): Secret | undefined {
  if (part === undefined) return sign === undefined ? secret : undefined;
  return parts !== undefined && Object.hasOwn(parts, part) ? parts[part] : undefined;
}
