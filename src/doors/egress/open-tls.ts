import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import { type Authority, issueCertificate } from './certificates.ts';

const RENEW_BEFORE_MS = 3_600_000;

interface Issued {
  readonly context: Promise<SecureContext>;
  readonly expiresAtMs: number;
}

/**
 * Speaks TLS to clients in the name of the hosts that their tunnels lead to, with certificates of this installation's
 * own authority. Nobody believes those who was not told to.
 */
export class TlsOpener {
  readonly #authority: Authority;
  readonly #clock: Clock;
  readonly #issued = new Map<string, Issued>();

  constructor(authority: Authority, clock: Clock) {
    this.#authority = authority;
    this.#clock = clock;
  }

  /** The stream without its TLS. Rejects with a `Fault` E_EGRESS_TLS where the client does not go along in time. */
  readonly open = async (stream: Duplex, host: string): Promise<Duplex> => {
    const secureContext = await this.#contextFor(host);
    const opened = new TLSSocket(stream as ConstructorParameters<typeof TLSSocket>[0], {
      isServer: true,
      secureContext,
      ALPNProtocols: ['http/1.1'],
    });
    return new Promise((resolve, reject) => {
      const fail = (cause?: unknown) => {
        clearTimeout(timer);
        opened.on('error', () => {});
        opened.destroy();
        reject(new Fault('E_EGRESS_TLS', 'the client does not accept the door’s certificate', { cause }));
      };
      const timer = setTimeout(fail, limits.egressHeadMs);
      opened.once('error', fail);
      opened.once('close', fail);
      opened.once('secure', () => {
        clearTimeout(timer);
        opened.off('error', fail);
        opened.off('close', fail);
        resolve(opened);
      });
    });
  };

  #contextFor(host: string): Promise<SecureContext> {
    const nowMs = this.#clock.nowMs();
    const known = this.#issued.get(host);
    this.#issued.delete(host);
    if (known !== undefined && known.expiresAtMs - RENEW_BEFORE_MS > nowMs) {
      this.#issued.set(host, known);
      return known.context;
    }
    for (const [oldest] of this.#issued) {
      if (this.#issued.size < limits.egressCertificates) break;
      this.#issued.delete(oldest);
    }
    const { issuing, expiresAtMs } = issueCertificate(this.#authority, host, this.#clock);
    const context = issuing.then((leaf) => createSecureContext(leaf));
    context.catch(() => this.#issued.delete(host));
    this.#issued.set(host, { context, expiresAtMs });
    return context;
  }
}
