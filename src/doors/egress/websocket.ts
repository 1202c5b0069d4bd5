import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { ErrorCode } from '../../base/errors.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { DoorConnection } from './door-connection.ts';
import type { EgressClient } from './egress-client.ts';
import { clear, headersOf } from './forward.ts';
import { hasPlaceholder } from './inject-credentials.ts';
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
    return refused('E_CREDENTIAL_DENIED', 'what comes back over a WebSocket cannot be looked at, so none is put in');
  const { path, query } = request.url;
  upstream.pool.dispatch({ path: path + query, method: 'GET', headers: request.headers, upgrade: request.upgrade }, {
    onRequestStart(controller) {
      socket.once('close', () => controller.abort(new Fault('E_CANCELLED', 'the client went away')));
    },
    onRequestUpgrade(_controller, status, answered, other) {
      const address = upstream.address;
      const opened = { ...record, status, findings: cleared.findings, ...(address === undefined ? {} : { address }) };
      session.recordPassed(recordRequest(opened));
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${printHeaders(headersOf(answered))}\r\n`,
      );
      let up = 0;
      let down = 0;
      const stop = () => {
        socket.destroy();
        other.destroy();
      };
      carry(socket, other, (bytes) => {
        up += bytes;
        return session.countUp(bytes);
      });
      carry(other, socket, (bytes) => {
        down += bytes;
        return session.countDown(bytes);
      });
      if ('setTimeout' in socket) (socket as import('node:net').Socket).setTimeout(limits.egressIdleMs, stop);
      other.once('error', stop);
      socket.once('close', () => {
        other.destroy();
        const ms = runtime.clock.monotonicMs() - startMs;
        session.recordEnded(recordRequest({ ...record, up, down, ms }));
      });
      other.once('close', () => socket.end());
      if (head.length > 0) socket.unshift(head);
      socket.resume();
      other.resume();
      function carry(from: Duplex, to: Duplex, count: (bytes: number) => boolean) {
        from.on('data', (chunk: Buffer) => {
          if (!count(chunk.length)) return stop();
          if (!to.write(chunk)) from.pause();
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

function printHeaders(headers: readonly string[]): string {
  let text = '';
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return text;
}
