/**
 * Runs in a machine, behind the walls, before the program and beside it: `relay PORT DEVICE -- COMMAND ARGUMENT…`.
 * Programs speak to a port of loopback; the only thing that leads out is a device, on which connections take turns.
 * Imports nothing of Chaperone's, which is not to be seen from there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, openSync, read } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { constants } from 'node:os';

const [port = '', device = '', , command = '', ...rest] = process.argv.slice(2);
const HEADER_BYTES = 9;
const PIECE_BYTES = 65_536;
const [OPEN, DATA, END, CLOSE, HOLD, GO, LEAVE, BEGIN] = [0, 1, 2, 3, 4, 5, 6, 7];

const way = openSync(device, 'r+');
const out = createWriteStream(device, { fd: way, autoClose: false });
const open = new Map<number, Socket>();
const held = new Set<number>();
let last = 0;
let exitCode: number | undefined;
let isCutOff = false;

function send(id: number, kind: number, bytes: Uint8Array = new Uint8Array()): boolean {
  const frame = Buffer.alloc(HEADER_BYTES + bytes.length);
  frame.writeUInt32BE(id, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32BE(bytes.length, 5);
  frame.set(bytes, HEADER_BYTES);
  return out.write(frame);
}

out.on('drain', () => {
  for (const [id, client] of open) if (!held.has(id)) client.resume();
});

let unread = Buffer.alloc(0);
function take(chunk: Uint8Array): void {
  unread = Buffer.concat([unread, chunk]);
  while (unread.length >= HEADER_BYTES && unread.length >= HEADER_BYTES + unread.readUInt32BE(5)) {
    const end = HEADER_BYTES + unread.readUInt32BE(5);
    const [id, kind] = [unread.readUInt32BE(0), unread.readUInt8(4)];
    const bytes = unread.subarray(HEADER_BYTES, end);
    unread = unread.subarray(end);
    if (kind === LEAVE) process.exit(exitCode);
    const client = open.get(id);
    if (client === undefined) continue;
    if (kind === DATA && !client.write(bytes)) send(id, HOLD);
    if (kind === END) client.end();
    if (kind === CLOSE) client.destroy();
    if (kind === HOLD) {
      held.add(id);
      client.pause();
    }
    if (kind === GO) {
      held.delete(id);
      client.resume();
    }
  }
}

const piece = Buffer.alloc(PIECE_BYTES);
function listen(): void {
  read(way, piece, 0, PIECE_BYTES, null, (error, count) => {
    if (error !== null || count === 0) {
      isCutOff = true;
      if (exitCode !== undefined) process.exit(exitCode);
      return;
    }
    take(Buffer.from(piece.subarray(0, count)));
    listen();
  });
}
listen();

/** Node waits for a read that is under way before it exits: the host's answer ends it. */
function leave(code: number): void {
  exitCode = code;
  if (isCutOff) process.exit(code);
  send(0, LEAVE);
}

const server = createServer({ allowHalfOpen: true }, (client) => {
  const id = ++last;
  open.set(id, client);
  send(id, OPEN);
  client.on('data', (chunk) => {
    if (!send(id, DATA, chunk)) client.pause();
  });
  client.on('drain', () => send(id, GO));
  client.on('end', () => send(id, END));
  client.on('error', () => {}); // it shows in that it closes
  client.on('close', () => {
    open.delete(id);
    held.delete(id);
    send(id, CLOSE);
  });
});
server.listen(Number(port), '127.0.0.1');
await once(server, 'listening');

send(0, BEGIN);
const child = spawn(command, rest, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.once('error', (error) => {
  process.stderr.write(`${command} does not start: ${error.message}\n`);
  leave(127);
});
child.once('exit', (code, signal) => leave(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
