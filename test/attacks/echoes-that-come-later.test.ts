import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MaskIndex } from '../../src/adapters/tools/mcp/create-mask.ts';
import { Secret } from '../../src/base/secret.ts';
import { closeServer, type EgressWorld, listen, openEgressWorld } from './egress-world.ts';

/*
 * A host that was sent a credential shows it later, in what goes on for long: events of a stream, messages of a WebSocket.
 * Nothing of it passes, and what is harmless does not wait for the rest.
 */

const SECRET = 'plum-otter-later-echo-51ce';
const secret = new Secret('cred:one', SECRET);
const masked = secret.toString();
let stream: ServerResponse | undefined;
let sentTo: IncomingMessage | undefined;
let upgraded: { readonly incoming: IncomingMessage; readonly socket: Duplex } | undefined;
let world: EgressWorld;
let port: number;

const host = createServer((incoming, response) => {
  sentTo = incoming;
  if (incoming.url !== '/stream') return void response.end('ok');
  stream = response;
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: begun\n\n');
});
host.on('upgrade', (incoming, socket) => {
  socket.on('error', () => {});
  socket.once('end', () => socket.destroy());
  upgraded = { incoming, socket };
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Last: ${SECRET}\r\n\r\n`,
  );
});

beforeAll(async () => {
  port = await listen(host);
  const index = new MaskIndex();
  index.add(secret);
  world = await openEgressWorld({
    egress: { allow: [{ host: '*.test', ports: [port], addresses: ['127.0.0.1'] }] },
    runtime: {
      leaseCredential: async () => ({ secret }),
      maskText: (text) => index.take(text),
      countOpen: (text) => index.countOpen(text),
    },
  });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await closeServer(host);
});

function ask(name: string, path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({
      socketPath: world.path,
      path: `http://${name}:${port}${path}`,
      headers: { host: `${name}:${port}`, ...headers },
    });
    sent.once('error', reject);
    sent.once('response', resolve).end();
  });
}

/** Has the host sent a credential, as it says itself. */
async function confide(name: string): Promise<void> {
  (await ask(name, '/', { authorization: 'Bearer {{cred:one}}' })).resume();
  expect(sentTo?.headers.authorization, 'void: the host was sent none').toBe(`Bearer ${SECRET}`);
}

/** What has come, until it is this. */
class Heard {
  text = '';
  constructor(from: NodeJS.ReadableStream) {
    from.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
    });
  }
  async becomes(what: string | RegExp): Promise<void> {
    await expect.poll(() => this.text, { timeout: 20_000 }).toEqual(expect.stringMatching(what));
  }
}

describe('a stream of a host that was sent a credential', () => {
  it('is heard event by event, and shows none of it, however that is cut', async () => {
    await confide('stream.test');
    const answered = await ask('stream.test', '/stream');
    const heard = new Heard(answered);
    await heard.becomes(/^data: begun\n\n$/);
    stream?.write('data: 1\n\n');
    // Before the host says anything else, or ends.
    await heard.becomes(/data: 1\n\n$/);
    for (const part of ['data: ', SECRET.slice(0, 7), SECRET.slice(7, 8), `${SECRET.slice(8)}\n\n`]) {
      await new Promise<void>((resolve) => stream?.write(part, () => resolve()));
    }
    await heard.becomes(/data: [^\n]+\n\n$/);
    stream?.end('data: last\n\n');
    await once(answered, 'end');
    expect(heard.text).toBe(`data: begun\n\ndata: 1\n\ndata: ${masked}\n\ndata: last\n\n`);
  });
});

async function openSocket(name: string): Promise<{ readonly socket: Socket; readonly heard: Heard }> {
  const socket = connect(world.path);
  await once(socket, 'connect');
  const lines = [
    `GET http://${name}:${port}/socket HTTP/1.1`,
    `Host: ${name}:${port}`,
    ...['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'],
    ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Extensions: permessage-deflate'],
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const heard = new Heard(socket);
  await heard.becomes(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n/);
  return { socket, heard };
}

function frame(first: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([first, text.length]), Buffer.from(text)]);
}

/** The messages in what came, each with the parts it came in put together. */
function readMessages(text: string): readonly string[] {
  let bytes = Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1');
  const messages: string[] = [];
  let open = '';
  while (bytes.length >= 2) {
    const [first = 0, length = 0] = bytes;
    const payload = bytes.subarray(2, 2 + length).toString();
    bytes = bytes.subarray(2 + length);
    if ((first & 0x0f) >= 8) {
      messages.push(`${first & 0x0f}:${payload}`);
      continue;
    }
    open += payload;
    if (first >= 0x80) {
      messages.push(open);
      open = '';
    }
  }
  return messages;
}

describe('a WebSocket of a host that was sent a credential', () => {
  it('passes its messages on without it: whole, in parts, and in what is said between', async () => {
    await confide('socket.test');
    const { socket, heard } = await openSocket('socket.test');
    expect(upgraded?.incoming.headers['sec-websocket-extensions']).toBeUndefined();
    expect(heard.text).toContain(masked);
    const send = async (bytes: Buffer) => {
      // One byte after the other: a head comes in two as well.
      for (const byte of bytes) upgraded?.socket.write(Buffer.from([byte]));
    };
    await send(frame(0x81, 'hello'));
    await expect.poll(() => readMessages(heard.text), { timeout: 20_000 }).toEqual(['hello']);
    await send(frame(0x81, `it is ${SECRET}!`));
    await send(frame(0x01, `it is ${SECRET.slice(0, 9)}`));
    await send(frame(0x89, SECRET));
    await send(frame(0x80, `${SECRET.slice(9)} again`));
    await expect
      .poll(() => readMessages(heard.text), { timeout: 20_000 })
      .toEqual(['hello', `it is ${masked}!`, `9:${masked}`, `it is ${masked} again`]);
    expect(heard.text).not.toContain(SECRET);
    socket.destroy();
  });

  it('is looked at from the next message on, where it was open before', async () => {
    const { socket, heard } = await openSocket('before.test');
    upgraded?.socket.write(frame(0x81, 'hello'));
    await expect.poll(() => readMessages(heard.text), { timeout: 20_000 }).toEqual(['hello']);
    await confide('before.test');
    upgraded?.socket.write(frame(0x82, SECRET));
    await expect.poll(() => readMessages(heard.text), { timeout: 20_000 }).toEqual(['hello', masked]);
    socket.destroy();
  });

  it.each([
    ['packed', () => frame(0xc1, 'xxxx')],
    ['masked', () => frame(0x81, 'xxxx').fill(0x84, 1, 2)],
  ])('is ended, and that is recorded, where its messages are %s', async (kind, bytes) => {
    const name = `${kind}.test`;
    await confide(name);
    const { socket, heard } = await openSocket(name);
    const ended = once(socket, 'close');
    upgraded?.socket.write(bytes());
    await ended;
    expect(readMessages(heard.text)[0]).toContain('E_RESULT_UNSCANNED');
    await expect
      .poll(async () =>
        (await world.events()).find(({ body, kind }) => kind === 'egress.ended' && body['host'] === name),
      )
      .toMatchObject({ body: { reason: expect.stringContaining('E_RESULT_UNSCANNED') } });
  });
});
