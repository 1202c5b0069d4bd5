import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { Store } from '../../src/ports/store.ts';
import { ask, dial, openEgressWorld, say, startUpstream } from './egress-world.ts';

const rule = (port: number, more: object = {}) => ({
  host: 'api.test',
  ports: [port],
  addresses: ['127.0.0.1'],
  ...more,
});
const head = (method: string, port: number, path = '/') =>
  `${method} http://api.test:${port}${path} HTTP/1.1\nHost: api.test:${port}`;

describe('a client of the egress door', () => {
  it('is held to its rate, and what is beyond does not fill the record', async () => {
    await using upstream = await startUpstream();
    await using world = await openEgressWorld({ egress: { rate: 5, allow: [rule(upstream.port)] } });
    const answers = [];
    for (let i = 0; i < 12; i++) answers.push((await ask(world.path, head('GET', upstream.port))).status);
    expect(answers).toEqual([...Array<number>(5).fill(200), ...Array<number>(7).fill(429)]);
    expect((await world.events()).filter(({ kind }) => kind === 'egress.refused')).toEqual([]);
    await world.book.close(world.session);
    const closed = (await world.events()).find(({ kind }) => kind === 'egress.closed');
    expect(closed?.body).toMatchObject({ passed: 5, refused: 7, unrecorded: 7 });
  });

  it('sends and is sent no more bytes than its rule and its quota let through', async () => {
    await using upstream = await startUpstream((request, response) => {
      request.resume();
      response.end('x'.repeat(200_000));
    });
    const { port } = upstream;
    await using small = await openEgressWorld({ egress: { allow: [rule(port, { upload: '1KB', download: '64KB' })] } });
    const body = 'y'.repeat(2_000);
    const declared = await ask(small.path, `${head('POST', port)}\nContent-Length: ${body.length}`, body);
    expect(declared.code).toBe('E_LIMIT');
    const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    expect((await ask(small.path, `${head('POST', port)}\nTransfer-Encoding: chunked`, chunked)).code).toBe('E_LIMIT');
    expect(upstream.seen).toEqual([]);
    expect((await ask(small.path, head('GET', port))).text.length).toBeLessThan(150_000);
    await using quota = await openEgressWorld({ egress: { download: '300KB', allow: [rule(port)] } });
    expect((await ask(quota.path, head('GET', port))).text.length).toBeGreaterThan(200_000);
    expect((await ask(quota.path, head('GET', port))).text.length).toBeLessThan(200_000);
    expect((await ask(quota.path, head('GET', port))).code).toBe('E_EGRESS_QUOTA');
  });

  it('is cut off when it is isolated, in the middle of what it does, and lets nothing out afterwards', async () => {
    await using upstream = await startUpstream((_request, response) => {
      response.write('begins');
    });
    await using world = await openEgressWorld({ egress: { allow: [rule(upstream.port)] } });
    const socket = await dial(world.path);
    socket.write(`${head('GET', upstream.port).replaceAll('\n', '\r\n')}\r\n\r\n`);
    await once(socket, 'data');
    const closed = once(socket, 'close');
    await world.store.commit([
      {
        kind: 'isolation.set',
        scope: 'agent:default/agent',
        reason: 'test',
        by: 'ops',
        incident: false,
        atMs: systemClock.nowMs(),
      },
    ]);
    await closed;
    expect((await ask(world.path, head('GET', upstream.port)).catch(() => ({ status: 0 }))).status).toBe(0);
    expect((await world.events()).find(({ kind }) => kind === 'egress.closed')?.body['code']).toBe('E_ISOLATED');
    expect(upstream.seen).toHaveLength(1);
  });

  it('lets nothing more out while the record cannot be written, and loses nothing of what was', async () => {
    await using upstream = await startUpstream();
    let isBroken = false;
    const wrap = (truth: Store): Store => ({
      ...truth,
      commit: (changes, options) =>
        isBroken ? Promise.reject(new Error('the disk is full')) : truth.commit(changes, options),
      readEvents: (query) => truth.readEvents(query),
      listIsolations: () => truth.listIsolations(),
      readRun: (tenant, runId) => truth.readRun(tenant, runId),
    });
    await using world = await openEgressWorld({ egress: { allow: [rule(upstream.port)] }, store: wrap });
    isBroken = true;
    expect((await ask(world.path, head('GET', upstream.port))).status).toBe(200);
    expect(await world.book.flush()).toBe(false);
    expect((await ask(world.path, head('GET', upstream.port))).code).toBe('E_STORE');
    isBroken = false;
    await vi.waitFor(async () => expect(await world.book.flush()).toBe(true), { timeout: 10_000 });
    expect((await ask(world.path, head('GET', upstream.port))).status).toBe(200);
    const passed = (await world.events()).filter(({ kind }) => kind === 'egress.passed');
    expect(passed).toHaveLength(2);
  });
});

