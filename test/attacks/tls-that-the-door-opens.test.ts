import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { makeAuthority, readAuthority } from '../../src/doors/egress/certificates.ts';
import { TlsOpener } from '../../src/doors/egress/open-tls.ts';
import { closeServer, dial, listen, openEgressWorld } from './egress-world.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures', 'tls');
const cert = readFileSync(join(fixtures, 'cert.pem'), 'utf8');

async function openWorld(more: object = {}) {
  const seen: string[] = [];
  const server = createServer({ cert, key: readFileSync(join(fixtures, 'key.pem')) }, (request, response) => {
    seen.push(`${request.method} ${request.headers.host} ${request.url}`);
    response.end('hello over TLS');
  });
  server.on('tlsClientError', () => {});
  const port = await listen(server);
  const text = await makeAuthority(systemClock);
  const opener = new TlsOpener(await readAuthority(text), systemClock);
  const rule = { host: 'gateway.test', ports: [port], addresses: ['127.0.0.1'], methods: ['GET'], paths: ['/open/*'] };
  const world = await openEgressWorld({
    egress: { allow: [{ ...rule, inspect: true, ...more }] },
    runtime: { trust: () => [cert] },
    openTls: opener.open,
  });
  return {
    port,
    seen,
    world,
    authority: text,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]();
      await closeServer(server);
    },
  };
}

/** Opens a tunnel, believes the door's authority alone, and asks. */
async function ask(
  path: string,
  authority: string,
  ca: string,
  request: string,
  servername = 'gateway.test',
): Promise<string> {
  const socket: Socket = await dial(path);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!answer.toString().startsWith('HTTP/1.1 200')) return answer.toString();
  const secured = connectTls({ socket, ca, servername });
  return new Promise((resolve) => {
    let text = '';
    secured.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    secured.once('error', (error) => resolve(`failed: ${error.message}`));
    secured.once('close', () => resolve(text));
    secured.once('secureConnect', () => secured.write(`${request}\r\nConnection: close\r\n\r\n`));
  });
}

describe('TLS that the door opens', () => {
  it('shows each request, which is decided like any other', async () => {
    await using opened = await openWorld();
    const { port, world, authority, seen } = opened;
    const to = `gateway.test:${port}`;
    expect(await ask(world.path, to, authority, `GET /open/a HTTP/1.1\r\nHost: ${to}`)).toContain('hello over TLS');
    expect(await ask(world.path, to, authority, `GET /closed HTTP/1.1\r\nHost: ${to}`)).toContain('E_EGRESS_DENIED');
    expect(await ask(world.path, to, authority, `POST /open/a HTTP/1.1\r\nHost: ${to}`)).toContain('E_EGRESS_DENIED');
    expect(await ask(world.path, to, authority, `GET /open/a HTTP/1.1\r\nHost: evil.test`)).toContain(
      'E_EGRESS_REQUEST',
    );
    const key = `ghp_${'a1B2'.repeat(9)}`;
    const leak = `GET /open/${key} HTTP/1.1\r\nHost: ${to}`;
    expect(await ask(world.path, to, authority, leak)).toContain('E_EGRESS_FINDING');
    expect(seen).toEqual([`GET ${to} /open/a`]);
    expect(JSON.stringify(await world.events())).not.toContain(key);
    const passed = (await world.events()).find(({ kind }) => kind === 'egress.passed');
    expect(passed?.body).toMatchObject({ protocol: 'https', path: '/open/a', status: 200 });
  });

  it('is believed by nobody who was not told to, and is for no other host', async () => {
    await using opened = await openWorld();
    const { port, world, authority, seen } = opened;
    const to = `gateway.test:${port}`;
    expect(await ask(world.path, to, cert, `GET /open/a HTTP/1.1\r\nHost: ${to}`)).toMatch(/^failed: /);
    expect(await ask(world.path, to, authority, `GET /open/a HTTP/1.1\r\nHost: ${to}`, 'evil.test')).not.toContain(
      'hello',
    );
    expect(seen).toEqual([]);
  });

  it('goes on to no host that is not who it says', async () => {
    await using opened = await openWorld({ host: 'other.test' });
    const { port, world, authority, seen } = opened;
    const to = `other.test:${port}`;
    const answer = await ask(world.path, to, authority, `GET /open/a HTTP/1.1\r\nHost: ${to}`, 'other.test');
    expect(answer).toContain('E_UPSTREAM_UNREACHABLE');
    expect(seen).toEqual([]);
  });
});
