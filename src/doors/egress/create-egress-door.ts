import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { EgressSession } from '../../runtime/egress/egress-session.ts';
import type { Tunnelled } from './check-request.ts';
import { ConfidedHosts } from './confided-hosts.ts';
import type { DoorConnection } from './door-connection.ts';
import { EgressClient } from './egress-client.ts';
import { readFirstBytes } from './first-bytes.ts';
import { forward } from './forward.ts';
import { HeldBytes } from './hold-body.ts';
import { SOCKS_VERSION } from './read-socks.ts';
import { refuseRequest, refuseSocket } from './refuse.ts';
import type { EgressRuntime } from './runtime.ts';
import { CleanHeaders } from './scan-request.ts';
import { serveSocks } from './serve-socks.ts';
import { openTunnel, type TunnelContent } from './tunnel.ts';
import { passWebSocket } from './websocket.ts';

/** Where a door listens: a socket that only one client can reach, or an address where each shows credentials. */
export type EgressPlace =
  | { readonly path: string; readonly session: EgressSession }
  | { readonly host: string; readonly port: number };

/** How often clients are held against the time they may take. */
const CHECK_MS = 1_000;

/** Node's HTTP on a stream. */
type ServeHttp = (stream: Duplex) => void;

export interface EgressListener {
  /** Undefined for a socket. */
  readonly port: number | undefined;
  close(): Promise<void>;
}

/** The only way out: a forward proxy for HTTP, CONNECT, WebSocket and SOCKS5, one and the same wherever it listens. */
export class EgressDoor {
  readonly #runtime: EgressRuntime;
  readonly #openTls: TunnelContent['openTls'];
  readonly #connections = new WeakMap<Duplex, DoorConnection>();
  readonly #clients = new Map<EgressSession, EgressClient>();
  readonly #listeners = new Set<EgressListener>();
  readonly #held = new HeldBytes();
  readonly #confided = new ConfidedHosts();
  #open = 0;

  constructor(runtime: EgressRuntime, openTls?: TunnelContent['openTls']) {
    this.#runtime = runtime;
    this.#openTls = openTls;
  }

