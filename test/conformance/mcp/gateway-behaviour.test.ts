import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from './start-gateway.ts';
import { startUpstream, type Upstream } from './start-upstream.ts';
import { cancellations } from './upstream-server.ts';

const FILESYSTEM = fileURLToPath(
  new URL('../../../node_modules/@modelcontextprotocol/server-filesystem/dist/index.js', import.meta.url),
);
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, sampling: {}, roots: {} },
};

let upstream: Upstream;
let modernOnly: Upstream;
let gateway: Gateway;
let several: Gateway;

beforeAll(async () => {
  upstream = await startUpstream();
  modernOnly = await startUpstream({ legacy: false });
  gateway = await startGateway({
    up: { kind: 'http', url: upstream.url, headers: { authorization: 'Bearer upstream-only' } },
  });
  const launch = async () => ({ command: process.execPath, args: [FILESYSTEM, import.meta.dirname], env: {} });
  several = await startGateway({
    one: { kind: 'http', url: upstream.url, headers: {} },
    two: { kind: 'http', url: modernOnly.url, headers: {} },
    files: { kind: 'stdio', launch },
  });
});

afterAll(async () => {
  await gateway?.close();
  await several?.close();
  await upstream?.close();
  await modernOnly?.close();
});

async function connect(
  to: Gateway,
  mode: 'auto' | 'legacy',
  agent = 'tester',
  headers: Record<string, string> = {},
): Promise<Client> {
  const capabilities = { elicitation: {}, sampling: {}, roots: {} };
  const client = new Client({ name: 'test', version: '1' }, { capabilities, versionNegotiation: { mode } });
  const url = new URL(`${to.url.href}/${agent}`);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  return client;
}

interface Answer {
  readonly result: { readonly requestState: string; readonly content: readonly { readonly text: string }[] };
  readonly error: { readonly code: number };
}

