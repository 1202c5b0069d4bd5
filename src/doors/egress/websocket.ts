import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { ErrorCode } from '../../base/errors.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { DoorConnection } from './door-connection.ts';
import type { EgressClient } from './egress-client.ts';
import { clear, headersOf } from './forward.ts';
import { HostFrames, writeClose } from './host-frames.ts';
import { hasPlaceholder } from './inject-credentials.ts';
import { MaskedAnswer } from './masked-answer.ts';
import { refuseSocket } from './refuse.ts';
import { recordRequest } from './request-record.ts';

/** Passes a WebSocket on once its opening request was decided like any other. Never rejects. */
export async function passWebSocket(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  connection: DoorConnection,
  client: EgressClient,
): Promise<void> {
  const { runtime } = connection;
  const { session } = client;
  const cleared = await clear(incoming, connection, client);
  if (typeof cleared === 'string') return refuseSocket(socket, cleared);
  const { request, way, record, startMs } = cleared;
  const upstream = client.upstream(way.rule, way.index, request.url, request.url.tls);
  const refused = (code: ErrorCode, reason: string) => {
    session.recordRefused(code, recordRequest({ ...record, reason }));
    refuseSocket(socket, code);
  };
  if (request.upgrade === undefined) return refused('E_EGRESS_REQUEST', 'it asks for no change of protocol');
  if (hasPlaceholder(request.headers))
    return refused('E_CREDENTIAL_DENIED', 'none is put into the opening of a WebSocket, which stays open long after');
  const { path, query, host } = request.url;
  const look = () => {
    const longest = connection.confided.longestOf(host);
    return longest === undefined ? undefined : new MaskedAnswer(runtime, longest);
  };
  const frames = new HostFrames(look);
  const headers = look() === undefined ? request.headers : withoutPacking(request.headers);
  upstream.pool.dispatch({ path: path + query, method: 'GET', headers, upgrade: request.upgrade }, {
    onRequestStart(controller) {
      socket.once('close', () => controller.abort(new Fault('E_CANCELLED', 'the client went away')));
    },
    onRequestUpgrade(_controller, status, answered, other) {
      const address = upstream.address;
      const opened = { ...record, status, findings: cleared.findings, ...(address === undefined ? {} : { address }) };
      session.recordPassed(recordRequest(opened));
      const told =
        look() === undefined ? headersOf(answered) : headersOf(answered).map((text) => runtime.maskText(text));
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${printHeaders(told)}\r\n`,
      );
      let up = 0;
      let down = 0;
      let reason: string | undefined;
      const stop = () => {
        socket.destroy();
        other.destroy();
      };
      /** A message that cannot be looked at ends it, and says so. */
      const readFrames = (chunk: Buffer) => {
        try {
          return frames.push(chunk);
        } catch (error) {
          const { code, message } = toFault(error, 'E_RESULT_UNSCANNED', 'a message could not be looked at');
          reason ??= `${code}: ${message}`;
          socket.end(writeClose(code));
          other.destroy();
          return Buffer.alloc(0);
        }
      };
      carry(
        socket,
        other,
        (bytes) => {
          up += bytes;
          return session.countUp(bytes);
        },
        (chunk) => chunk,
      );
      carry(
        other,
        socket,
        (bytes) => {
          down += bytes;
          return session.countDown(bytes);
        },
        readFrames,
      );
      if ('setTimeout' in socket) (socket as import('node:net').Socket).setTimeout(limits.egressIdleMs, stop);
      other.once('error', stop);
      socket.once('close', () => {
        other.destroy();
        const ms = runtime.clock.monotonicMs() - startMs;
        session.recordEnded(recordRequest({ ...record, up, down, ms, ...(reason === undefined ? {} : { reason }) }));
      });
      other.once('close', () => socket.end());
      if (head.length > 0) socket.unshift(head);
      socket.resume();
      other.resume();
      function carry(from: Duplex, to: Duplex, count: (bytes: number) => boolean, read: (chunk: Buffer) => Buffer) {
        from.on('data', (chunk: Buffer) => {
          if (!count(chunk.length)) return stop();
          const said = read(chunk);
          if (said.length > 0 && to.writable && !to.write(said)) from.pause();
        });
        to.on('drain', () => from.resume());
        from.once('end', () => to.end());
      }
    },
    onResponseStart(controller, status, _answered) {
      if (status < 200) return;
      controller.abort(new Fault('E_UPSTREAM_FAILED', `the host answered ${status} instead of changing to WebSocket`));
    },
    onResponseError(_controller, error) {
      const { code, message } = toFault(error, 'E_UPSTREAM_LOST', 'the connection to the host broke');
      refused(code, message);
    },
  } satisfies Dispatcher.DispatchHandler);
}

/** Without the offer to pack messages, in which nothing can be seen. */
function withoutPacking(headers: readonly string[]): string[] {
  return headers.filter((_, index) => headers[index - (index % 2)]?.toLowerCase() !== 'sec-websocket-extensions');
}

function printHeaders(headers: readonly string[]): string {
  let text = '';
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return text;
}
