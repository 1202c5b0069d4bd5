import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isJsonObject } from '../../../src/base/json.ts';
import { limits } from '../../../src/base/limits.ts';
import { type Gateway, startGateway } from './start-gateway.ts';
import { startUpstream, type Upstream } from './start-upstream.ts';

let upstream: Upstream;
let gateway: Gateway;
const rejections: unknown[] = [];
const onRejection = (reason: unknown) => rejections.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', onRejection);
  upstream = await startUpstream();
  gateway = await startGateway({ up: { kind: 'http', url: upstream.url, headers: {} } });
});

afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
  process.off('unhandledRejection', onRejection);
  // A bug would be told of as a problem, and must not have been what answered.
  expect(gateway.problems).toEqual([]);
  expect(rejections).toEqual([]);
});

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const METHODS = [
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
  'notifications/cancelled',
  'notifications/initialized',
  'notifications/roots/list_changed',
  '__proto__',
  'constructor',
  'toString',
  '',
] as const;

const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom('__proto__', 'constructor', '\ud800', '\u0000', -0, 1e308),
);
const names = fc.constantFrom(
  'test_simple_text',
  'test_structured',
  'test_simple_prompt',
  'test://static-text',
  '__proto__',
);
const params = fc.oneof(
  junk,
  fc.record(
    {
      name: fc.oneof(names, junk),
      uri: fc.oneof(names, junk),
      arguments: junk,
      ref: fc.oneof(
        junk,
        fc.record(
          { type: fc.constantFrom('ref/prompt', 'ref/resource'), name: names, uri: names },
          { requiredKeys: [] },
        ),
      ),
      argument: junk,
      level: junk,
      requestId: junk,
      inputResponses: junk,
      requestState: junk,
      notifications: junk,
      _meta: fc.oneof(
        fc.constant(META),
        fc.record({ progressToken: junk }).map((more) => ({ ...META, ...more })),
        junk,
      ),
    },
    { requiredKeys: [] },
  ),
);
const message = fc.oneof(
  junk,
  fc.record(
    {
      jsonrpc: fc.constantFrom('2.0', '1.0'),
      id: fc.oneof(fc.integer(), fc.string(), junk),
      method: fc.oneof(fc.constantFrom(...METHODS), junk),
      params,
      result: junk,
      error: junk,
    },
    { requiredKeys: [] },
  ),
  fc.record({ jsonrpc: fc.constant('2.0'), id: fc.integer(), method: fc.constantFrom(...METHODS), params }),
);

/** Everything that says no says so with a whole number for a code and a text. */
function expectCoded(answer: unknown): void {
  if (!isJsonObject(answer) || answer['error'] === undefined) return;
  expect(answer).toMatchObject({ jsonrpc: '2.0', error: { code: expect.any(Number), message: expect.any(String) } });
}

async function post(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: typeof body === 'string' ? body : Buffer.from(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  const data = text.startsWith('event:') ? text.slice(text.indexOf('data: ') + 6).split('\n')[0] : text;
  return { status: response.status, answer: data ? JSON.parse(data) : undefined };
}

describe('hostile JSON-RPC over HTTP', () => {
  it('is answered with a code, whatever it is', async () => {
    const headers = fc.record(
      {
        'mcp-protocol-version': fc.constantFrom('2026-07-28', '2025-11-25', 'x', ''),
        'mcp-method': fc.constantFrom(...METHODS.filter((method) => method !== '')),
        'mcp-name': fc.constantFrom('test_simple_text', '=?base64?!?=', ''),
        'mcp-session-id': fc.constantFrom('x', ''),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(message, headers, async (body, given) => {
        const { status, answer } = await post(JSON.stringify(body) ?? 'undefined', given);
        expect(status).toBeLessThan(500);
        expectCoded(answer);
      }),
      { numRuns: 400 },
    );
  });

  it('is answered with a code when its headers fit, so that it gets further', async () => {
    const request = fc.record({ method: fc.constantFrom(...METHODS.filter((method) => method !== '')), params });
    await fc.assert(
      fc.asyncProperty(request, async ({ method, params: given }) => {
        const body = { jsonrpc: '2.0', id: 1, method, params: { ...(isJsonObject(given) ? given : {}), _meta: META } };
        const { name, uri } = body.params as { name?: unknown; uri?: unknown };
        const named = method === 'resources/read' ? uri : name;
        const wrapped =
          typeof named === 'string' ? { 'mcp-name': `=?base64?${Buffer.from(named).toString('base64')}?=` } : {};
        const { status, answer } = await post(JSON.stringify(body), {
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': method,
          ...wrapped,
        });
        expect(status).toBeLessThan(500);
        expectCoded(answer);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['nothing', '', 400],
    ['half a message', '{"jsonrpc":', 400],
    ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x00]), 400],
    ['a tower of brackets', '['.repeat(100_000) + ']'.repeat(100_000), 400],
    ['a deep message', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`, 400],
    ['a prototype', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"x":1}}}', 400],
    ['too much', JSON.stringify('x'.repeat(limits.requestBytes)), 413],
  ])('is refused when it is %s', async (_, body, status) => {
    const refused = await post(body);
    expect(refused.status).toBe(status);
    expect(refused.answer).toMatchObject({ error: { code: expect.any(Number) } });
  });

  it.each(['PUT', 'PATCH', 'OPTIONS', 'GET', 'DELETE'])('knows no %s without a session', async (method) => {
    const response = await fetch(gateway.url, { method });
    expect([400, 405]).toContain(response.status);
    expectCoded(await response.json());
  });

  it('refuses what is not JSON by its type', async () => {
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(415);
  });
});

describe('hostile JSON-RPC on standard streams', () => {
  const talk = async (lines: readonly string[], opening: readonly string[]): Promise<unknown[]> => {
    const input = new PassThrough();
    const output = new PassThrough();
    const served = gateway.door.serveStdio({ input, output, credentials: 'tester' });
    const answers: unknown[] = [];
    let rest = '';
    output.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString('utf8')).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) answers.push(JSON.parse(part));
    });
    for (const line of [...opening, ...lines]) input.write(`${line}\n`);
    const last = { jsonrpc: '2.0', id: 'the-last', method: 'server/discover', params: { _meta: META } };
    input.write(`${JSON.stringify(last)}\n`);
    const isLast = (answer: unknown) => isJsonObject(answer) && answer['id'] === 'the-last';
    await expect.poll(() => answers.some(isLast), { timeout: 10_000 }).toBe(true);
    input.end();
    await served;
    return answers;
  };
  const initialize = JSON.stringify({
    jsonrpc: '2.0',
    id: 'opening',
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {} },
  });

  it.each([
    ['without a session', []],
    ['in a session', [initialize]],
  ])('leaves the client served, %s', async (_, opening) => {
    const line = fc.oneof(
      message.map((value) => JSON.stringify(value) ?? 'undefined'),
      fc.string().map((text) => text.replaceAll('\n', ' ')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 8 }), async (lines) => {
        for (const answer of await talk(lines, opening)) expectCoded(answer);
      }),
      { numRuns: 80 },
    );
  });
});
