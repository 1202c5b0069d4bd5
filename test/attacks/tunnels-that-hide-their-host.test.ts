import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createNetServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { closeServer, dial, type EgressWorld, listen, openEgressWorld, startUpstream } from './egress-world.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'tls');
const credentials = { cert: readFileSync(join(fixtures, 'cert.pem')), key: readFileSync(join(fixtures, 'key.pem')) };

async function startTls() {
  const names: (string | false | null)[] = [];
  const server = createTlsServer(credentials, (socket) => {
    names.push(socket.servername);
    socket.on('error', () => {});
    socket.end('hello over TLS');
  });
  server.on('tlsClientError', () => {});
  const port = await listen(server);
  return { port, names, [Symbol.asyncDispose]: () => closeServer(server) };
}

/** Opens a tunnel and gives the stream behind the answer. */
async function openTunnel(world: EgressWorld, authority: string): Promise<{ socket: Socket; answer: string }> {
  const socket = await dial(world.path);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  return { socket, answer: chunk.toString('latin1') };
}

/** What comes through a tunnel by TLS for a name, or how it failed. */
async function readTls(socket: Socket, servername: string | undefined): Promise<string> {
  const secured = connectTls({
    socket,
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
  });
  return new Promise((resolve) => {
    let text = '';
    secured.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    secured.once('end', () => resolve(text === '' ? 'cut' : text));
    secured.once('close', () => resolve(text === '' ? 'cut' : text));
    secured.on('error', () => resolve('cut'));
  });
}

const rule = (host: string, port: number, more: object = {}) => ({
  host,
  ports: [port],
  addresses: ['127.0.0.1'],
  ...more,
});
const codes = async (world: EgressWorld) =>
  (await world.events()).filter(({ kind }) => kind === 'egress.refused').map(({ body }) => body['code']);

describe('a tunnel', () => {
  it('carries TLS for its host, and for no other', async () => {
    await using upstream = await startTls();
    await using world = await openEgressWorld({ egress: { allow: [rule('api.test', upstream.port)] } });
    const authority = `api.test:${upstream.port}`;
    const good = await openTunnel(world, authority);
    expect(good.answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(await readTls(good.socket, 'API.test')).toBe('hello over TLS');
    const other = await openTunnel(world, authority);
    expect(await readTls(other.socket, 'hidden.test')).toBe('cut');
    const unnamed = await openTunnel(world, authority);
    expect(await readTls(unnamed.socket, undefined)).toBe('cut');
    expect(upstream.names).toEqual(['API.test']);
    expect(await codes(world)).toEqual(['E_EGRESS_TLS', 'E_EGRESS_TLS']);
    const passed = (await world.events()).find(({ kind }) => kind === 'egress.passed');
    expect(passed?.body).toMatchObject({ protocol: 'connect', host: 'api.test', address: '127.0.0.1' });
    const ended = (await world.events()).find(({ kind }) => kind === 'egress.ended');
    expect(ended?.body['down']).toBeGreaterThan(14);
  });

  it('lets TLS pass without a name, or with a hidden one, where that was decided', async () => {
    await using upstream = await startTls();
    await using world = await openEgressWorld({
      egress: { allow: [rule('api.test', upstream.port)], hello: { unnamed: 'allow' } },
    });
    const unnamed = await openTunnel(world, `api.test:${upstream.port}`);
    expect(await readTls(unnamed.socket, undefined)).toBe('hello over TLS');
  });

  it('carries nothing that is neither TLS nor HTTP, unless its rule says `raw`', async () => {
    const received: string[] = [];
    const server = createNetServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        received.push(chunk.toString());
        socket.end('raw answer');
      });
    });
    const port = await listen(server);
    const wall = await openEgressWorld({ egress: { allow: [rule('api.test', port)] } });
    const closed = await openTunnel(wall, `api.test:${port}`);
    closed.socket.write('SSH-2.0-anything\r\n');
    closed.socket.resume();
    await once(closed.socket, 'close');
    expect(received).toEqual([]);
    expect(await codes(wall)).toEqual(['E_EGRESS_TLS']);
    await wall[Symbol.asyncDispose]();
    const open = await openEgressWorld({ egress: { allow: [rule('api.test', port, { raw: true })] } });
    const tunnel = await openTunnel(open, `api.test:${port}`);
    tunnel.socket.write('SSH-2.0-anything\r\n');
    tunnel.socket.resume();
    const [answer] = (await once(tunnel.socket, 'data')) as [Buffer];
    expect(answer.toString()).toBe('raw answer');
    await open[Symbol.asyncDispose]();
    await closeServer(server);
  });

  it('holds each HTTP request that comes through it to the rules, and to its host', async () => {
    await using upstream = await startUpstream();
    const { port } = upstream;
    await using world = await openEgressWorld({
      egress: { allow: [rule('api.test', port), rule('api.test', port, { methods: ['GET'], paths: ['/open'] })] },
    });
    const ask = async (request: string) => {
      const { socket } = await openTunnel(world, `api.test:${port}`);
      socket.write(`${request}\r\nConnection: close\r\n\r\n`);
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      socket.resume();
      await once(socket, 'close');
      return text;
    };
    expect(await ask(`GET /open HTTP/1.1\r\nHost: api.test:${port}`)).toContain('hello from /open');
    expect(await ask(`GET /open HTTP/1.1\r\nHost: other.test`)).toContain('E_EGRESS_REQUEST');
    expect(await ask(`GET http://other.test/ HTTP/1.1\r\nHost: other.test`)).toContain('E_EGRESS_REQUEST');
    expect(await ask(`CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443`)).toContain('E_EGRESS_REQUEST');
    expect(upstream.seen).toEqual([`GET api.test:${port} /open`]);
  });

  it('hides no method or path: a rule that names some opens none', async () => {
    await using world = await openEgressWorld({
      egress: { allow: [{ host: 'api.test', methods: ['GET'], addresses: ['127.0.0.1'] }] },
    });
    const { answer } = await openTunnel(world, 'api.test:443');
    expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*E_EGRESS_DENIED/);
  });
});

