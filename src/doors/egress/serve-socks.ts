import type { Socket } from 'node:net';
import type { ErrorCode } from '../../base/errors.ts';
import type { DoorConnection } from './door-connection.ts';
import type { EgressClient } from './egress-client.ts';
import { readFirstBytes } from './first-bytes.ts';
import {
  readSocksGreeting,
  readSocksLogin,
  readSocksRequest,
  SOCKS_VERSION,
  type SocksRead,
  socksReply,
} from './read-socks.ts';
import { openTunnel, type TunnelContent } from './tunnel.ts';

const NO_LOGIN = 0;
const LOGIN = 2;
const NO_METHOD = 0xff;

/** Serves one SOCKS5 client from its first byte on. Never rejects. */
export async function serveSocks(
  socket: Socket,
  connection: DoorConnection,
  login: (user: string, password: string) => Promise<EgressClient | undefined>,
  content: TunnelContent,
): Promise<void> {
  const answer = (code: number) => socket.write(Uint8Array.of(SOCKS_VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0));
  try {
    const methods = await take(socket, readSocksGreeting);
    if (typeof methods === 'number') return void socket.destroy();
    let { client } = connection;
    // Who is known by their socket needs no login, and may have none to show.
    const method = client !== undefined && methods.includes(NO_LOGIN) ? NO_LOGIN : LOGIN;
    if (!methods.includes(method)) return void socket.end(Uint8Array.of(SOCKS_VERSION, NO_METHOD));
    socket.write(Uint8Array.of(SOCKS_VERSION, method));
    if (method === LOGIN) {
      const shown = await take(socket, readSocksLogin);
      if (typeof shown === 'number') return void socket.destroy();
      client ??= await login(shown.user, shown.password);
      if (client === undefined) return void socket.end(Uint8Array.of(1, 1));
      socket.write(Uint8Array.of(1, 0));
    }
    const request = await take(socket, readSocksRequest);
    if (client === undefined) return void socket.destroy();
    if (typeof request === 'number') {
      answer(request);
      return void socket.end();
    }
    await openTunnel(
      {
        protocol: 'socks',
        authority: `${request.host}:${request.port}`,
        socket,
        head: Buffer.alloc(0),
        accept: () => answer(socksReply.succeeded),
        refuse: (code) => {
          answer(replyFor(code));
          socket.end();
        },
      },
      connection,
      client,
      content,
    );
  } catch {
    socket.destroy();
  }
}

/** Reads one message and puts back what came behind it; a number is the reply to something that is wrong. */
async function take<T extends object>(socket: Socket, read: (data: Uint8Array) => SocksRead<T>): Promise<T | number> {
  const bytes = await readFirstBytes(socket, (data) => read(data).kind !== 'partial');
  const message = read(bytes);
  if (message.kind !== 'read') return message.kind === 'wrong' ? message.reply : socksReply.failed;
  if (message.bytes < bytes.length) socket.unshift(bytes.subarray(message.bytes));
  return message.value;
}

function replyFor(code: ErrorCode): number {
  if (code === 'E_UPSTREAM_UNREACHABLE') return socksReply.unreachable;
  return code === 'E_STORE' || code === 'E_BUSY' ? socksReply.failed : socksReply.notAllowed;
}
