import { createServer, IncomingMessage, type Server, ServerResponse, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Clock } from '../../base/clock.ts';
import { type ErrorCode, errorEntry } from '../../base/errors.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { BodySource } from './body.ts';
import { isLoopbackAddress } from './guard.ts';
import { type RequestHead, readHead } from './head.ts';
import { answerHeaders, type DoorReport, RequestRefused, respondError, respondRefusal } from './refuse.ts';
import { readTls, type TlsFiles } from './tls.ts';
import { writeResponse } from './write-response.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** Required beyond loopback. */
  readonly tls?: TlsFiles;
  /** Tighter than `limits`, for those who know their clients. */
  readonly timeouts?: {
    readonly headersMs?: number;
    readonly requestMs?: number;
    readonly keepAliveMs?: number;
    readonly drainMs?: number;
  };
}

export interface HttpListener {
  /** `http://127.0.0.1:7070` */
  readonly origin: string;
  readonly port: number;
  /** Takes no new requests, lets those in flight finish for `drainMs`, then cuts them off. */
  close(): Promise<void>;
}

export interface ListenInside extends ListenOptions {
  readonly answer: (head: RequestHead, request: Request, source: BodySource) => Promise<Response>;
  readonly clock: Clock;
  readonly report: (report: DoorReport) => void;
}

const GRACE_AFTER_REFUSAL_MS = 1_000;

export async function listen(options: ListenInside): Promise<HttpListener> {
  const { host, port, clock, report } = options;
  if (options.tls === undefined && !isLoopbackBind(host)) {
    throw new Fault(
      'E_LISTEN',
      `${host} is reachable from other machines, and there is no certificate: set listen.tls, or listen on 127.0.0.1`,
    );
  }
  const drainMs = options.timeouts?.drainMs ?? limits.drainMs;
  const busy = new Map<Duplex, number>();
  let inFlight = 0;
  let draining = false;
  let drained = (): void => {};
  let closing: Promise<void> | undefined;

  const respond = async (request: Request, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    try {
      const response = draining
        ? respondRefusal('E_BUSY', 'operator', { headers: { 'retry-after': '1' } })
        : await options.answer(readHead(incoming), request, incoming);
      await writeResponse(response, outgoing, draining);
    } catch (error) {
      const response = respondError(error, 'operator', clock, report);
      if (outgoing.headersSent) outgoing.destroy();
      else await writeResponse(response, outgoing, true);
    }
  };

  const listener = getRequestListener(
    async (request, { incoming, outgoing }) => {
      if (!(incoming instanceof IncomingMessage && outgoing instanceof ServerResponse))
        throw new RequestRefused('E_REQUEST_INVALID');
      const { socket } = incoming;
      inFlight++;
      busy.set(socket, (busy.get(socket) ?? 0) + 1);
      try {
        await respond(request, incoming, outgoing);
      } finally {
        inFlight--;
        const left = (busy.get(socket) ?? 1) - 1;
        if (left > 0) busy.set(socket, left);
        else busy.delete(socket);
        if (inFlight === 0) drained();
      }
      return RESPONSE_ALREADY_SENT;
    },
    {
      overrideGlobalObjects: false,
      // What cannot even be made a request of: no or a senseless Host, an address that is none.
      errorHandler: () =>
        respondRefusal('E_REQUEST_INVALID', 'operator', {
          detail: 'the Host header or the address is not one',
          headers: { connection: 'close' },
        }),
    },
  );

  const server = await openServer(options, (incoming, outgoing) => void listener(incoming, outgoing));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseUnread(error, socket, busy.has(socket)));
  const address = await bind(server, host, port);
  if (options.tls === undefined && !isLoopbackAddress(address.address)) {
    server.close();
    throw new Fault(
      'E_LISTEN',
      `${host} turned out to be ${address.address}, which other machines reach; set listen.tls`,
    );
  }
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;

  return {
    origin: `${options.tls ? 'https' : 'http'}://${name}:${address.port}`,
    port: address.port,
    close: () => {
      closing ??= close();
      return closing;
    },
  };

  async function close(): Promise<void> {
    draining = true;
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    server.closeIdleConnections();
    if (inFlight > 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        drained = resolve;
        timer = setTimeout(resolve, drainMs);
      });
      clearTimeout(timer);
    }
    // One turn, so that what was just answered is flushed.
    await new Promise((resolve) => setImmediate(resolve));
    server.closeAllConnections();
    await closed;
  }
}

async function openServer(
  options: ListenInside,
  onRequest: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): Promise<Server> {
  const { timeouts } = options;
  const headersTimeout = timeouts?.headersMs ?? limits.headersTimeoutMs;
  const settings = {
    headersTimeout,
    requestTimeout: Math.max(headersTimeout, timeouts?.requestMs ?? limits.requestTimeoutMs),
    keepAliveTimeout: timeouts?.keepAliveMs ?? limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, headersTimeout),
    maxHeaderSize: limits.headerBytes,
    // A missing Host is refused by us, with a code.
    requireHostHeader: false,
  };
  const server = options.tls
    ? createTlsServer(
        { ...settings, ...(await readTls(options.tls)), minVersion: 'TLSv1.2', handshakeTimeout: headersTimeout },
        onRequest,
      )
    : createServer(settings, onRequest);
  server.maxHeadersCount = 0; // counted by the guard, which refuses; Node would drop the rest in silence
  server.maxConnections = limits.connections;
  return server;
}

function bind(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'something else listens there already' : (error.code ?? 'unknown reason');
      reject(new Fault('E_LISTEN', `${host}:${port} cannot be listened on: ${why}`, { cause: error }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string')
        reject(new Fault('E_LISTEN', `${host}:${port} is no address`));
      else resolve(address);
    });
  });
}

function isLoopbackBind(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host);
}

/** Answers what never became a request. Nothing is written into an answer that is already under way. */
function refuseUnread(error: NodeJS.ErrnoException, socket: Duplex, answering: boolean): void {
  if (answering || !socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [code, detail] = describeUnread(error.code);
  const { http, meaning, next } = errorEntry(code);
  const body = JSON.stringify({ error: { code, message: meaning, next, detail } });
  const headers = { ...answerHeaders, connection: 'close', 'content-length': Buffer.byteLength(body) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${http} ${STATUS_CODES[http] ?? ''}\r\n${lines.join('')}\r\n${body}`);
  (socket as Socket).setTimeout(GRACE_AFTER_REFUSAL_MS, () => socket.destroy()); // `clientError` hands over sockets
}

function describeUnread(reason: string | undefined): [ErrorCode, string] {
  if (reason === 'HPE_HEADER_OVERFLOW') return ['E_LIMIT', `at most ${limits.headerBytes} bytes of headers`];
  if (reason === 'ERR_HTTP_REQUEST_TIMEOUT') return ['E_REQUEST_INVALID', 'the request did not arrive in time'];
  return ['E_REQUEST_INVALID', 'this is not HTTP/1.1'];
}