/** Speaks SOCKS5 and gives the reply's code, with the stream behind it. */
async function socks(
  to: string | number,
  host: string,
  port: number,
  login?: readonly [string, string],
): Promise<{ readonly reply: number | undefined; readonly socket: Socket }> {
  const socket = await dial(to);
  const next = async (): Promise<Buffer> => {
    const data = await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [Buffer.alloc(0)])]);
    return data[0] as Buffer;
  };
  socket.write(Uint8Array.of(5, 1, login === undefined ? 0 : 2));
  const [, method] = await next();
  if (method === 255 || method === undefined) return { reply: undefined, socket };
  if (login !== undefined) {
    const [user, password] = login.map((text) => Buffer.from(text)) as [Buffer, Buffer];
    socket.write(Buffer.concat([Uint8Array.of(1, user.length), user, Uint8Array.of(password.length), password]));
    const [, granted] = await next();
    if (granted !== 0) return { reply: undefined, socket };
  }
  const name = Buffer.from(host);
  socket.write(Buffer.concat([Uint8Array.of(5, 1, 0, 3, name.length), name, Uint8Array.of(port >> 8, port & 255)]));
  const [, reply] = await next();
  socket.pause();
  return { reply, socket };
}

describe('a SOCKS client', () => {
  it('is held to the same rules', async () => {
    await using upstream = await startTls();
    await using world = await openEgressWorld({
      egress: { allow: [rule('api.test', upstream.port), { host: '*' }] },
      hosts: { 'inside.test': ['10.0.0.1'] },
    });
    const good = await socks(world.path, 'api.test', upstream.port);
    expect(good.reply).toBe(0);
    expect(await readTls(good.socket, 'api.test')).toBe('hello over TLS');
    const other = await socks(world.path, 'api.test', upstream.port);
    expect(await readTls(other.socket, 'other.test')).toBe('cut');
    for (const [host, port] of [
      ['inside.test', 443],
      ['127.0.0.1', 443],
      ['0x7f000001', 443],
      ['api.test', 25],
      ['a:443', 443],
    ] as const)
      expect((await socks(world.path, host, port)).reply, host).toBe(2);
    expect(upstream.names).toEqual(['api.test']);
  });

  it('shows its credentials where its socket does not say who it is', async () => {
    await using upstream = await startTls();
    await using world = await openEgressWorld({ egress: { allow: [rule('api.test', upstream.port)] } });
    expect((await socks(world.port, 'api.test', upstream.port)).reply).toBeUndefined();
    expect((await socks(world.port, 'api.test', upstream.port, ['x', 'wrong'])).reply).toBeUndefined();
    const good = await socks(world.port, 'api.test', upstream.port, ['x', world.secret]);
    expect(await readTls(good.socket, 'api.test')).toBe('hello over TLS');
  });

  it('has its HTTP decided request by request', async () => {
    await using upstream = await startUpstream();
    const { port } = upstream;
    await using world = await openEgressWorld({ egress: { allow: [rule('api.test', port)] } });
    const { socket } = await socks(world.path, 'api.test', port);
    socket.write(`GET /a HTTP/1.1\r\nHost: api.test:${port}\r\nConnection: close\r\n\r\n`);
    socket.resume();
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200/);
    const passed = (await world.events()).filter(({ kind }) => kind === 'egress.passed');
    expect(passed.map(({ body }) => [body['protocol'], body['path']])).toEqual([['http', '/a']]);
  });
});
