import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createMcpSource } from '../../src/adapters/tools/mcp/create-mcp-source.ts';
import type { Effect } from '../../src/model/effect.ts';
import { Intent } from '../../src/model/intent.ts';
import { pinTool, type Tool, toolName } from '../../src/model/tool.ts';
import type { Execution } from '../../src/ports/tool-source.ts';

/**
 * A server, or something in front of it, acts and then answers with a status that reads like a refusal. Only a status
 * that proves that the call was not handed on lets the record say that nothing ran; and what may change something is
 * never sent a second time.
 */
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Legacy {
  readonly url: URL;
  /** How often the tool was called. */
  readonly effects: () => number;
  /** How often a session was opened. */
  readonly opened: () => number;
  /** Methods of the requests that came, the handshake apart. */
  readonly asked: readonly string[];
  /** The server forgets its session, as one does that is started again. */
  readonly restart: () => void;
}

/** A server of the session era whose tool acts, and then answers as it is told. */
async function openLegacy(answer: (response: ServerResponse, id: unknown) => void): Promise<Legacy> {
  let effects = 0;
  let opened = 0;
  let session = 1;
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end();
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { id, method } = JSON.parse(body) as { readonly id?: unknown; readonly method: string };
    const reply = (result: object, headers: Record<string, string> = {}) =>
      response
        .writeHead(200, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    if (method === 'server/discover') return response.writeHead(404).end();
    if (method === 'initialize') {
      opened += 1;
      const serverInfo = { name: 's', version: '1' };
      return reply(
        { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo },
        { 'mcp-session-id': `S${session}` },
      );
    }
    if (method === 'notifications/initialized') return response.writeHead(202).end();
    asked.push(method);
    if (request.headers['mcp-session-id'] !== `S${session}`) return response.writeHead(404).end();
    if (method === 'ping') return reply({});
    effects += 1;
    return answer(response, id);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`),
    effects: () => effects,
    opened: () => opened,
    asked,
    restart: () => {
      session += 1;
    },
  };
}

function openSource(url: URL): (effect: Effect) => Promise<Execution> {
  const { tools } = createMcpSource({ server: 's', reach: { kind: 'http', url, headers: {} } });
  closing.push(() => tools.close());
  const tool: Tool = { server: 's', name: 'act', description: '', inputSchema: { type: 'object' } };
  const name = toolName(tool);
  return (effect) => {
    const governed = {
      tool,
      name,
      pin: pinTool(tool),
      effect,
      consequence: 'low',
      declared: true,
      sinks: [],
    } as const;
    const call = { id: 'call_1', runId: 'run_1', tool: name, arguments: {}, digest: 'sha256:0' } as const;
    return tools.call(new Intent(1, call, governed, 10_000), { signal: new AbortController().signal });
  };
}

const done = (response: ServerResponse, id: unknown) =>
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } }));

describe('an effect behind a status', () => {
  it.each([
    [303, {}, 'unknown'],
    [307, { location: 'http://127.0.0.1:1/' }, 'unknown'],
    [400, {}, 'unknown'],
    [401, {}, 'unknown'],
    [401, { 'www-authenticate': 'Bearer' }, 'no'],
    [403, {}, 'unknown'],
    [403, { 'www-authenticate': 'Bearer error="insufficient_scope"' }, 'no'],
    [404, {}, 'unknown'],
    [405, {}, 'no'],
    [408, {}, 'unknown'],
    [409, {}, 'unknown'],
    [413, {}, 'no'],
    [415, {}, 'no'],
    [422, {}, 'unknown'],
    [425, {}, 'unknown'],
    [429, {}, 'unknown'],
    [431, {}, 'no'],
    [500, {}, 'unknown'],
    [502, {}, 'unknown'],
    [503, {}, 'unknown'],
  ] as const)('%d %o: ran is `%s`, and it is not called again', async (status, headers, ran) => {
    const server = await openLegacy((response) => response.writeHead(status, headers).end('no'));
    const answer = await openSource(server.url)('write');
    expect(answer).toMatchObject({ ok: false, ran });
    expect(server.effects()).toBe(1);
  });

  it('is taken at its word where the server answers in the protocol', async () => {
    const answerWith = (code: number) => (response: ServerResponse, id: unknown) =>
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message: 'no' } }));
    const unread = await openLegacy(answerWith(-32_600));
    expect(await openSource(unread.url)('write')).toMatchObject({ ran: 'no' });
    const looked = await openLegacy(answerWith(-32_000));
    expect(await openSource(looked.url)('write')).toMatchObject({ ran: 'unknown' });
  });
});

describe('a session that is over', () => {
  it('is opened again for a read, which is sent twice at most', async () => {
    const server = await openLegacy((response) => response.writeHead(404).end());
    expect(await openSource(server.url)('read')).toMatchObject({ ok: false, ran: 'unknown', code: 'E_UPSTREAM_LOST' });
    expect(server.effects()).toBe(2);
  });

  it('is found before a change is sent, so that a server that was started again costs nothing', async () => {
    const server = await openLegacy(done);
    const call = openSource(server.url);
    expect(await call('write')).toMatchObject({ ok: true });
    server.restart();
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // its last answer is of a while ago
    expect(await call('write')).toMatchObject({ ok: true });
    expect(server.effects()).toBe(2);
    expect(server.asked).toEqual(['tools/call', 'ping', 'tools/call']);
  });

  it('that ends within the moment between leaves the change unknown, and the next one runs', async () => {
    const server = await openLegacy(done);
    const call = openSource(server.url);
    await call('write');
    server.restart();
    expect(await call('write')).toMatchObject({ ok: false, ran: 'unknown', code: 'E_UPSTREAM_LOST' });
    expect(server.effects()).toBe(1);
    expect(await call('write')).toMatchObject({ ok: true });
    expect(await call('read')).toMatchObject({ ok: true });
    server.restart();
    expect(await call('read')).toMatchObject({ ok: true });
    await new Promise((resolve) => setTimeout(resolve, 100)); // the sessions that are over are done with
    expect(await call('write')).toMatchObject({ ok: true });
    expect(server.opened()).toBe(3);
  });
});
