import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '../../base/errors.ts';
import { toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { EgressWay } from '../../policy/egress/compile-egress.ts';
import { type EgressTarget, readAuthority } from '../../policy/egress/read-target.ts';
import { codeFor, type Tunnelled } from './check-request.ts';
import { readClientHello } from './client-hello.ts';
import { connectTo, pinAddress } from './connect-pinned.ts';
import type { DoorConnection } from './door-connection.ts';
import type { EgressClient } from './egress-client.ts';
import { readFirstBytes } from './first-bytes.ts';
import { type RequestRecord, recordRequest } from './request-record.ts';
import type { EgressRuntime } from './runtime.ts';
import { tell } from './scan-request.ts';

/** A tunnel that a client asks for, by CONNECT or by SOCKS. */
export interface TunnelRequest {
  readonly protocol: 'connect' | 'socks';
  /** `host:port`, as the client wrote it. */
  readonly authority: string;
  readonly socket: Duplex;
  /** Bytes that came right behind the request. */
  readonly head: Buffer;
  /** Tells the client that the tunnel is open. */
  accept(): void;
  /** Tells the client that it is not, and closes. */
  refuse(code: ErrorCode): void;
}

/** What is done with content that is seen. */
export interface TunnelContent {
  /** Serves HTTP requests to one host on a stream whose first bytes were put back. */
  serveHttp(stream: Duplex, tunnel: Tunnelled, client: EgressClient): void;
  /** Opens TLS in the name of the host. Undefined where this door does not. */
  openTls: ((stream: Duplex, host: string) => Promise<Duplex>) | undefined;
}

type Tunnel = Pick<TunnelRequest, 'protocol' | 'socket'> & {
  readonly client: EgressClient;
  readonly runtime: EgressRuntime;
  readonly target: EgressTarget;
  readonly way: EgressWay;
  readonly record: RequestRecord;
};

/**
 * Opens a tunnel, and lets nothing through it before it is known to be for the host that was decided on: TLS shows the
 * host, HTTP is served request by request, and anything else takes a rule that says `raw`. Never rejects.
 */
export async function openTunnel(
  asked: TunnelRequest,
  connection: Pick<DoorConnection, 'runtime'>,
  client: EgressClient,
  content: TunnelContent,
): Promise<void> {
  const { runtime } = connection;
  const { session } = client;
  const { protocol, socket } = asked;
  let record: RequestRecord = { protocol, host: tell(asked.authority, runtime), port: 0 };
  const refused = (code: ErrorCode, reason: string) => {
    session.recordRefused(code, recordRequest({ ...record, reason }));
    asked.refuse(code);
  };
  const unfit = session.admit();
  if (unfit !== undefined) return refused(unfit, 'the client may not send now');
  const read = readAuthority(asked.authority);
  if (!read.ok) return refused(codeFor([asked.authority]), read.message);
  const target = read.value;
  record = { protocol, host: tell(target.host, runtime), port: target.port };
  if (record.host !== target.host) return refused('E_EGRESS_SECRET', 'the host holds a secret of this gateway');
  const way = runtime.policy(session).decideTunnel(session.subject, target, await session.readLabel());
  if (!way.ok) return refused(way.code, way.message);
  record = { ...record, rule: way.index };
  const tunnel: Tunnel = { protocol, socket, client, runtime, target, way, record };
  if (asked.head.length > 0) socket.unshift(asked.head);
  if (way.rule.inspect && content.openTls === undefined)
    return refused('E_EGRESS_TLS', 'its rule says `inspect`, and this door opens no TLS');
  // Of requests that are seen, each makes its own connection to the host or takes one that is there.
  if (way.rule.inspect || way.requestsOnly) {
    asked.accept();
    return serveSeen(tunnel, content);
  }
  let upstream: Socket;
  try {
    const address = await pinAddress(way.rule, target, runtime);
    record = { ...record, address };
    upstream = await connectTo(address, target.port, session.signal);
  } catch (error) {
    const { code, message } = toFault(error, 'E_UPSTREAM_UNREACHABLE', 'there is no connection to the host');
    return refused(code, message);
  }
  if (socket.destroyed) return void upstream.destroy();
  upstream.on('error', () => upstream.destroy());
  socket.once('close', () => upstream.destroy());
  asked.accept();
  const opened = { ...tunnel, record };
  if (way.rule.raw) return pass(opened, upstream, Buffer.alloc(0));
  return passTls(opened, upstream, content);
}

/** Waits for the first bytes of the client, and passes them on if they are TLS for the host. */
async function passTls(tunnel: Tunnel, upstream: Socket, content: TunnelContent): Promise<void> {
  const { socket, runtime, target, client } = tunnel;
  try {
    const first = await readFirstBytes(socket, (bytes) => readClientHello(bytes).kind !== 'partial');
    const hello = readClientHello(first);
    if (hello.kind === 'hello') {
      const why = refuseHello(hello, target, runtime);
      if (why !== undefined) return cut(tunnel, 'E_EGRESS_TLS', why);
      return pass(tunnel, upstream, first);
    }
    if (!looksLikeHttp(first)) return cut(tunnel, 'E_EGRESS_TLS', 'it is neither TLS nor HTTP');
    upstream.destroy();
    socket.unshift(first);
    content.serveHttp(socket, { ...target, tls: false }, client);
  } catch (error) {
    cut(tunnel, 'E_EGRESS_TLS', toFault(error, 'E_EGRESS_TLS', 'nothing was said').message);
  }
}

/** Serves the requests of a tunnel whose content is seen: in the clear, or through TLS that the door opens. */
async function serveSeen(tunnel: Tunnel, content: TunnelContent): Promise<void> {
  const { socket, runtime, target, way, client } = tunnel;
  try {
    const first = await readFirstBytes(socket, (bytes) => readClientHello(bytes).kind !== 'partial');
    const hello = readClientHello(first);
    socket.unshift(first);
    if (hello.kind === 'other') {
      if (!looksLikeHttp(first)) return cut(tunnel, 'E_EGRESS_TLS', 'it is neither TLS nor HTTP');
      return content.serveHttp(socket, { ...target, tls: false }, client);
    }
    if (hello.kind === 'partial' || !way.rule.inspect || content.openTls === undefined)
      return cut(tunnel, 'E_EGRESS_TLS', 'its rule names methods or paths, which TLS hides without `inspect`');
    const why = refuseHello(hello, target, runtime);
    if (why !== undefined) return cut(tunnel, 'E_EGRESS_TLS', why);
    const opened = await content.openTls(socket, target.host);
    content.serveHttp(opened, { ...target, tls: true }, client);
  } catch (error) {
    const { code, message } = toFault(error, 'E_EGRESS_TLS', 'the client did not accept the door’s certificate');
    cut(tunnel, code, message);
  }
}

/** Why the first message of TLS does not show that it is for the host. */
function refuseHello(
  hello: { readonly serverName?: string; readonly isEncrypted: boolean },
  { host }: EgressTarget,
  runtime: EgressRuntime,
): string | undefined {
  const asked = runtime.hello();
  if (hello.isEncrypted && asked.encrypted === 'refuse') return 'the hello may hide another host (ECH)';
  if (hello.serverName === undefined) {
    // An address has no name to show.
    const isAddress = /^\[|^\d+\.\d+\.\d+\.\d+$/.test(host);
    return isAddress || asked.unnamed === 'allow' ? undefined : 'the hello names no host';
  }
  const named = hello.serverName.toLowerCase().replace(/\.$/, '');
  return named === host ? undefined : 'the hello names another host than the tunnel';
}

function looksLikeHttp(bytes: Buffer): boolean {
  return /^[A-Z]{3,20} [!-~]/.test(bytes.subarray(0, 32).toString('latin1'));
}

/** Ends a tunnel that was opened, since what came through it must not go on. */
function cut({ client, socket, record }: Tunnel, code: ErrorCode, reason: string): void {
  client.session.recordRefused(code, recordRequest({ ...record, reason }));
  socket.destroy();
}

/** Passes bytes both ways until both sides have ended, one breaks, or nothing moves for too long. */
function pass(tunnel: Tunnel, upstream: Socket, first: Buffer): void {
  const { socket, client, runtime, record } = tunnel;
  const { session } = client;
  const startMs = runtime.clock.monotonicMs();
  let up = 0;
  let down = 0;
  session.recordPassed(recordRequest(record));
  let reason: string | undefined;
  const stop = (why: string) => {
    reason ??= why;
    socket.destroy();
    upstream.destroy();
  };
  const carry = (from: Duplex, to: Duplex, count: (bytes: number) => boolean) => {
    from.on('data', (chunk: Buffer) => {
      if (!count(chunk.length)) return stop('the client has used up its bytes');
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.once('end', () => to.end());
  };
  upstream.setTimeout(limits.egressIdleMs, () => stop('nothing moved for too long'));
  upstream.once('close', () => {
    socket.end();
    session.recordEnded(
      recordRequest({ ...record, up, down, ms: runtime.clock.monotonicMs() - startMs, ...(reason ? { reason } : {}) }),
    );
  });
  if (first.length > 0) {
    up += first.length;
    if (!session.countUp(first.length)) {
      stop('the client has used up its bytes');
      return;
    }
    upstream.write(first);
  }
  carry(socket, upstream, (bytes) => {
    up += bytes;
    return session.countUp(bytes);
  });
  carry(upstream, socket, (bytes) => {
    down += bytes;
    return session.countDown(bytes);
  });
  socket.resume();
}
