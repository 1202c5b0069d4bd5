/**
 * Runs in a machine, behind the walls, before the program and beside it: `relay PORT DEVICE -- COMMAND ARGUMENT…`.
 * Programs speak to a port of loopback; the only thing that leads out is a device, on which connections take turns.
 * Imports nothing of Chaperone's, which is not to be seen from there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, read, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { constants } from 'node:os';

const [port = '', device = '', , command = '', ...rest] = process.argv.slice(2);
const HEADER_BYTES = 9;
const PIECE_BYTES = 65_536;
const [OPEN, DATA, END, CLOSE] = [0, 1, 2, 3];

const way = openSync(device, 'r+');
const open = new Map<number, Socket>();
let last = 0;

function send(id: number, kind: number, bytes: Uint8Array = new Uint8Array()): void {
  const frame = Buffer.alloc(HEADER_BYTES + bytes.length);
  frame.writeUInt32BE(id, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32BE(bytes.length, 5);
  frame.set(bytes, HEADER_BYTES);
  for (let at = 0; at < frame.length; ) at += writeSync(way, frame, at);
}

let held = Buffer.alloc(0);
function take(chunk: Uint8Array): void {
  held = Buffer.concat([held, chunk]);
  while (held.length >= HEADER_BYTES && held.length >= HEADER_BYTES + held.readUInt32BE(5)) {
    const end = HEADER_BYTES + held.readUInt32BE(5);
    const [id, kind] = [held.readUInt32BE(0), held.readUInt8(4)];
    const bytes = held.subarray(HEADER_BYTES, end);
    held = held.subarray(end);
    if (kind === DATA) open.get(id)?.write(bytes);
    if (kind === END) open.get(id)?.end();
    if (kind === CLOSE) open.get(id)?.destroy();
  }
}

const piece = Buffer.alloc(PIECE_BYTES);
function listen(): void {
  read(way, piece, 0, PIECE_BYTES, null, (error, count) => {
    if (error !== null || count === 0) return;
    take(Buffer.from(piece.subarray(0, count)));
    listen();
  });
}
listen();

const server = createServer({ allowHalfOpen: true }, (client) => {
  const id = ++last;
  open.set(id, client);
  send(id, OPEN);
  client.on('data', (chunk) => send(id, DATA, chunk));
  client.on('end', () => send(id, END));
  client.on('error', () => {}); // it shows in that it closes
  client.on('close', () => {
    open.delete(id);
    send(id, CLOSE);
  });
});
server.listen(Number(port), '127.0.0.1');
await once(server, 'listening');

const child = spawn(command, rest, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.once('error', (error) => {
  process.stderr.write(`${command} does not start: ${error.message}\n`);
  process.exit(127);
});
child.once('exit', (code, signal) => {
  closeSync(way);
  process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
});
