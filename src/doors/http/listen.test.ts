import { readFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { limits } from '../../base/limits.ts';
import { errorSchema } from '../../contract/http.ts';
import { openTestDoor, type TestDoor } from './door.fixture.ts';
import type { HttpDoorOptions } from './door.ts';
import type { ListenOptions } from './listen.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url));
const tls = { cert: fixture('cert.pem'), key: fixture('key.pem') };

let test: TestDoor;
let sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await test?.listener.close();
});
async function open(over: Partial<HttpDoorOptions> = {}, where: Partial<ListenOptions> = {}): Promise<void> {
  test = await openTestDoor(over, where);
}
const agentToken = () => test.token({ kind: 'agent', sub: 'support', tenant: 'acme', run: 'run_1' });
const call = { tool: 'mail/send', arguments: {} };

/** Sends raw bytes and gives everything that comes back until the other end closes, or `enough` says so. */
function exchange(bytes: string | Buffer, enough: (text: string) => boolean = () => false): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(test.listener.port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (enough(text)) resolve(text);
    });
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
}
function errorOf(response: string): { status: number; code: string; detail: string | undefined } {
  const [head = '', body = ''] = response.split('\r\n\r\n');
  const { error } = errorSchema.parse(JSON.parse(body));
  return { status: Number(head.split(' ')[1]), code: error.code, detail: error.detail };
}

describe('where the door listens', () => {
  it.each(['0.0.0.0', '::', '10.1.2.3', 'example.com', ''])('not on %j without TLS', async (host) => {
    await open();
    await expect(test.door.listen({ host, port: 0 })).rejects.toMatchObject({
      code: 'E_LISTEN',
      message: expect.stringContaining('listen.tls'),
    });
  });

  it('not where something listens already', async () => {
    await open();
    const { port } = test.listener;
    await expect(test.door.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'E_LISTEN',
      message: `127.0.0.1:${port} cannot be listened on: something else listens there already`,
    });
  });

  it('on every kind of loopback', async () => {
    await open();
    const hosts = ['localhost', '127.0.0.2', ...(hasIpv6() ? ['::1'] : [])];
    for (const host of hosts) await (await test.door.listen({ host, port: 0 })).close();
  });

  it('beyond loopback with a certificate', async () => {
    await open({}, { host: '0.0.0.0', tls });
    expect(test.listener.origin).toMatch(/^https:\/\/0\.0\.0\.0:\d+$/);
  });

  it.each([
    [{ ...tls, cert: '/nowhere/cert.pem' }, /TLS certificate \/nowhere\/cert.pem cannot be read/],
    [{ ...tls, key: tls.cert }, /not a certificate and its key/],
    [{ ...tls, cert: fixture('README.md') }, /not a certificate and its key/],
  ])('not with TLS files that are none', async (files, message) => {
    await open();
    await expect(test.door.listen({ host: '127.0.0.1', port: 0, tls: files })).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringMatching(message),
    });
  });
});

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
}