  /** Listens. Rejects with a `Fault` E_LISTEN. */
  async listen(place: EgressPlace): Promise<EgressListener> {
    const sockets = new Set<Socket>();
    const server = createServer({
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.egressHeadMs,
      requestTimeout: limits.egressAnswerMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: CHECK_MS,
      requireHostHeader: false, // checked with everything else, and recorded
      noDelay: true,
    });
    // A client that has said all it wants may close its half and read on; Node knows that, and has no type for it.
    Object.assign(server, { httpAllowHalfOpen: true });
    server.maxHeadersCount = limits.headerCount;
    server.timeout = limits.egressIdleMs;
    const [serveNode] = server.listeners('connection');
    const serve = (stream: Duplex) => void serveNode?.call(server, stream);
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      void this.#accept(socket, serve, 'session' in place ? place.session : undefined);
    });
    this.#handle(server, serve);
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: unknown) =>
        reject(new Fault('E_LISTEN', `the egress door cannot listen ${describe(place)}`, { cause }));
      server.once('error', fail);
      server.listen('path' in place ? { path: place.path } : place, () => {
        server.off('error', fail);
        resolve();
      });
    });
    const address = server.address();
    const listener: EgressListener = {
      port: typeof address === 'object' && address !== null ? address.port : undefined,
      close: async () => {
        this.#listeners.delete(listener);
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        for (const socket of sockets) socket.destroy();
        await closed;
      },
    };
    this.#listeners.add(listener);
    return listener;
  }

  /** Lets connections to hosts go that were made under rules which are no longer in force. */
  forgetRules(): void {
    for (const client of this.#clients.values()) client.forget();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
    for (const client of this.#clients.values()) client.forget();
  }

  /** Tells by the first byte what a connection speaks. */
  async #accept(socket: Socket, serve: ServeHttp, session: EgressSession | undefined): Promise<void> {
    socket.on('error', () => socket.destroy());
    if (this.#open >= limits.egressConnections) return void socket.destroy();
    this.#open += 1;
    socket.once('close', () => {
      this.#open -= 1;
    });
    socket.setTimeout(limits.egressIdleMs, () => socket.destroy());
    const client = session === undefined ? undefined : this.#clientOf(session);
    if (client !== undefined && !client.adopt(socket)) return void socket.destroy();
    const connection = this.#connect(socket, client, undefined);
    try {
      const first = await readFirstBytes(socket, (bytes) => bytes.length > 0);
      socket.unshift(first);
      if (first[0] !== SOCKS_VERSION) return hand(socket, serve);
      const login = (user: string, password: string) => this.#login(connection, user, password);
      await serveSocks(socket, connection, login, this.#content(serve));
    } catch {
      socket.destroy(); // it said nothing in time
    }
  }

  #connect(socket: Duplex, client: EgressClient | undefined, tunnel: Tunnelled | undefined): DoorConnection {
    const connection: DoorConnection = {
      runtime: this.#runtime,
      socket,
      held: this.#held,
      confided: this.#confided,
      clean: new CleanHeaders(),
      client,
      login: undefined,
      tunnel,
    };
    this.#connections.set(socket, connection);
    return connection;
  }

  #content(serve: ServeHttp): TunnelContent {
    return {
      openTls: this.#openTls,
      serveHttp: (stream, tunnel, client) => {
        this.#connect(stream, client, tunnel);
        stream.on('error', () => stream.destroy());
        hand(stream, serve);
      },
    };
  }

  #handle(server: Server, serve: ServeHttp): void {
    const request = (incoming: IncomingMessage, response: ServerResponse) => void this.#serve(incoming, response);
    server.on('request', request);
    server.on('checkContinue', request);
    server.on('connect', (incoming, socket, head) => void this.#serveConnect(incoming, socket, head, serve));
    server.on('upgrade', (incoming, socket, head) => void this.#serveUpgrade(incoming, socket, head));
    server.on('clientError', (_error, socket) => {
      const client = this.#connections.get(socket)?.client;
      client?.session.recordRefused('E_EGRESS_REQUEST', { reason: 'it is no request that can be read' });
      refuseSocket(socket, 'E_EGRESS_REQUEST');
    });
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = this.#connections.get(incoming.socket);
    if (connection === undefined) return void incoming.socket.destroy();
    response.on('error', () => response.destroy());
    try {
      const client =
        connection.client !== undefined && isSameLogin(connection, incoming)
          ? connection.client
          : await this.#identify(connection, incoming);
      if (client === undefined) return refuseRequest(response, 'E_AUTH_REQUIRED');
      await forward(incoming, response, connection, client);
    } catch (error) {
      this.#bug(error);
      refuseRequest(response, 'E_INTERNAL');
    }
  }

  async #serveConnect(incoming: IncomingMessage, socket: Duplex, head: Buffer, serve: ServeHttp): Promise<void> {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return void socket.destroy();
    socket.on('error', () => socket.destroy());
    try {
      const client = await this.#identify(connection, incoming);
      if (client === undefined) return refuseSocket(socket, 'E_AUTH_REQUIRED');
      const { tunnel } = connection;
      if (tunnel !== undefined) {
        client.session.recordRefused('E_EGRESS_REQUEST', { reason: 'a tunnel inside of a tunnel' });
        return refuseSocket(socket, 'E_EGRESS_REQUEST');
      }
      await openTunnel(
        {
          protocol: 'connect',
          authority: incoming.url ?? '',
          socket,
          head,
          accept: () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'),
          refuse: (code) => refuseSocket(socket, code),
        },
        connection,
        client,
        this.#content(serve),
      );
    } catch (error) {
      this.#bug(error);
      socket.destroy();
    }
  }

  async #serveUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return void socket.destroy();
    socket.on('error', () => socket.destroy());
    try {
      const client = await this.#identify(connection, incoming);
      if (client === undefined) return refuseSocket(socket, 'E_AUTH_REQUIRED');
      await passWebSocket(incoming, socket, head, connection, client);
    } catch (error) {
      this.#bug(error);
      socket.destroy();
    }
  }

  /** Whose request it is. A connection belongs to one client from its first request on. */
  async #identify(connection: DoorConnection, incoming: IncomingMessage): Promise<EgressClient | undefined> {
    const { client } = connection;
    if (client !== undefined && isSameLogin(connection, incoming)) return client;
    if (client !== undefined) return undefined;
    const header = incoming.headers['proxy-authorization'] ?? '';
    const shown = readLogin(header);
    if (shown === undefined) return undefined;
    const found = await this.#login(connection, shown.user, shown.password);
    if (found !== undefined) connection.login = header;
    return found;
  }

  async #login(connection: DoorConnection, user: string, password: string): Promise<EgressClient | undefined> {
    const session = await this.#runtime.authenticate(user, password);
    if (session === undefined || session.endedAs !== undefined) return undefined;
    if (connection.client !== undefined) return connection.client.session === session ? connection.client : undefined;
    const client = this.#clientOf(session);
    if (!client.adopt(connection.socket)) return undefined;
    connection.client = client;
    return client;
  }

  #clientOf(session: EgressSession): EgressClient {
    const known = this.#clients.get(session);
    if (known !== undefined) return known;
    const client = new EgressClient(session, this.#runtime);
    this.#clients.set(session, client);
    session.signal.addEventListener('abort', () => this.#clients.delete(session), { once: true });
    return client;
  }

  #bug(error: unknown): void {
    this.#runtime.report(error instanceof Error ? (error.stack ?? error.message) : 'a request broke the egress door');
  }
}

/** Gives a stream to Node's HTTP, with the bytes that were put back. */
function hand(stream: Duplex, serve: ServeHttp): void {
  serve(stream);
  process.nextTick(() => stream.resume());
}

/** A client that is known by its socket or its tunnel shows nothing; any other shows the same as before. */
function isSameLogin(connection: DoorConnection, incoming: IncomingMessage): boolean {
  return connection.login === undefined || connection.login === incoming.headers['proxy-authorization'];
}

/** `Basic user:password`, or `Bearer token`, which has no user. */
function readLogin(header: string): { readonly user: string; readonly password: string } | undefined {
  const [, scheme = '', value = ''] = /^(basic|bearer) +(\S+)$/i.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { user: '', password: value };
  if (value === '') return undefined;
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function describe(place: EgressPlace): string {
  return 'path' in place ? `at ${place.path}` : `on ${place.host} port ${place.port}`;
}
