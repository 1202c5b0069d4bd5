import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { resourceMetadataSchema } from '../../contract/http.ts';
import { HOUR_MS, openTestDoor, START_MS, type TestDoor } from './door.fixture.ts';
import type { HttpDoorOptions } from './door.ts';
import type { McpFetch, McpFetchOptions } from './mcp-mount.ts';

let test: TestDoor;
let seen: { request: Request; options: McpFetchOptions }[] = [];
afterEach(() => test.listener.close());

const echo: McpFetch = async (request, options) => {
  seen.push({ request, options });
  return Response.json({ jsonrpc: '2.0', id: 1, result: {} });
};
async function open(over: Partial<HttpDoorOptions> = {}): Promise<void> {
  seen = [];
  test = await openTestDoor({ mcp: echo, ...over });
}
const agentToken = () => test.token({ kind: 'agent', sub: 'support', tenant: 'acme', run: 'run_1' });
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

describe('MCP at the door', () => {
  it('gets the caller, the checked body and the headers, and no token', async () => {
    await open();
    const token = await agentToken();
    for (const path of ['/mcp', '/mcp/support']) {
      const answer = await test.send('POST', path, { token, body: ping, headers: { 'mcp-method': 'ping' } });
      expect(answer).toMatchObject({ status: 200, body: { result: {} } });
      const { request, options } = seen.pop() ?? {};
      expect(options?.parsedBody).toEqual(ping);
      expect(options?.authInfo).toEqual({
        token: '',
        clientId: 'support',
        scopes: ['tools:call'],
        expiresAt: (START_MS + HOUR_MS) / 1_000,
        resourceMetadataUrl: `${test.listener.origin}/.well-known/oauth-protected-resource/mcp`,
        extra: { tenant: 'acme', agent: 'support', runId: 'run_1', authenticated: true },
      });
      expect(request?.headers.get('mcp-method')).toBe('ping');
      expect(request?.url).toBe(`${test.listener.origin}${path}`);
    }
  });

  it.each([{}, { 'transfer-encoding': 'chunked' }])(
    'finds the bytes in the request once more, sent with %o',
    async (headers) => {
      const read: string[] = [];
      await open({
        mcp: async (request, { caller }) => {
          if (caller.agent === 'support') read.push(await request.text());
          return Response.json({});
        },
      });
      const token = await agentToken();
      expect((await test.send('POST', '/mcp', { token, body: ping, headers })).status).toBe(200);
      const init = {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      };
      await test.door.fetch(new Request('http://localhost/mcp', { ...init, body: JSON.stringify(ping) }));
      expect(read).toEqual([JSON.stringify(ping), JSON.stringify(ping)]);
    },
  );

  it('may read the request as a stream', async () => {
    let read = '';
    await open({
      mcp: async (request) => {
        for await (const chunk of request.body ?? []) read += Buffer.from(chunk).toString();
        return Response.json({});
      },
    });
    expect((await test.send('POST', '/mcp', { token: await agentToken(), body: ping })).status).toBe(200);
    expect(read).toBe(JSON.stringify(ping));
  });

  it('gets GET and DELETE without a body, and nothing else', async () => {
    await open();
    const token = await agentToken();
    expect((await test.send('GET', '/mcp', { token })).status).toBe(200);
    expect((await test.send('DELETE', '/mcp', { token })).status).toBe(200);
    expect(seen.map(({ request, options }) => [request.method, options.parsedBody])).toEqual([
      ['GET', undefined],
      ['DELETE', undefined],
    ]);
    const answer = await test.send('PUT', '/mcp', { token, body: ping });
    expect(answer).toMatchObject({
      status: 405,
      headers: { allow: 'POST, GET, DELETE' },
      body: { error: { code: 'E_METHOD' } },
    });
  });

  it('wants an agent’s token, the agent’s own', async () => {
    await open();
    const none = await test.send('POST', '/mcp', { body: ping });
    expect(none).toMatchObject({ status: 401, body: { error: { code: 'E_AUTH_REQUIRED' } } });
    expect(none.headers['www-authenticate']).toContain(`resource_metadata="${test.listener.origin}/.well-known/`);
    const bad = await test.send('POST', '/mcp', { token: 'abc', body: ping });
    expect(bad).toMatchObject({ status: 401, body: { error: { code: 'E_TOKEN_INVALID' } } });
    for (const claims of [
      { kind: 'host', tenant: 'acme' } as const,
      { kind: 'person', sub: 'ada', tenant: 'acme' } as const,
    ]) {
      const answer = await test.send('POST', '/mcp', { token: await test.token(claims), body: ping });
      expect(answer.status).toBe(403);
      expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope", scope="tools:call"');
    }
    const other = await test.send('POST', '/mcp/other', { token: await agentToken(), body: ping });
    expect(other).toMatchObject({ status: 403, body: { error: { code: 'E_ROLE_MISSING' } } });
    expect(seen).toEqual([]);
  });

  it('is never given a token in the address', async () => {
    await open();
    const token = await agentToken();
    const answer = await test.send('POST', `/mcp?access_token=${token}`, { token, body: ping });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'E_REQUEST_INVALID' } } });
    expect(answer.text).not.toContain(token);
  });

  it('has a body that is no JSON refused as its clients expect', async () => {
    await open();
    const token = await agentToken();
    const broken = await test.send('POST', '/mcp', { token, body: '{"jsonrpc":' });
    expect(broken).toMatchObject({
      status: 400,
      body: { jsonrpc: '2.0', id: null, error: { code: -32700, data: { code: 'E_REQUEST_INVALID' } } },
    });
    const deep = await test.send('POST', '/mcp', { token, body: '['.repeat(99) + ']'.repeat(99) });
    expect(deep).toMatchObject({
      status: 413,
      body: { jsonrpc: '2.0', error: { code: -32600, data: { code: 'E_LIMIT' } } },
    });
    const text = await test.send('POST', '/mcp', { token, body: 'hi', headers: { 'content-type': 'text/plain' } });
    expect(text).toMatchObject({ status: 415, body: { error: { code: 'E_MEDIA_TYPE' } } });
  });

  it.each(['/mcp/', '/mcp/a/b', '/mcp/..', '/mcp/-x', '/mcp/%61', '/mcpx', '/MCP'])('is not at %s', async (path) => {
    await open();
    const answer = await test.send('POST', path, { token: await agentToken(), body: ping });
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'E_NOT_FOUND' } } });
  });

  it('that fails gives a coded error and no word of why', async () => {
    await open({ mcp: async () => Promise.reject(new Error('upstream said secret')) });
    const answer = await test.send('POST', '/mcp', { token: await agentToken(), body: ping });
    expect(answer).toMatchObject({ status: 500, body: { error: { code: 'E_INTERNAL' } } });
    expect(answer.text).not.toContain('secret');
  });

  it('whose answer fails while it is read gives a coded error too', async () => {
    const broken = () =>
      new ReadableStream({
        pull() {
          throw new Error('secret');
        },
      });
    await open({ mcp: async () => new Response(broken(), { headers: { 'content-type': 'application/json' } }) });
    const answer = await test.send('POST', '/mcp', { token: await agentToken(), body: ping });
    expect(answer).toMatchObject({ status: 500, body: { error: { code: 'E_INTERNAL' } } });
    expect(answer.text).not.toContain('secret');
  });
});