describe('TLS', () => {
  it('serves those who trust the certificate, and no plain HTTP', async () => {
    await open({ names: ['gateway.test'] }, { tls });
    const ca = await readFile(tls.cert);
    const token = await agentToken();
    const headers = { host: 'gateway.test', authorization: `Bearer ${token}` };
    const { port } = test.listener;
    const ask = (options: object) =>
      new Promise<number | undefined>((resolve, reject) => {
        const outgoing = httpsRequest(
          { host: '127.0.0.1', port, path: '/v1/tools', headers, agent: false, ...options },
          (incoming) => {
            incoming.resume();
            resolve(incoming.statusCode);
          },
        );
        outgoing.on('error', reject).end();
      });
    expect(await ask({ ca, servername: 'gateway.test' })).toBe(200);
    await expect(ask({ servername: 'gateway.test' })).rejects.toThrow(/self-signed/);
    await expect(ask({ ca, servername: 'gateway.test', maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
    expect(await exchange('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')).not.toContain('200 OK');
  });
});

describe('what is too much', () => {
  it('a body that says it is too large is refused before it is read', async () => {
    await open();
    const token = await agentToken();
    const head = `POST /v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\n`;
    const answer = await exchange(`${head}Content-Length: ${limits.requestBytes + 1}\r\n\r\n`);
    expect(errorOf(answer)).toMatchObject({ status: 413, code: 'E_LIMIT' });
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  it.each(['/v1/calls', '/mcp'])('a body to %s that turns out too large is refused while it is read', async (path) => {
    await open({ mcp: async () => Response.json({}) });
    const token = await agentToken();
    const { port } = test.listener;
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'transfer-encoding': 'chunked',
    };
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const outgoing = httpRequest(
        { host: '127.0.0.1', port, method: 'POST', path, headers, agent: false },
        (incoming) => {
          resolve(incoming.statusCode);
          outgoing.destroy();
        },
      );
      outgoing.on('error', reject);
      const chunk = Buffer.alloc(65_536, 0x20);
      for (let sent = 0; sent <= limits.requestBytes; sent += chunk.length) outgoing.write(chunk);
    });
    expect(status).toBe(413);
    expect(test.runtime.asked).toEqual([]);
  });

  it('a body as large as may be is read', async () => {
    await open();
    const shell = JSON.stringify({ tool: 'mail/send', arguments: { text: '' } });
    const body = shell.replace('""', `"${'x'.repeat(limits.requestBytes - shell.length)}"`);
    expect(Buffer.byteLength(body)).toBe(limits.requestBytes);
    expect((await test.send('POST', '/v1/calls', { token: await agentToken(), body })).status).toBe(200);
  });

  it('nobody’s body is read before it is known who sends it', async () => {
    await open();
    const head =
      'POST /v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n';
    expect(errorOf(await exchange(head, (text) => text.includes('}}')))).toMatchObject({
      status: 401,
      code: 'E_AUTH_REQUIRED',
    });
  });

  it('headers that are too long or too many are refused', async () => {
    await open();
    const long = `GET /v1/tools HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(limits.headerBytes)}\r\n\r\n`;
    expect(errorOf(await exchange(long))).toMatchObject({ status: 413, code: 'E_LIMIT' });
    const many = Array.from({ length: limits.headerCount }, (_, i) => `X-${i}: 1\r\n`).join('');
    const answer = await exchange(`GET /v1/tools HTTP/1.1\r\nHost: localhost\r\n${many}\r\n`, (text) =>
      text.includes('}}'),
    );
    expect(errorOf(answer)).toMatchObject({ status: 413, code: 'E_LIMIT' });
  });
});

describe('what is too slow', () => {
  it('headers that trickle are cut off', async () => {
    await open({}, { timeouts: { headersMs: 100, requestMs: 200 } });
    expect(errorOf(await exchange('GET /v1/tools HTTP/1.1\r\nHost: local'))).toMatchObject({
      status: 400,
      detail: 'the request did not arrive in time',
    });
  });

  it('a body that trickles is cut off', async () => {
    await open({}, { timeouts: { headersMs: 100, requestMs: 200 } });
    const token = await agentToken();
    const head = `POST /v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\n`;
    await exchange(`${head}Content-Length: 100\r\n\r\n{`); // ends only if the other end closes
    expect(test.runtime.asked).toEqual([]);
  });

  it('a connection that is idle is closed', async () => {
    await open({}, { timeouts: { keepAliveMs: 100 } });
    expect(await exchange('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')).toContain('200 OK');
  });
});

describe('what is no request', () => {
  it.each([
    ['no Host', 'GET /v1/tools HTTP/1.1\r\n\r\n', 400],
    ['an empty Host', 'GET /v1/tools HTTP/1.1\r\nHost:\r\n\r\n', 400],
    ['a Host that is none', 'GET /v1/tools HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
    ['two Hosts', 'GET /v1/tools HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n', 400],
    [
      'two tokens',
      'GET /v1/tools HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n',
      400,
    ],
    ['another site as address', 'GET http://localhost/v1/tools HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    [
      'a page of another site',
      'GET /v1/tools HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n',
      403,
    ],
    ['a name that leads here', 'GET /v1/tools HTTP/1.1\r\nHost: rebound.example\r\n\r\n', 403],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', 400],
    [
      'two lengths',
      'POST /v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
      400,
    ],
    [
      'a length and chunks',
      'POST /v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a folded header', 'GET /v1/tools HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n', 400],
  ])('%s is refused with a code', async (_name, bytes, status) => {
    await open();
    expect(errorOf(await exchange(bytes, (text) => text.includes('}}')))).toMatchObject({
      status,
      code: expect.stringMatching(/^E_/),
    });
  });
});

describe('a client', () => {
  it('uses one connection for many requests', async () => {
    await open();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const token = await agentToken();
    const ports = new Set<number | undefined>();
    for (let i = 0; i < 5; i++) {
      await new Promise<void>((resolve, reject) => {
        const headers = { authorization: `Bearer ${token}` };
        httpRequest({ host: '127.0.0.1', port: test.listener.port, path: '/v1/tools', agent, headers }, (incoming) => {
          ports.add(incoming.socket.localPort);
          incoming.resume().on('end', resolve);
        })
          .on('error', reject)
          .end();
      });
    }
    agent.destroy();
    expect(ports.size).toBe(1);
  });

  it('that goes away aborts its call', async () => {
    await open({}, { timeouts: { drainMs: 100 } });
    let signal: AbortSignal | undefined;
    test.runtime.answerCall = (_caller, _call, given) => {
      signal = given;
      return new Promise((resolve) => {
        given.addEventListener('abort', () =>
          resolve({ kind: 'refused', callId: 'call_1', code: 'E_CANCELLED', ran: 'unknown' }),
        );
      });
    };
    const socket = await rawCall(await agentToken());
    await expect.poll(() => signal).toBeDefined();
    expect(signal?.aborted).toBe(false);
    socket.destroy();
    await expect.poll(() => signal?.aborted).toBe(true);
    expect(test.reports).toEqual([]);
  });
});

async function rawCall(token: string): Promise<Socket> {
  const body = JSON.stringify(call);
  const socket = connect(test.listener.port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  socket.write(
    `POST /v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

describe('closing', () => {
  it('lets what is in flight finish, takes nothing new, and leaves nothing open', async () => {
    await open();
    let finish: () => void = () => {};
    test.runtime.answerCall = () =>
      new Promise((resolve) => {
        finish = () => resolve({ kind: 'result', callId: 'call_1', result: { content: [] } });
      });
    const token = await agentToken();
    const pending = test.send('POST', '/v1/calls', { token, body: call });
    await expect.poll(() => test.runtime.asked.length).toBe(1);
    const closed = test.listener.close();
    await expect(test.send('GET', '/healthz')).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    finish();
    const answer = await pending;
    expect(answer).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await closed;
  });

  it('answers E_BUSY on connections that were open before', async () => {
    await open({}, { timeouts: { drainMs: 1_000 } });
    test.runtime.answerCall = () => new Promise(() => {});
    const token = await agentToken();
    const socket = await rawCall(token);
    await expect.poll(() => test.runtime.asked.length).toBe(1);
    const kept = connect(test.listener.port, '127.0.0.1');
    sockets.push(kept);
    let text = '';
    kept.on('data', (chunk) => {
      text += chunk.toString();
    });
    kept.on('error', () => {});
    kept.write('GET /v1/tools HTTP/1.1\r\nHo'); // begun, so not idle
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = test.listener.close();
    kept.write('st: localhost\r\n\r\n');
    await expect.poll(() => text).toContain('E_BUSY');
    await closed;
    expect(socket.destroyed || (await new Promise((resolve) => socket.once('close', () => resolve(true))))).toBe(true);
  });

  it('cuts off what does not finish in time', async () => {
    await open({}, { timeouts: { drainMs: 100 } });
    let signal: AbortSignal | undefined;
    test.runtime.answerCall = (_caller, _call, given) => {
      signal = given;
      return new Promise(() => {});
    };
    const pending = test.send('POST', '/v1/calls', { token: await agentToken(), body: call });
    const outcome = pending.then(
      () => 'answered',
      () => 'cut off',
    );
    await expect.poll(() => signal).toBeDefined();
    await test.listener.close();
    expect(await outcome).toBe('cut off');
    await expect.poll(() => signal?.aborted).toBe(true);
  });
});
