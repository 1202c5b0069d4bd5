import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorEntry, errors } from '../../base/errors.ts';
import { errorSchema } from '../../contract/http.ts';
import type { TokenKind } from '../../contract/tokens.ts';
import { openTestDoor, type TestDoor } from './door.fixture.ts';
import { routes } from './door.ts';

let test: TestDoor;
const tokens: Partial<Record<TokenKind, string>> = {};
beforeAll(async () => {
  test = await openTestDoor(
    { mcp: async (_request, { parsedBody }) => Response.json({ jsonrpc: '2.0', id: null, result: typeof parsedBody }) },
    { timeouts: { headersMs: 300, requestMs: 300, keepAliveMs: 100 } },
  );
  tokens.agent = await test.token({ kind: 'agent', sub: 'support', tenant: 'acme', run: 'run_1' });
  tokens.host = await test.token({ kind: 'host', tenant: 'acme' });
  tokens.person = await test.token({ kind: 'person', sub: 'ada', tenant: 'acme' });
});
afterAll(() => test.listener.close());

/** What every answer has to be: a success, or an error whose code is in the table, with the table's status. */
function expectCoded(status: number, text: string): void {
  if (status < 400) return;
  const body: unknown = JSON.parse(text);
  const inProtocol = (body as { error?: { data?: { code?: string } } }).error?.data?.code;
  const code = inProtocol ?? errorSchema.parse(body).error.code;
  expect(Object.keys(errors)).toContain(code);
  expect(status).toBe(errorEntry(code as keyof typeof errors).http); // shown by the line above
  expect(code).not.toBe('E_INTERNAL'); // nothing behind this door fails, so nothing may look as if it did
}

const paths = [
  ...routes.map(({ path }) => path.replace(':id', 'run_1')),
  '/healthz',
  '/mcp',
  '/mcp/support',
  '/.well-known/oauth-protected-resource',
];
const path = fc.oneof(
  fc.constantFrom(...paths),
  fc.webPath().map((text) => `/${text}`),
  fc.tuple(fc.constantFrom(...paths), fc.webQueryParameters()).map(([base, query]) => `${base}?${query}`),
);
const shapes = fc.record(
  {
    agent: fc.oneof(fc.constant('support'), fc.jsonValue()),
    task: fc.oneof(fc.string(), fc.jsonValue()),
    prompt: fc.oneof(fc.array(fc.record({ kind: fc.constantFrom('user', 'x'), text: fc.string() })), fc.jsonValue()),
    lifetime: fc.oneof(fc.constantFrom('1s', '24h', '99999d', '0ms'), fc.jsonValue()),
    tool: fc.oneof(fc.constant('mail/send'), fc.jsonValue()),
    arguments: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue()),
    approve: fc.oneof(fc.boolean(), fc.jsonValue()),
    text: fc.oneof(fc.string(), fc.jsonValue()),
    content: fc.oneof(fc.string(), fc.jsonValue()),
    source: fc.oneof(fc.constantFrom('mail', 'history'), fc.string(), fc.jsonValue()),
    messages: fc.oneof(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  shapes.map((value) => JSON.stringify(value)),
  fc.json(),
  fc.string(),
  fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
);

describe('any request', () => {
  it('gets a success or a coded error', async () => {
    const kind = fc.constantFrom<TokenKind | 'none' | 'nonsense'>('agent', 'host', 'person', 'none', 'nonsense');
    const method = fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS');
    const type = fc.oneof(
      { weight: 9, arbitrary: fc.constant('application/json') },
      fc.constantFrom('text/plain', 'application/json; charset=x'),
    );
    await fc.assert(
      fc.asyncProperty(method, path, kind, type, body, async (method, path, kind, type, body) => {
        const headers: Record<string, string> = { 'content-type': type };
        if (kind !== 'none') headers['authorization'] = `Bearer ${kind === 'nonsense' ? 'e30.e30' : tokens[kind]}`;
        const reads = method !== 'GET' && method !== 'HEAD';
        const request = new Request(`http://localhost${path}`, { method, headers, ...(reads && { body }) });
        const answer = await test.door.fetch(request);
        if (method !== 'HEAD') expectCoded(answer.status, await answer.text());
      }),
      { numRuns: 1_500, seed: 3 },
    );
    expect(test.reports.filter(({ code }) => code !== 'E_TOKEN_INVALID')).toEqual([]);
  });
});

describe('any bytes', () => {
  it('get a coded answer or a closed connection, and the next request is served', async () => {
    const good = (path: string, token: string | undefined, body: string): Buffer =>
      Buffer.from(
        `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    const seeds = [
      good('/v1/calls', tokens.agent, '{"tool":"mail/send","arguments":{"to":"a@b.test"}}'),
      good('/v1/runs', tokens.host, '{"agent":"support","task":"mail"}'),
      good('/mcp', tokens.agent, '{"jsonrpc":"2.0","id":1,"method":"ping"}'),
    ];
    const edit = fc.record({ at: fc.nat(400), remove: fc.nat(8), insert: fc.uint8Array({ maxLength: 8 }) });
    const spoilt = fc
      .tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 4 }))
      .map(([seed, edits]) =>
        edits.reduce((bytes, { at, remove, insert }) => {
          const place = Math.min(at, bytes.length);
          return Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + remove)]);
        }, seed),
      );
    const inputs = [
      ...fc.sample(spoilt, { numRuns: 250, seed: 5 }),
      ...fc.sample(fc.uint8Array({ maxLength: 64 }), { numRuns: 50, seed: 6 }),
    ];
    let answered = 0;
    const next = inputs.values();
    const worker = async (): Promise<void> => {
      for (const bytes of next) {
        const text = await exchange(bytes);
        for (const response of text.split(/(?=HTTP\/1\.1 \d{3} )/).filter((part) => part !== '')) {
          if (response.startsWith('HTTP/1.1 100')) continue;
          const [head = '', body = ''] = response.split('\r\n\r\n');
          expectCoded(Number(head.split(' ')[1]), body);
          answered++;
        }
      }
    };
    await Promise.all(Array.from({ length: 25 }, worker));
    expect(answered).toBeGreaterThan(200);
    expect((await test.send('GET', '/v1/tools', { token: tokens.agent ?? '' })).status).toBe(200);
    expect(test.reports.filter(({ code }) => code !== 'E_TOKEN_INVALID')).toEqual([]);
  }, 60_000);
});

function exchange(bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(test.listener.port, '127.0.0.1');
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
}
