import { connect, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { FrameReader, frames, writeFrame } from './door-frames.ts';

const MOST_CONNECTIONS = 256;
/** What may wait to be read in the machine: a piece of each connection, and answers. */
const MOST_OWED_BYTES = 33_554_432;
/** What may be sent on a connection before the machine has heard that it is to hold. */
const MOST_AHEAD_BYTES = 4_194_304;

interface Connection {
  readonly socket: Socket;
  isHeld: boolean;
}

/**
 * The host's end of a machine's way to the door: each connection that the relay in it says it opened is one to `path`.
 * What comes is bytes of a stranger: whoever keeps to no form, or sends what nobody waits for, is cut off, and reaches
 * nothing but the door in any case. `onBegin` is called when the relay says that the program begins.
 */
export function openDoor(port: Readable & Writable, path: string, onBegin: () => void = () => {}): void {
  const open = new Map<number, Connection>();
  const send = (id: number, kind: number, bytes?: Uint8Array): boolean => {
    if (port.writableLength > MOST_OWED_BYTES) port.destroy();
    return port.write(writeFrame(id, kind, bytes));
  };
  const reader = new FrameReader(({ id, kind, bytes }) => {
    if (kind === frames.leave) send(id, frames.leave);
    else if (kind === frames.begin) onBegin();
    else if (kind !== frames.open) follow(open.get(id), id, kind, bytes);
    else if (open.has(id) || open.size >= MOST_CONNECTIONS) send(id, frames.close);
    else open.set(id, begin(id));
  });

  const begin = (id: number): Connection => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.on('data', (chunk) => {
      if (!send(id, frames.data, chunk)) socket.pause();
    });
    socket.on('drain', () => send(id, frames.go));
    socket.on('end', () => send(id, frames.end));
    socket.on('error', () => {}); // it shows in that it closes
    socket.on('close', () => {
      if (open.delete(id)) send(id, frames.close);
    });
    return { socket, isHeld: false };
  };

  const follow = (connection: Connection | undefined, id: number, kind: number, bytes: Uint8Array): void => {
    if (connection === undefined) return; // it has closed meanwhile
    const { socket } = connection;
    switch (kind) {
      case frames.data:
        if (socket.write(bytes)) return;
        if (socket.writableLength > MOST_AHEAD_BYTES) port.destroy();
        else send(id, frames.hold);
        return;
      case frames.hold:
        connection.isHeld = true;
        socket.pause();
        return;
      case frames.go:
        connection.isHeld = false;
        socket.resume();
        return;
      case frames.end:
        socket.end();
        return;
      case frames.close:
        open.delete(id);
        socket.destroy();
    }
  };

  port.on('drain', () => {
    for (const { socket, isHeld } of open.values()) if (!isHeld) socket.resume();
  });
  port.on('data', (chunk: Buffer) => {
    if (!reader.take(chunk)) port.destroy();
  });
  port.on('close', () => {
    const connections = [...open.values()];
    open.clear();
    for (const { socket } of connections) socket.destroy();
  });
}