describe('an MCP stream', () => {
  it('is passed on as it comes, and cancelled when the client goes', async () => {
    const signals: AbortSignal[] = [];
    let cancelled = false;
    let next: (text: string) => void = () => {};
    const stream = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          next = (text) => controller.enqueue(new TextEncoder().encode(text));
          next('data: 1\n\n');
        },
        cancel() {
          cancelled = true;
        },
      });
    await open({
      mcp: async (request) => {
        signals.push(request.signal);
        return new Response(stream(), { headers: { 'content-type': 'text/event-stream' } });
      },
    });
    const headers = { authorization: `Bearer ${await agentToken()}` };
    const outgoing = httpRequest({ host: '127.0.0.1', port: test.listener.port, path: '/mcp', headers });
    const heard: string[] = [];
    await new Promise<void>((resolve) => {
      outgoing.on('error', () => {});
      outgoing.on('response', (incoming) => {
        expect(incoming.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
        incoming.on('error', () => {});
        incoming.on('data', (chunk: Buffer) => {
          heard.push(chunk.toString());
          if (heard.length === 1) next('data: 2\n\n');
          else resolve();
        });
      });
      outgoing.end();
    });
    expect(heard).toEqual(['data: 1\n\n', 'data: 2\n\n']);
    outgoing.destroy();
    await expect.poll(() => cancelled && signals[0]?.aborted).toBe(true);
  });
});