/** One modern request, by hand. */
async function post(
  to: Gateway,
  method: string,
  params: object,
  agent = 'tester',
  more: Record<string, string> = {},
  signal?: AbortSignal,
) {
  const { name, uri } = params as { name?: string; uri?: string };
  const named = name ?? uri;
  const response = await fetch(`${to.url.href}/${agent}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(named === undefined ? {} : { 'mcp-name': named }),
      ...more,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
    ...(signal ? { signal } : {}),
  });
  // What is read from it is what the test is about.
  return { status: response.status, body: (await response.json()) as Answer };
}

describe('one server behind the gateway', () => {
  it.each(['auto', 'legacy'] as const)('serves the official client, %s', async (mode) => {
    const client = await connect(gateway, mode);
    expect(client.getNegotiatedProtocolVersion()).toBe(mode === 'auto' ? '2026-07-28' : '2025-11-25');
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('test_simple_text');
    const { structuredContent } = await client.callTool({ name: 'test_structured', arguments: { a: 2, b: 3 } });
    expect(structuredContent).toEqual({ sum: 5 });
    const { contents } = await client.readResource({ uri: 'test://template/7/data' });
    expect(contents[0]).toMatchObject({ uri: 'test://template/7/data' });
    const { completion } = await client.complete({
      ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' },
      argument: { name: 'arg1', value: 'par' },
    });
    expect(completion.values).toEqual(['paris', 'park', 'party']);
    await client.close();
  });

  it.each(['auto', 'legacy'] as const)('takes a cancellation to the server, %s', async (mode) => {
    const client = await connect(gateway, mode);
    const before = cancellations.count;
    const cancel = new AbortController();
    const call = client.callTool({ name: 'test_slow', arguments: { delayMs: 20_000 } }, { signal: cancel.signal });
    call.catch(() => {});
    setTimeout(() => cancel.abort(), 200);
    await expect(call).rejects.toThrow();
    await expect.poll(() => cancellations.count).toBe(before + 1);
    await client.close();
  });

  it.each(['auto', 'legacy'] as const)(
    'passes on no header of the client and its own to the server only, %s',
    async (mode) => {
      upstream.seen.length = 0;
      const client = await connect(gateway, mode, 'tester', {
        authorization: 'Bearer from-the-client',
        cookie: 'a=b',
        'x-custom': 'c',
      });
      await client.callTool({ name: 'test_simple_text', arguments: {} });
      await client.close();
      expect(upstream.seen.length).toBeGreaterThan(0);
      for (const { headers } of upstream.seen) {
        expect(headers['authorization']).toBe('Bearer upstream-only');
        expect(JSON.stringify(headers)).not.toMatch(/from-the-client|a=b|x-custom/);
      }
    },
  );

  it('passes on no `_meta` of the client but its trace', async () => {
    upstream.seen.length = 0;
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await fetch(gateway.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'test_simple_text',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'test_simple_text', _meta: { ...META, traceparent, leak: 'data' } },
      }),
    });
    const call = JSON.stringify(
      upstream.seen.find(({ body }) => JSON.stringify(body).includes('test_simple_text'))?.body,
    );
    // A child of the client's span, made here: the trace is the same, the parent is the call.
    expect(call).toMatch(/"00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01"/);
    expect(call).not.toContain('leak');
  });

  it('does not know a session of another principal, or an ended one', async () => {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const send = (agent: string, body: object, more: Record<string, string> = {}) =>
      fetch(`${gateway.url.href}/${agent}`, {
        method: 'POST',
        headers: { ...headers, ...more },
        body: JSON.stringify(body),
      });
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } };
    const opened = await send('alice', { jsonrpc: '2.0', id: 1, method: 'initialize', params });
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
    expect(session['mcp-session-id']).toMatch(/^[\w-]{43}$/);
    const ping = { jsonrpc: '2.0', id: 2, method: 'ping' };
    expect((await send('alice', ping, session)).status).toBe(200);
    expect((await send('mallory', ping, session)).status).toBe(404);
    expect((await send('alice', ping, { 'mcp-session-id': 'guess' })).status).toBe(404);
    expect((await send('alice', ping)).status).toBe(400);
    expect((await fetch(`${gateway.url.href}/mallory`, { method: 'DELETE', headers: session })).status).toBe(404);
    expect((await fetch(`${gateway.url.href}/alice`, { method: 'DELETE', headers: session })).status).toBe(200);
    expect((await send('alice', ping, session)).status).toBe(404);
  });

  it('takes a request state from whom it was given to, for what it was given for, once', async () => {
    const tool = { name: 'test_input_required_result_request_state', arguments: {} };
    const first = await post(gateway, 'tools/call', tool);
    const { requestState } = first.body.result;
    const inputResponses = { confirm: { action: 'accept', content: { ok: true } } };
    const again = (agent: string, name = tool.name) =>
      post(gateway, 'tools/call', { ...tool, name, inputResponses, requestState }, agent);
    expect((await again('mallory')).body.error.code).toBe(-32_602);
    expect((await again('tester', 'test_input_required_result_tampered_state')).body.error.code).toBe(-32_602);
    expect((await again('tester')).body.result.content[0]?.text).toContain('state-ok');
    expect((await again('tester')).body.error.code).toBe(-32_602);
  });

  it('answers for the loopback interface only', async () => {
    expect((await post(gateway, 'tools/list', {}, 'tester', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(gateway, 'tools/list', {}, 'tester', { origin: 'http://localhost:1234' })).status).toBe(200);
  });
});

describe('several servers behind the gateway', () => {
  it('gives what collides a name of its own and leads the bare one nowhere', async () => {
    const client = await connect(several, 'auto');
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toContain('one_test_simple_text');
    expect(names).toContain('two_test_simple_text');
    expect(names).toContain('list_allowed_directories');
    expect(names).not.toContain('test_simple_text');
    expect(new Set(names).size).toBe(names.length);
    await expect(client.callTool({ name: 'test_simple_text', arguments: {} })).rejects.toMatchObject({ code: -32_602 });
    const { content } = await client.callTool({ name: 'two_test_simple_text', arguments: {} });
    expect(content[0]).toMatchObject({ type: 'text' });
    await client.close();
  });

  it('does not read a URI that more than one server offers', async () => {
    const client = await connect(several, 'auto');
    expect((await client.listResources()).resources).toEqual([]);
    await expect(client.readResource({ uri: 'test://static-text' })).rejects.toMatchObject({ code: -32_602 });
    const prompts = (await client.listPrompts()).prompts.map(({ name }) => name);
    expect(prompts).toContain('one_test_simple_prompt');
    await client.close();
  });

  it('calls a server of the session era for a client without sessions', async () => {
    const client = await connect(several, 'auto');
    const { content } = await client.callTool({ name: 'list_allowed_directories', arguments: {} });
    expect(JSON.stringify(content)).toContain(import.meta.dirname);
    await client.close();
  });

  it('asks a client of the session era what a server without sessions wants to know', async () => {
    const client = await connect(several, 'legacy');
    client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { name: 'Ada' } }));
    const { content } = await client.callTool({ name: 'two_test_input_required_result_elicitation', arguments: {} });
    expect(content[0]).toMatchObject({ text: 'Hello, Ada!' });
    await client.close();
  });
});

describe('the gateway on standard streams', () => {
  const talk = async (
    ...messages: object[]
  ): Promise<{ id?: unknown; method?: string; result?: never; error?: { code: number } }[]> => {
    const input = new PassThrough();
    const output = new PassThrough();
    const served = gateway.door.serveStdio({ input, output, credentials: 'tester' });
    const answers: never[] = [];
    output.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString('utf8').split('\n')) if (line !== '') answers.push(JSON.parse(line) as never);
    });
    for (const message of messages) input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const expected = messages.filter((message) => 'id' in message).length;
    await expect.poll(() => answers.filter((answer) => 'id' in answer).length, { timeout: 10_000 }).toBe(expected);
    input.end();
    await served;
    return answers;
  };

  it('serves a client without a session', async () => {
    const call = { id: 'a', method: 'tools/call', params: { name: 'test_simple_text', arguments: {}, _meta: META } };
    const [discovered, called] = await talk({ id: 1, method: 'server/discover', params: { _meta: META } }, call);
    expect(discovered).toMatchObject({ id: 1, result: { supportedVersions: expect.arrayContaining(['2026-07-28']) } });
    expect(called).toMatchObject({ id: 'a', result: { content: [{ type: 'text' }], resultType: 'complete' } });
  });

  it('serves a client with a session', async () => {
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'a', version: '1' } };
    const answers = await talk({ id: 1, method: 'initialize', params }, { method: 'notifications/initialized' });
    expect(answers[0]).toMatchObject({
      id: 1,
      result: { protocolVersion: '2025-06-18', serverInfo: { name: 'chaperone' } },
    });
  });

  it('says what it wants of a client that begins with neither', async () => {
    expect(await talk({ id: 1, method: 'tools/list' })).toMatchObject([{ id: 1, error: { code: -32_602 } }]);
  });
});
