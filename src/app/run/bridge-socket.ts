import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { toFault } from '../../base/fault.ts';

/** Leads whoever connects to a socket to a port of loopback. Rejects with a `Fault` E_LISTEN. */
export async function bridgeSocket(path: string, port: number): Promise<{ close(): Promise<void> }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const out = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    const cut = () => {
      client.destroy();
      out.destroy();
    };
    for (const socket of [client, out]) {
      open.add(socket);
      socket.on('error', cut);
      socket.once('close', () => open.delete(socket));
    }
    client.pipe(out);
    out.pipe(client);
  });
  try {
    server.listen({ path });
    await once(server, 'listening');
  } catch (error) {
    throw toFault(error, 'E_LISTEN', `${path} cannot be listened on`);
  }
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
