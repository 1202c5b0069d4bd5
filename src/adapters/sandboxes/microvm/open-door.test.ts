import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { type Frame, FrameReader, frames, writeFrame } from './door-frames.ts';
import { openDoor } from './open-door.ts';

const taken: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const take of taken.splice(0).reverse()) await take();
});

/** A machine's end of the way, in front of a door on a real socket. */
async function openMachine(
  door: Server,
): Promise<{ port: Duplex; machine: Duplex; heard: Frame[]; begun: () => number; tell: Tell }> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-door-'));
  taken.push(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'door.sock');
  door.listen(path);
  await once(door, 'listening');
  const [port, machine] = duplexPair();
  taken.push(async () => {
    port.destroy();
    await new Promise((resolve) => door.close(resolve)); // none of its connections outlives the way
  });
  let begun = 0;
  openDoor(port, path, () => begun++);
  const heard: Frame[] = [];
  const reader = new FrameReader(({ id, kind, bytes }) => heard.push({ id, kind, bytes: Buffer.from(bytes) }));
  machine.on('data', (chunk: Buffer) => reader.take(chunk));
  return { port, machine, heard, begun: () => begun, tell: (...words) => machine.write(Buffer.concat(words)) };
}
type Tell = (...words: readonly Buffer[]) => boolean;

const isOf = (id: number, kind: number) => (frame: Frame) => frame.id === id && frame.kind === kind;
const large = Buffer.alloc(1_048_576, 'x');
const speaking = () => createServer((socket) => socket.on('error', () => {}).end(large));
const count = (heard: readonly Frame[], id: number) =>
  heard.filter(isOf(id, frames.data)).reduce((sum, { bytes }) => sum + bytes.length, 0);

describe('the host’s end of a machine’s way to the door', () => {
  it('tells when the program begins', async () => {
    const { begun, tell } = await openMachine(speaking());
    tell(writeFrame(0, frames.begin));
    await expect.poll(begun, { timeout: 20_000 }).toBe(1);
  });

  it('holds one connection when it is told to, and no other, and goes on with it', async () => {
    const { heard, tell } = await openMachine(speaking());
    tell(writeFrame(1, frames.open), writeFrame(1, frames.hold), writeFrame(2, frames.open));
    await expect.poll(() => heard.some(isOf(2, frames.end)), { timeout: 20_000 }).toBe(true);
    expect(count(heard, 2)).toBe(large.length);
    expect(count(heard, 1)).toBe(0);
    tell(writeFrame(1, frames.go));
    await expect.poll(() => heard.some(isOf(1, frames.end)), { timeout: 20_000 }).toBe(true);
    expect(count(heard, 1)).toBe(large.length);
  });

  it('tells a machine to hold what the door does not take, and cuts off one that goes on', async () => {
    // What is never read does not notice either that it was closed.
    const door = createServer({ pauseOnConnect: true }, (socket) => taken.push(async () => socket.destroy()));
    const { port, heard, tell } = await openMachine(door);
    tell(writeFrame(1, frames.open), writeFrame(1, frames.data, large));
    await expect.poll(() => heard.some(isOf(1, frames.hold)), { timeout: 20_000 }).toBe(true);
    expect(port.destroyed).toBe(false);
    for (let i = 0; i < 8; i++) tell(writeFrame(1, frames.data, large));
    await expect.poll(() => port.destroyed, { timeout: 20_000 }).toBe(true);
  });

  it('closes everything when what comes is no frames', async () => {
    const connections: Socket[] = [];
    const { port, tell } = await openMachine(createServer((socket) => connections.push(socket.resume())));
    tell(writeFrame(1, frames.open));
    await expect.poll(() => connections.length, { timeout: 20_000 }).toBe(1);
    tell(Buffer.alloc(64, 0xff));
    await expect.poll(() => [port.destroyed, connections[0]?.destroyed], { timeout: 20_000 }).toEqual([true, true]);
  });

  it('opens no connection twice and not more than it may, and answers the last word', async () => {
    let opened = 0;
    const { heard, tell } = await openMachine(createServer((socket) => opened++ && socket.resume()));
    const words = Array.from({ length: 260 }, (_, id) => writeFrame(id, frames.open));
    tell(...words, writeFrame(1, frames.open), writeFrame(0, frames.leave));
    await expect.poll(() => heard.some(isOf(0, frames.leave)), { timeout: 20_000 }).toBe(true);
    expect(heard.map(({ id, kind }) => [id, kind])).toEqual([
      ...[256, 257, 258, 259, 1].map((id) => [id, frames.close]),
      [0, frames.leave],
    ]);
    await expect.poll(() => opened, { timeout: 20_000 }).toBe(256);
  });
});
