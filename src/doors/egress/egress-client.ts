import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { Pool } from 'undici';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { EgressRule } from '../../policy/egress/compile-egress.ts';
import type { EgressTarget } from '../../policy/egress/read-target.ts';
import type { EgressSession } from '../../runtime/egress/egress-session.ts';
import { connectTo, pinAddress } from './connect-pinned.ts';
import type { EgressRuntime } from './runtime.ts';

/** Connections to one host for requests of one client, each to an address that was checked when it was made. */
export interface Upstream {
  readonly pool: Pool;
  /** The address of the connection that was made last. */
  address: string | undefined;
}

/** What one client of the door has open: its own connections, and those to hosts, which it shares with nobody. */
export class EgressClient {
  readonly session: EgressSession;
  readonly #runtime: EgressRuntime;
  readonly #sockets = new Set<Duplex>();
  readonly #upstreams = new Map<string, Upstream>();

  constructor(session: EgressSession, runtime: EgressRuntime) {
    this.session = session;
    this.#runtime = runtime;
    session.signal.addEventListener('abort', () => this.#cut(), { once: true });
  }

  /** Takes a connection in, until it closes. False where the client has as many as it may have. */
  adopt(socket: Duplex): boolean {
    if (this.session.endedAs !== undefined || !this.session.hold()) return false;
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.session.release();
    });
    return true;
  }

  /** Connections to a host under a rule. Another rule has its own: what it lets an address be may differ. */
  upstream(rule: EgressRule, index: number, target: EgressTarget, tls: boolean): Upstream {
    const key = `${index} ${tls} ${target.host} ${target.port}`;
    const known = this.#upstreams.get(key);
    if (known !== undefined) {
      if (this.#upstreams.size > 1) {
        this.#upstreams.delete(key);
        this.#upstreams.set(key, known);
      }
      return known;
    }
    for (const [oldest, { pool }] of this.#upstreams) {
      if (this.#upstreams.size < limits.egressHosts) break;
      this.#upstreams.delete(oldest);
      pool.close().catch(() => {});
    }
    const upstream: Upstream = { pool: this.#makePool(rule, target, tls, () => upstream), address: undefined };
    this.#upstreams.set(key, upstream);
    return upstream;
  }

  /** Lets connections to hosts go, since the rules they were made under are no longer in force. */
  forget(): void {
    for (const { pool } of this.#upstreams.values()) pool.close().catch(() => {});
    this.#upstreams.clear();
  }

  #makePool(rule: EgressRule, target: EgressTarget, tls: boolean, self: () => Upstream): Pool {
    const origin = `${tls ? 'https' : 'http'}://${target.host}:${target.port}`;
    return new Pool(origin, {
      connections: limits.egressHostConnections,
      pipelining: 1,
      allowH2: false,
      headersTimeout: limits.egressAnswerMs,
      bodyTimeout: limits.egressIdleMs,
      maxHeaderSize: limits.headerBytes,
      connect: (_options, done) => {
        this.#connect(rule, target, tls, self()).then(
          (socket) => done(null, socket),
          (error: unknown) => done(error instanceof Error ? error : new Error('no connection'), null),
        );
      },
    });
  }

  async #connect(rule: EgressRule, target: EgressTarget, tls: boolean, upstream: Upstream) {
    const address = await pinAddress(rule, target, this.#runtime);
    upstream.address = address;
    const socket = await connectTo(address, target.port, this.session.signal);
    return tls ? startTls(socket, target.host, this.#runtime.trust()) : socket;
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    for (const { pool } of this.#upstreams.values()) pool.destroy().catch(() => {});
    this.#upstreams.clear();
  }
}

/** Speaks TLS to a host, and believes nobody who is not that host. Rejects with a `Fault` E_UPSTREAM_UNREACHABLE. */
async function startTls(socket: import('node:net').Socket, host: string, trust: readonly string[]) {
  const isName = !/^\[|^\d+\.\d+\.\d+\.\d+$/.test(host);
  const options: ConnectionOptions = {
    socket,
    host: host.replace(/^\[|\]$/g, ''),
    ALPNProtocols: ['http/1.1'],
    ...(isName ? { servername: host } : {}),
    ...(await trusted(trust)),
  };
  const secured = connectTls(options);
  return new Promise<typeof secured>((resolve, reject) => {
    const fail = (cause?: unknown) => {
      clearTimeout(timer);
      secured.on('error', () => {});
      secured.destroy();
      socket.destroy();
      reject(new Fault('E_UPSTREAM_UNREACHABLE', `no TLS that can be believed with ${host}`, { cause }));
    };
    const timer = setTimeout(fail, limits.egressConnectMs);
    secured.once('error', fail);
    secured.once('secureConnect', () => {
      clearTimeout(timer);
      secured.off('error', fail);
      resolve(secured);
    });
  });
}

async function trusted(trust: readonly string[]): Promise<Pick<ConnectionOptions, 'ca'>> {
  if (trust.length === 0) return {};
  const { getCACertificates } = await import('node:tls');
  return { ca: [...getCACertificates('default'), ...trust] };
}
