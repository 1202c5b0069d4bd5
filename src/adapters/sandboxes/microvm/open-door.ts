import { connect, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { FrameReader, frames, writeFrame } from './door-frames.ts';

const MOST_CONNECTIONS = 256;

/**
 * The host's end of a machine's way to the door: each connection that the relay in it says it opened is one to `socket`.
 * What comes is bytes of a stranger: whoever keeps to no form is cut off, and reaches nothing but the door in any case.
 */
export function openDoor(port: Readable & Writable, socket: string): void {
  const open = new Map<number, Socket>();
  const send = (id: number, kind: number, bytes?: Uint8Array) => port.write(writeFrame(id, kind, bytes));
  const close = () => {
    for (const connection of open.values()) connection.destroy();
    open.clear();
  };
  const reader = new FrameReader(({ id, kind, bytes }) => {
    switch (kind) {
      case frames.open: {
        if (open.has(id) || open.size >= MOST_CONNECTIONS) return send(id, frames.close);
        const connection = connect({ path: socket, allowHalfOpen: true });
        open.set(id, connection);
        connection.on('data', (chunk) => {
          if (send(id, frames.data, chunk)) return;
          connection.pause();
          port.once('drain', () => connection.resume());
        });
        connection.on('end', () => send(id, frames.end));
        connection.on('error', () => {}); // it shows in that it closes
        connection.on('close', () => {
          if (open.delete(id)) send(id, frames.close);
        });
        return;
      }
      case frames.data:
        return open.get(id)?.write(bytes);
      case frames.end:
        return open.get(id)?.end();
      case frames.close:
        open.get(id)?.destroy();
        open.delete(id);
    }
  });
  port.on('data', (chunk: Buffer) => {
    if (!reader.take(chunk)) {
      close();
      port.destroy();
    }
  });
  port.on('close', close);
}
