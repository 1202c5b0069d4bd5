import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { Fault } from '../../../base/fault.ts';
import type { JsonObject } from '../../../base/json.ts';
import { Intent } from '../../../model/intent.ts';
import { pinTool, type Tool, toolName } from '../../../model/tool.ts';
import type { McpCarrier, McpPeer } from '../../../ports/mcp-upstream.ts';
import type { CallContext, Execution } from '../../../ports/tool-source.ts';
import type { McpReach } from './connect.ts';
import { createMcpSource, type McpSource } from './create-mcp-source.ts';

// A server of the session era, as small as one can be. `crash` ends it in the middle of a call.
const PROGRAM = `
const { spawn } = require('node:child_process');
const tools = ['echo', 'crash', 'hang', 'env', 'child', 'error', 'broken'].map((name) => ({ name, inputSchema: { type: 'object' } }));
const reply = (id, body) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...body }) + '\\n');
const text = (value) => ({ result: { content: [{ type: 'text', text: String(value) }] } });
const calls = {
  echo: (id, args) => reply(id, text(JSON.stringify(args))),
  crash: () => process.exit(1),
  hang: () => {},
  env: (id) => reply(id, text(JSON.stringify(process.env))),
  child: (id) => reply(id, text(spawn('sleep', ['60'], { stdio: 'ignore' }).pid)),
  error: (id) => reply(id, { error: { code: -32602, message: 'no', data: { why: 'because' } } }),
  broken: (id) => reply(id, { result: { content: 'not a list' } }),
};
process.stderr.write('x'.repeat(10_000) + '\\nready\\n');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') reply(id, { result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } } });
  else if (method === 'tools/list') reply(id, params?.cursor ? { result: { tools: tools.slice(3) } } : { result: { tools: tools.slice(0, 3), nextCursor: 'rest' } });
  else if (method === 'tools/call') calls[params.name](id, params.arguments);
  else if (id !== undefined) reply(id, { error: { code: -32601, message: 'Method not found' } });
});
`;

const open: McpSource[] = [];
const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ tools }) => tools.close()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function source(reach: McpReach, onStderr: (line: string) => void = () => {}): McpSource {
  const made = createMcpSource({ server: 's', reach, onStderr, connectTimeoutMs: 15_000 });
  open.push(made);
  return made;
}