describe('without a token on loopback', () => {
  const seatbelt = { allowUnauthenticatedLoopback: { tenant: 'default', agent: 'local' } };

  it('is refused unless it was allowed', async () => {
    await open();
    expect((await test.send('POST', '/mcp', { body: ping })).status).toBe(401);
  });

  it('is the agent configured, or the one in the path', async () => {
    await open(seatbelt);
    await test.send('POST', '/mcp', { body: ping });
    await test.send('POST', '/mcp/writer', { body: ping });
    expect(seen.map(({ options }) => options.authInfo?.extra)).toEqual([
      { tenant: 'default', agent: 'local', authenticated: false },
      { tenant: 'default', agent: 'writer', authenticated: false },
    ]);
  });

  it('is refused where somebody else may stand behind, and elsewhere than at MCP', async () => {
    await open({ ...seatbelt, names: ['gateway.test'] });
    for (const headers of [
      { 'x-forwarded-for': '10.0.0.1' },
      { forwarded: 'for=10.0.0.1' },
      { via: '1.1 proxy' },
      { host: 'gateway.test' },
      { authorization: 'Bearer nonsense' },
      { authorization: 'Basic YTpi' },
    ]) {
      expect((await test.send('POST', '/mcp', { body: ping, headers })).status, JSON.stringify(headers)).toBe(401);
    }
    expect((await test.send('GET', '/v1/tools')).status).toBe(401);
    expect((await test.send('POST', '/mcp', { body: ping, headers: { origin: 'https://evil.example' } })).status).toBe(
      403,
    );
    const direct = new Request('http://localhost/mcp', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect((await test.door.fetch(direct)).status).toBe(401);
    expect(seen).toEqual([]);
  });
});

describe('the metadata of the protected resource', () => {
  it('is found by the rules of RFC 9728', async () => {
    await open();
    for (const [path, resource] of [
      ['', '/mcp'],
      ['/mcp', '/mcp'],
      ['/mcp/support', '/mcp/support'],
    ]) {
      const answer = await test.send('GET', `/.well-known/oauth-protected-resource${path}`);
      expect(resourceMetadataSchema.parse(answer.body)).toMatchObject({
        resource: `${test.listener.origin}${resource}`,
        authorization_servers: [test.listener.origin],
      });
    }
    expect((await test.send('GET', '/.well-known/oauth-protected-resource/other')).status).toBe(404);
  });

  it('names what was configured', async () => {
    await open({ publicOrigin: 'https://gateway.example', authorizationServers: ['https://login.example'] });
    const answer = await test.send('GET', '/.well-known/oauth-protected-resource');
    expect(answer.body).toMatchObject({
      resource: 'https://gateway.example/mcp',
      authorization_servers: ['https://login.example'],
    });
    expect((await test.send('POST', '/mcp', { body: ping })).headers['www-authenticate']).toContain(
      '"https://gateway.example/.well-known',
    );
  });
});
