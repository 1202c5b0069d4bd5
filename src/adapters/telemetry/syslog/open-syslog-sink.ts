import { connect as connectPlain, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { limits } from '../../../base/limits.ts';
import type { Delivery, EventSink } from '../../../ports/event-sink.ts';
import type { LineFormat } from '../formats/print-line.ts';
import { frameSyslog, printSyslog } from './print-syslog.ts';

export interface SyslogSinkOptions {
  /** `tcp://host:port` or `tls://host:port`. */
  readonly url: URL;
  readonly format: LineFormat;
  /** Instead of the authorities that the system trusts, PEM. */
  readonly ca?: string;
}

const BATCH = 200;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'tcp:': 601, 'tls:': 6514 };

/**
 * Sends events to a syslog server over TCP or TLS. Syslog has no word for “received”: a batch counts as delivered once the
 * system has taken all of it and the connection still stands. When a connection breaks, the batch before is sent again
 * with the next, for nobody can tell how much of it arrived.
 */
export function openSyslogSink(options: SyslogSinkOptions): EventSink {
  const origin = { host: hostname(), pid: process.pid, format: options.format };
  let socket: Socket | undefined;
  let unconfirmed: readonly Buffer[] = [];

  return {
    batch: BATCH,
    async deliver(events, signal): Promise<Delivery> {
      const frames = events.map((event) => frameSyslog(printSyslog(event, origin)));
      const within = AbortSignal.any([signal, AbortSignal.timeout(limits.sinkTimeoutMs)]);
      try {
        let again: readonly Buffer[] = [];
        if (socket === undefined || socket.destroyed || !socket.writable) {
          socket = await open(options, within);
          again = unconfirmed;
        }
        await write(socket, Buffer.concat([...again, ...frames]), within);
        unconfirmed = frames;
        return { kind: 'accepted' };
      } catch (error) {
        socket?.destroy();
        socket = undefined;
        return { kind: 'unavailable', message: error instanceof Error ? error.message : 'it could not be reached' };
      }
    },
    async close() {
      const open = socket;
      socket = undefined;
      if (open === undefined || open.destroyed) return;
      await new Promise<void>((resolve) => {
        open.once('close', () => resolve());
        open.setTimeout(limits.drainMs, () => open.destroy());
        open.end();
        open.resume();
      });
    },
  };
}

function open({ url, ca }: SyslogSinkOptions, signal: AbortSignal): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 0) : Number(url.port);
  return new Promise((resolve, reject) => {
    const isTls = url.protocol === 'tls:';
    const socket = isTls
      ? connectTls({ host, port, servername: /^[\d.:]+$/.test(host) ? '' : host, ...(ca === undefined ? {} : { ca }) })
      : connectPlain({ host, port });
    const fail = (message: string) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(new Error(message));
    };
    const onAbort = () => fail('it did not answer in time');
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', () => fail(isTls ? 'no TLS connection could be made' : 'it could not be reached'));
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.setNoDelay(true);
      socket.setKeepAlive(true, limits.sinkTimeoutMs);
      socket.removeAllListeners('error');
      // Whoever writes next finds it destroyed; nobody waits for it now.
      socket.on('error', () => socket.destroy());
      socket.resume();
      socket.on('end', () => socket.destroy());
      resolve(socket);
    });
  });
}

function write(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => {
      socket.removeListener('close', onClose);
      signal.removeEventListener('abort', onAbort);
      if (error) reject(new Error('the connection broke off'));
      else resolve();
    };
    const onClose = () => done(new Error('closed'));
    const onAbort = () => {
      socket.destroy();
      reject(new Error('it did not take the events in time'));
    };
    socket.once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.write(bytes, done);
  });
}
