import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient, issueToken, newFolder, type RunningGateway, root, startGateway } from '../start-gateway.ts';
import { spansOf } from './read-otlp.ts';
import { buildCollector, type Collector, startCollector, until } from './receivers.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

let built: string;
let why: string | undefined;
let collector: Collector;
let gateway: RunningGateway;
let upstream: ChildProcess;
let log: string;
let folder: string;
let dispose: () => Promise<void>;

beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), 'chaperone-trace-'));
  why = buildCollector(built);
  if (why !== undefined) return;
  collector = await startCollector(built);
  ({ folder, dispose } = await newFolder('version: 1\n'));
  log = join(folder, 'upstream.log');
  const portFile = join(folder, 'port');
  upstream = spawn(process.execPath, [join(root, 'test/e2e/header-server.ts'), portFile, log], { stdio: 'inherit' });
  const port = await until('the upstream', () => readFile(portFile, 'utf8').catch(() => undefined));
  await writeFile(
    join(folder, 'chaperone.yaml'),
    `version: 1
servers: { far: { url: "http://127.0.0.1:${port}/mcp" } }
tools: { far/read_far: { effect: read, consequence: low } }
agents: { agent: { tools: { far/read_far: {} } } }
telemetry: { sinks: { traces: { kind: otlp, to: "http://127.0.0.1:${collector.port}" } } }
`,
  );
  gateway = await startGateway(folder);
}, 500_000);
afterAll(async () => {
  await gateway?.stop();
  upstream?.kill('SIGKILL');
  await collector?.stop();
  await dispose?.();
  await rm(built, { recursive: true, force: true });
});

const spansIn = (traceId: string, count: number) =>
  until(`${count} spans of ${traceId}`, () => {
    const found = spansOf(collector.messages).filter((span) => span.traceId === traceId);
    return found.length >= count ? found : undefined;
  });

const called = async () =>
  (await readFile(log, 'utf8'))
    .split('\n')
    .filter((line) => line.includes('tools/call'))
    .map((line) => {
      const { headers, body } = JSON.parse(line) as { headers: string[]; body: string };
      const { params } = JSON.parse(body) as { params: { _meta?: Record<string, unknown> } };
      return { header: headers[headers.findIndex((name) => /^traceparent$/i.test(name)) + 1], meta: params._meta };
    });

describe('a call in a trace', () => {
  it('by MCP is a SERVER span below its caller, with the CLIENT span that its server is told of', async (context) => {
    if (why !== undefined) return context.skip(why);
    const client = await connectClient(gateway.origin, await issueToken(folder, 'agent', 'agent'));
    const params = {
      name: 'read_far',
      arguments: {},
      _meta: { traceparent: TRACEPARENT, tracestate: 'vendor=rumour' },
    };
    await client.callTool(params);
    await client.callTool({ name: 'read_far', arguments: { unknown: 1 }, _meta: { traceparent: TRACEPARENT } });
    await client.close();

    const spans = await spansIn(TRACE, 5);
    const ran = spans.find(({ kind }) => kind === 'client');
    const call = spans.find(({ spanId }) => spanId === ran?.parentSpanId);
    const server = spans.find(({ spanId }) => spanId === call?.parentSpanId);
    expect([server?.kind, call?.kind]).toEqual(['server', 'internal']);
    expect([server?.name, call?.name, ran?.name]).toEqual([
      'tools/call read_far',
      'execute_tool far/read_far',
      'tools/call read_far',
    ]);
    expect(server?.parentSpanId).toBe(PARENT);
    if (server === undefined || call === undefined || ran === undefined) throw new Error('spans are missing');
    expect(server.attributes).toMatchObject({
      'mcp.method.name': 'tools/call',
      'mcp.protocol.version': '2026-07-28',
      'network.transport': 'tcp',
      'gen_ai.tool.name': 'read_far',
      'gen_ai.operation.name': 'execute_tool',
      'jsonrpc.request.id': expect.stringMatching(/^\d+$/),
    });
    expect(ran.attributes).toMatchObject({ 'mcp.protocol.version': '2025-11-25', 'network.transport': 'tcp' });
    const [begin, from, until_, end] = [server.startNs, ran.startNs, ran.endNs, server.endNs];
    expect(begin <= from && from <= until_ && begin <= end).toBe(true);

    // The server is told the CLIENT span as its parent, in `_meta` and in its HTTP header, and nothing else of the caller's.
    const told = `00-${TRACE}-${ran.spanId}-01`;
    expect((await called())[0]).toEqual({ header: told, meta: { traceparent: told } });

    const refused = spans.filter((span) => span.attributes['error.type'] === 'E_ARGUMENT_UNKNOWN');
    expect(refused.map(({ kind }) => kind).sort()).toEqual(['internal', 'server']);
    expect(JSON.stringify(collector.messages)).not.toContain('rumour');
  });

  it('by HTTP is below the span of its `traceparent`, and without one in the trace of its run', async (context) => {
    if (why !== undefined) return context.skip(why);
    const trace = TRACE.replace('4b', '5c');
    const token = await issueToken(folder, 'agent', 'agent');
    const call = async (headers: Record<string, string>) => {
      const response = await fetch(`${gateway.origin}/v1/calls`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ tool: 'far/read_far', arguments: {} }),
      });
      expect(response.status).toBe(200);
      await response.body?.cancel();
    };
    await call({ traceparent: `00-${trace}-${PARENT}-01` });
    const [one, other] = await spansIn(trace, 2);
    const internal = one?.kind === 'internal' ? one : other;
    expect(internal?.parentSpanId).toBe(PARENT);

    const known = spansOf(collector.messages).length;
    await call({ traceparent: 'not one' });
    const own = await until('spans of its own', () =>
      spansOf(collector.messages).length > known + 1 ? spansOf(collector.messages).slice(known) : undefined,
    );
    expect(own.find(({ kind }) => kind === 'internal')?.parentSpanId ?? '').toBe('');
    const client = own.find(({ kind }) => kind === 'client');
    expect((await called()).at(-1)?.header).toBe(`00-${client?.traceId}-${client?.spanId}-01`);
  });
});