describe('what HTTP has besides', () => {
  it('passes a WebSocket on, counts what it carries, and refuses one that no rule names', async () => {
    await using upstream = await startUpstream();
    upstream.server.on('upgrade', (request, socket) => {
      socket.on('error', () => {});
      const key = String(request.headers['sec-websocket-key']);
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.on('data', (chunk: Buffer) => socket.write(chunk));
      socket.once('end', () => socket.destroy());
    });
    await using world = await openEgressWorld({
      egress: { allow: [rule(upstream.port, { paths: ['/socket'] })] },
    });
    const open = async (path: string) => {
      const socket = await dial(world.path);
      const upgrade = `Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13`;
      socket.write(`${head('GET', upstream.port, path)}\n${upgrade}\n\n`.replaceAll('\n', '\r\n'));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return { socket, answer: answer.toString('latin1') };
    };
    const { socket, answer } = await open('/socket');
    expect(answer).toMatch(/^HTTP\/1\.1 101 [\s\S]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
    socket.write('ping-through');
    expect(String((await once(socket, 'data'))[0])).toBe('ping-through');
    socket.destroy();
    expect((await open('/other')).answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*E_EGRESS_DENIED/);
    await vi.waitFor(async () => {
      const ended = (await world.events()).find(({ kind }) => kind === 'egress.ended');
      expect(ended?.body).toMatchObject({ protocol: 'websocket', up: 12, down: 12 });
    });
  });

  it('asks for a body only once the request was decided, and passes trailers of answers on', async () => {
    await using upstream = await startUpstream(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      response.writeHead(200, { trailer: 'x-digest' });
      response.write(`got ${body}`);
      response.addTrailers({ 'x-digest': 'abc' });
      response.end();
    });
    const { port } = upstream;
    await using world = await openEgressWorld({ egress: { allow: [rule(port, { methods: ['POST'] })] } });
    const expecting = (method: string) =>
      `${head(method, port)}\nContent-Length: 4\nExpect: 100-continue\nTE: trailers`;
    const allowed = await ask(world.path, expecting('POST'), 'body');
    expect(allowed.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    expect(allowed.text).toContain('got body');
    expect(allowed.text).toMatch(/x-digest: abc/i);
    const refused = await ask(world.path, expecting('PUT'), 'body');
    expect(refused.text).toMatch(/^HTTP\/1\.1 403 /);
    expect(refused.text).not.toContain('100 Continue');
  });

  it('answers each of several requests that come at once, in their order, each by its own rules', async () => {
    await using upstream = await startUpstream();
    const { port } = upstream;
    await using world = await openEgressWorld({ egress: { allow: [rule(port, { paths: ['/a', '/c'] })] } });
    const all = ['/a', '/b', '/c'].map((path) => `${head('GET', port, path)}\n\n`.replaceAll('\n', '\r\n'));
    const last = `${head('GET', port, '/c')}\nConnection: close\n\n`.replaceAll('\n', '\r\n');
    const text = await say(world.path, all.join('') + last);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403', 'HTTP/1.1 200', 'HTTP/1.1 200']);
    expect(upstream.seen.map((line) => line.split(' ')[2])).toEqual(['/a', '/c', '/c']);
  });

  it('goes on to the host when the client has only ended its own half', async () => {
    await using upstream = await startUpstream((_request, response) => {
      setImmediate(() => response.end('late, but there'));
    });
    await using world = await openEgressWorld({ egress: { allow: [rule(upstream.port)] } });
    const socket = await dial(world.path);
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.end(`${head('GET', upstream.port)}\nConnection: close\n\n`.replaceAll('\n', '\r\n'));
    await once(socket, 'close');
    expect(text).toContain('late, but there');
  });

  it('is read to an end whatever the bytes are, and nothing leaves that no rule names', {
    timeout: 60_000,
  }, async () => {
    await using upstream = await startUpstream();
    const { port } = upstream;
    await using world = await openEgressWorld({ egress: { rate: 100_000, allow: [rule(port, { paths: ['/open'] })] } });
    const seed = `${head('GET', port, '/open')}\nX-Test: 1\nConnection: close\n\n`.replaceAll('\n', '\r\n');
    let state = 12_345;
    const below = (most: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return state % most;
    };
    const INSERTS = [
      '\r\n',
      '\n',
      '\0',
      ' ',
      '\t',
      ':',
      'Host: evil.test\r\n',
      'Transfer-Encoding: chunked\r\n',
      '%2e',
      '//',
      '/closed',
      '\x05',
      'Content-Length: 9\r\n',
      'é',
    ];
    for (let round = 0; round < 300; round++) {
      let bytes = seed;
      for (let change = below(4); change >= 0; change--) {
        const at = below(bytes.length);
        const insert = INSERTS[below(INSERTS.length)] ?? '';
        bytes = bytes.slice(0, at) + insert + bytes.slice(at + below(3));
      }
      const socket = await dial(world.path);
      socket.resume();
      const closed = once(socket, 'close');
      socket.end(bytes, 'latin1');
      await closed;
    }
    for (const line of upstream.seen) expect(line).toMatch(new RegExp(`^GET api\\.test:${port} /open(\\?.*)?$`));
    expect(upstream.seen.length).toBeGreaterThan(0);
    expect((await ask(world.path, head('GET', port, '/open'))).status).toBe(200);
  });
});
