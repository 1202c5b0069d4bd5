import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { systemClock } from '../../src/base/clock.ts';
import { EgressDoor } from '../../src/doors/egress/create-egress-door.ts';
import type { EgressRuntime } from '../../src/doors/egress/runtime.ts';
import type { TunnelContent } from '../../src/doors/egress/tunnel.ts';
import { egressSchema } from '../../src/model/egress.ts';
import type { StoredEvent } from '../../src/model/event.ts';
import type { Run } from '../../src/model/run.ts';
import { EgressPolicy } from '../../src/policy/egress/compile-egress.ts';
import type { Store } from '../../src/ports/store.ts';
import { EgressBook } from '../../src/runtime/egress/egress-book.ts';
import type { EgressSession } from '../../src/runtime/egress/egress-session.ts';
import { RunBook } from '../../src/runtime/run-book.ts';
import { scanOutbound } from '../../src/scan/scan-outbound.ts';

/** A real egress door on a socket and on a port of loopback, in front of real servers, with a store in memory. */
export interface EgressWorld extends AsyncDisposable {
  readonly store: Store;
  readonly book: EgressBook;
  readonly runs: RunBook;
  readonly run: Run;
  readonly session: EgressSession;
  readonly secret: string;
  /** Where the session's own socket is. */
  readonly path: string;
  /** Where anybody shows credentials. */
  readonly port: number;
  readonly door: EgressDoor;
  /** Everything recorded of egress so far. */
  events(): Promise<readonly StoredEvent[]>;
}

export interface EgressWorldOptions {
  /** The `egress` section, as it is written. */
  readonly egress: unknown;
  /** Names and what they lead to; what is not here leads nowhere. */
  readonly hosts?: Readonly<Record<string, readonly string[] | (() => readonly string[])>>;
  readonly runtime?: Partial<EgressRuntime>;
  readonly store?: (truth: Store) => Store;
  readonly openTls?: TunnelContent['openTls'];
}

export async function openEgressWorld(options: EgressWorldOptions): Promise<EgressWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-egress-'));
  const config = egressSchema.parse(options.egress);
  const policy = new EgressPolicy(config);
  const truth = openMemoryStore();
  const store = options.store?.(truth) ?? truth;
  const runs = new RunBook(systemClock, truth, () => 3_600_000);
  const run = await runs.start({
    principal: { tenant: 'default', agent: 'agent' },
    task: '',
    prompt: [],
    attested: false,
  });
  const book = new EgressBook({ clock: systemClock, store, runs }, () => config);
  const { session, secret } = await book.openFor({ tenant: 'default', agent: 'agent', runId: run.id }, run);
  const door = new EgressDoor(
    {
      clock: systemClock,
      policy: () => policy,
      authenticate: async (_user, password) => book.find(password),
      async resolve(host) {
        const found = options.hosts?.[host];
        if (found === undefined) throw new Error(`no such host: ${host}`);
        return typeof found === 'function' ? found() : found;
      },
      refuseCountry: () => undefined,
      hello: () => config.hello,
      scanBody: async (text) => scanOutbound(text, { channel: 'body' }),
      holdsSecret: () => false,
      leaseCredential: async () => {
        throw new Error('there are no credentials here');
      },
      maskText: (text) => text,
      countOpen: (text) => text.length,
      trust: () => [],
      report: (message) => {
        throw new Error(message);
      },
      ...options.runtime,
    },
    options.openTls,
  );
  const path = join(folder, 'door.sock');
  await door.listen({ path, session });
  const { port = 0 } = await door.listen({ host: '127.0.0.1', port: 0 });
  return {
    store,
    book,
    runs,
    run,
    session,
    secret,
    path,
    port,
    door,
    async events() {
      await book.flush();
      const all = await truth.readEvents({ tenant: 'default', limit: 1_000 });
      return all.filter(({ kind }) => kind.startsWith('egress.'));
    },
    async [Symbol.asyncDispose]() {
      await book.closeAll();
      await door.close();
      await truth.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A server on loopback, and the requests that reached it. */
export interface Upstream extends AsyncDisposable {
  readonly port: number;
  readonly seen: string[];
  readonly server: Server;
}

export async function startUpstream(answer?: RequestListener): Promise<Upstream> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.headers.host} ${request.url}`);
    if (answer !== undefined) return answer(request, response);
    response.end(`hello from ${request.url}`);
  });
  const port = await listen(server);
  return { port, seen, server, [Symbol.asyncDispose]: () => closeServer(server) };
}

export async function listen(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export async function closeServer(server: Server | NetServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  if ('closeAllConnections' in server) server.closeAllConnections();
  await closed;
}

/** Connects to a door. */
export async function dial(to: string | number): Promise<Socket> {
  const socket = typeof to === 'string' ? connect({ path: to }) : connect({ host: '127.0.0.1', port: to });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Sends bytes and gives what came back until the other side closed. */
export async function say(to: string | number, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = await dial(to);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = once(socket, 'close');
  for (const part of parts) socket.write(part);
  await closed;
  return Buffer.concat(chunks).toString('latin1');
}

/** One request that closes its connection, and its status and code. */
export async function ask(
  to: string | number,
  head: string,
  body = '',
): Promise<{ readonly status: number; readonly code: string | undefined; readonly text: string }> {
  const text = await say(to, `${head.trim().replaceAll('\n', '\r\n')}\r\nConnection: close\r\n\r\n${body}`);
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
    code: /^x-chaperone-error: (\S+)/im.exec(text)?.[1],
    text,
  };
}