const program = (env: Record<string, string> = {}): McpReach => ({
  kind: 'stdio',
  launch: async () => ({ command: process.execPath, args: ['-e', PROGRAM], env }),
});

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`);
}

function call(
  { tools }: McpSource,
  name: string,
  args: JsonObject = {},
  context: Partial<CallContext> = {},
  deadlineMs = 10_000,
): Promise<Execution> {
  const tool: Tool = { server: 's', name, description: '', inputSchema: { type: 'object' } };
  const governed = {
    tool,
    name: toolName(tool),
    pin: pinTool(tool),
    effect: 'read',
    consequence: 'low',
    declared: true,
    sinks: [],
  } as const;
  const made = { id: 'call_1', runId: 'run_1', tool: governed.name, arguments: args, digest: 'sha256:0' } as const;
  return tools.call(new Intent(1, made, governed, deadlineMs), { signal: new AbortController().signal, ...context });
}

const textOf = (execution: Execution): string =>
  execution.ok ? String(execution.result.content[0]?.['text']) : execution.code;

describe('a server on standard streams', () => {
  it('lists all pages and calls what it lists', async () => {
    const made = source(program());
    expect((await made.tools.list()).map(({ name }) => name)).toEqual([
      'echo',
      'crash',
      'hang',
      'env',
      'child',
      'error',
      'broken',
    ]);
    expect(textOf(await call(made, 'echo', { a: 1 }))).toBe('{"a":1}');
  });

  it('gets exactly the environment that was given', async () => {
    expect(JSON.parse(textOf(await call(source(program({ ONLY: 'this' })), 'env')))).toEqual({ ONLY: 'this' });
  });

  it('is heard on standard error, in lines that are cut', async () => {
    const lines: string[] = [];
    await call(
      source(program(), (line) => lines.push(line)),
      'echo',
    );
    expect(lines.map((line) => line.length)).toEqual([4_096, 5]);
  });

  it('says of a call that was under way when it crashed that nobody knows, and is started again for the next', async () => {
    const made = source(program());
    expect(await call(made, 'crash')).toMatchObject({ ok: false, ran: 'unknown', code: 'E_UPSTREAM_LOST' });
    expect(textOf(await call(made, 'echo'))).toBe('{}');
  });

  it('says of a call it never got that it did not run', async () => {
    const launch = async () => ({ command: '/nonexistent/program', args: [], env: {} });
    expect(await call(source({ kind: 'stdio', launch }), 'echo')).toMatchObject({
      ok: false,
      ran: 'no',
      code: 'E_SERVER_LAUNCH',
    });
  });

  it('keeps the reason why it was not launched', async () => {
    const launch = () => Promise.reject(new Fault('E_SERVER_INTEGRITY', 'another package'));
    expect(await call(source({ kind: 'stdio', launch }), 'echo')).toMatchObject({
      ran: 'no',
      code: 'E_SERVER_INTEGRITY',
    });
  });

  it('is stopped at the deadline and when the caller cancels', async () => {
    const made = source(program());
    expect(await call(made, 'hang', {}, {}, 500)).toMatchObject({
      ok: false,
      ran: 'unknown',
      code: 'E_UPSTREAM_TIMEOUT',
    });
    const cancel = new AbortController();
    const called = call(made, 'hang', {}, { signal: cancel.signal });
    setTimeout(() => cancel.abort(), 50);
    expect(await called).toMatchObject({ ok: false, ran: 'unknown', code: 'E_CANCELLED' });
    expect(await call(made, 'echo', {}, { signal: cancel.signal })).toMatchObject({ ran: 'no', code: 'E_CANCELLED' });
  });

  it('has its protocol errors passed on and its malformed results withheld', async () => {
    const made = source(program());
    const error = { code: -32_602, message: 'no', data: { why: 'because' } };
    expect(await call(made, 'error')).toMatchObject({ ok: false, code: 'E_UPSTREAM_FAILED', protocolError: error });
    expect(await call(made, 'broken')).toMatchObject({ ok: false, ran: 'yes', code: 'E_UPSTREAM_FAILED' });
  });

  it.runIf(process.platform === 'linux')('takes its own children with it', async () => {
    const made = source(program());
    const pid = Number(textOf(await call(made, 'child')));
    expect(isAlive(pid)).toBe(true);
    await made.tools.close();
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

/** A killed process whose new parent has not looked yet is still listed, as a zombie. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** A stateless server that answers `tools/call` as told. */
function stateless(
  onCall: (id: unknown, response: Parameters<RequestListener>[1], headers: NodeJS.Dict<string | string[]>) => void,
): Promise<URL> {
  return serve((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const { id, method } = JSON.parse(text);
      if (method === 'tools/call') return onCall(id, response, request.headers);
      const list = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
      const result =
        method === 'server/discover'
          ? { ...list, supportedVersions: ['2026-07-28'], capabilities: { tools: {} } }
          : { ...list, tools: [{ name: 'echo', inputSchema: { type: 'object' } }] };
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    });
  });
}

const peer: McpPeer = {
  name: 'session',
  principal: 'somebody',
  era: 'legacy',
  capabilities: { elicitation: {} },
  onNotification: () => {},
  onRequest: async () => ({ ok: true, result: {} }),
};
const answering: McpCarrier = {
  protocol: 'mcp',
  peer,
  capabilities: peer.capabilities,
  onNotification: () => {},
  onRequest: async () => ({ ok: true, result: { action: 'accept', content: {} } }),
};

/**
 * A server of the session era whose one tool asks on the stream that belongs to no request, and answers when it has been
 * answered. It opens that stream a while after it was asked to, and drops what it says until then, as servers of the
 * official SDK do; or when it has something to say; or there is none, and the tool does not ask.
 */
async function askingServer(opens: 'slowly' | 'when it asks' | 'never') {
  let stream: ServerResponse | undefined;
  let answer = (): void => {};
  const seen: string[] = [];
  const url = await serve(async (request, response) => {
    const { id, method } = request.method === 'POST' ? JSON.parse(await text(request)) : {};
    seen.push(method ?? request.method);
    if (request.method === 'GET') {
      if (opens === 'never') return void response.writeHead(405).end();
      if (opens === 'when it asks') stream = response;
      else
        setTimeout(() => {
          stream = response.writeHead(200, { 'content-type': 'text/event-stream' });
          stream.flushHeaders();
        }, 200);
      return;
    }
    const reply = (result: unknown) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'one' })
        .end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    if (method === 'initialize') {
      const capabilities = { tools: {} };
      return void reply({ protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 's', version: '1' } });
    }
    if (method !== 'tools/call') {
      response.writeHead(202).end();
      return id === 'question' ? answer() : undefined;
    }
    answer = () => void reply({ content: [] });
    if (opens === 'never') return answer();
    if (stream?.headersSent === false) stream.writeHead(200, { 'content-type': 'text/event-stream' });
    stream?.write(`data: {"jsonrpc":"2.0","id":"question","method":"elicitation/create","params":{}}\n\n`);
  });
  return { url, seen };
}

const done = (id: unknown) => JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', content: [] } });

describe('a server behind a URL', () => {
  it('gets the configured headers, and is named what is called', async () => {
    let seen: NodeJS.Dict<string | string[]> = {};
    const url = await stateless((id, response, headers) => {
      seen = headers;
      response.writeHead(200, { 'content-type': 'application/json' }).end(done(id));
    });
    await call(source({ kind: 'http', url, headers: { authorization: 'Bearer ours' } }), 'echo');
    expect(seen).toMatchObject({ authorization: 'Bearer ours', 'mcp-method': 'tools/call', 'mcp-name': 'echo' });
  });

  it('says of a call that no connection stood for that it did not run', async () => {
    const url = await serve(() => {});
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    expect(await call(source({ kind: 'http', url, headers: {} }), 'echo')).toMatchObject({
      ran: 'no',
      code: 'E_UPSTREAM_UNREACHABLE',
    });
  });

  it.each([
    ['hangs up', 'E_UPSTREAM_LOST', (_: unknown, response: Parameters<RequestListener>[1]) => response.destroy()],
    [
      'ends its stream without an answer',
      'E_UPSTREAM_LOST',
      (_: unknown, response: Parameters<RequestListener>[1]) =>
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': nothing\n\n'),
    ],
    [
      'answers with something else',
      'E_UPSTREAM_FAILED',
      (_: unknown, response: Parameters<RequestListener>[1]) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    ],
    [
      'answers with broken JSON',
      'E_UPSTREAM_FAILED',
      (_: unknown, response: Parameters<RequestListener>[1]) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{'),
    ],
    [
      'fails',
      'E_UPSTREAM_FAILED',
      (_: unknown, response: Parameters<RequestListener>[1]) => response.writeHead(500).end(),
    ],
  ])('that %s leaves it unknown whether the call ran', async (_, code, answer) => {
    const url = await stateless(answer);
    expect(await call(source({ kind: 'http', url, headers: {} }), 'echo')).toMatchObject({
      ok: false,
      ran: 'unknown',
      code,
    });
  });

  it.each(['slowly', 'when it asks', 'never'] as const)(
    'is called once its stream for questions was asked for, which it opens %s',
    async (opens) => {
      const { url, seen } = await askingServer(opens);
      const execution = await call(source({ kind: 'http', url, headers: {} }), 'ask', {}, { carrier: answering });
      expect(execution).toMatchObject({ ok: true });
      expect(seen.indexOf('GET')).toBeLessThan(seen.indexOf('tools/call'));
    },
  );

  it('is not followed to another place', async () => {
    let reached = false;
    const elsewhere = await serve((_, response) => {
      reached = true;
      response.end();
    });
    const url = await stateless((_, response) => response.writeHead(307, { location: elsewhere.href }).end());
    expect(await call(source({ kind: 'http', url, headers: { authorization: 'Bearer ours' } }), 'echo')).toMatchObject({
      ok: false,
    });
    expect(reached).toBe(false);
  });

  it('passes on progress as it comes', async () => {
    const url = await serve((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      request.on('end', () => {
        const { id, method, params } = JSON.parse(text);
        if (method === 'server/discover') {
          const result = {
            resultType: 'complete',
            ttlMs: 0,
            cacheScope: 'private',
            supportedVersions: ['2026-07-28'],
            capabilities: {},
          };
          return response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify({ jsonrpc: '2.0', id, result }));
        }
        const { progressToken } = params._meta;
        const progress = {
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken, progress: 1, total: 2 },
        };
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        return response.end(`data: ${JSON.stringify(progress)}\n\ndata: ${done(id)}\n\n`);
      });
    });
    const heard: JsonObject[] = [];
    const result = await call(
      source({ kind: 'http', url, headers: {} }),
      'echo',
      {},
      { onProgress: (progress) => heard.push(progress) },
    );
    expect(result).toMatchObject({ ok: true });
    expect(heard).toEqual([{ progress: 1, total: 2 }]);
  });
});
