import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient, issueToken, newFolder, type RunningGateway, root, startGateway } from '../start-gateway.ts';
import { buildOtlpReceiver, type OtlpReceiver, startOtlpReceiver, until } from './receivers.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE}-${PARENT}-01`;

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

let built: string;
let why: string | undefined;
let receiver: OtlpReceiver;
let gateway: RunningGateway;
let upstream: ChildProcess;
let log: string;
let folder: string;
let dispose: () => Promise<void>;

beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), 'chaperone-trace-'));
  why = buildOtlpReceiver(built);
  if (why !== undefined) return;
  receiver = await startOtlpReceiver(built);
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
telemetry: { sinks: { traces: { kind: otlp, to: "http://127.0.0.1:${receiver.port}" } } }
`,
  );
  gateway = await startGateway(folder);
}, 300_000);
afterAll(async () => {
  await gateway?.stop();
  upstream?.kill('SIGKILL');
  receiver?.stop();
  await dispose?.();
  await rm(built, { recursive: true, force: true });
});

/** Hexadecimal digits of what protobuf's JSON writes as base64. */
const hex = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64').toString('hex');

function readSpans(): readonly Span[] {
  return receiver.messages.flatMap((message) => {
    const { resourceSpans = [] } = message as { resourceSpans?: { scopeSpans: { spans: Span[] }[] }[] };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });
}

const spansOf = (traceId: string, count: number) =>
  until(`${count} spans of ${traceId}`, () => {
    const found = readSpans().filter((span) => hex(span.traceId) === traceId);
    return found.length >= count ? found : undefined;
  });

const attributesOf = ({ attributes }: Span) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));

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

    const spans = await spansOf(TRACE, 5);
    const ran = spans.find(({ kind }) => kind === 'SPAN_KIND_CLIENT');
    const call = spans.find(({ spanId }) => spanId === ran?.parentSpanId);
    const server = spans.find(({ spanId }) => spanId === call?.parentSpanId);
    expect([server?.kind, call?.kind]).toEqual(['SPAN_KIND_SERVER', 'SPAN_KIND_INTERNAL']);
    expect([server?.name, call?.name, ran?.name]).toEqual([
      'tools/call read_far',
      'execute_tool far/read_far',
      'tools/call read_far',
    ]);
    expect(hex(server?.parentSpanId)).toBe(PARENT);
    if (server === undefined || call === undefined || ran === undefined) throw new Error('spans are missing');
    expect(attributesOf(server)).toMatchObject({
      'mcp.method.name': 'tools/call',
      'mcp.protocol.version': '2026-07-28',
      'network.transport': 'tcp',
      'gen_ai.tool.name': 'read_far',
      'gen_ai.operation.name': 'execute_tool',
      'jsonrpc.request.id': expect.stringMatching(/^\d+$/),
    });
    expect(attributesOf(ran)).toMatchObject({ 'mcp.protocol.version': '2025-11-25', 'network.transport': 'tcp' });
    const [begin, from, until_, end] = [
      server.startTimeUnixNano,
      ran.startTimeUnixNano,
      ran.endTimeUnixNano,
      server.endTimeUnixNano,
    ].map(BigInt);
    expect((begin ?? 0n) <= (from ?? 0n) && (from ?? 0n) <= (until_ ?? 0n) && (begin ?? 0n) <= (end ?? 0n)).toBe(true);

    // The server is told the CLIENT span as its parent, in `_meta` and in its HTTP header, and nothing else of the caller's.
    const told = `00-${TRACE}-${hex(ran.spanId)}-01`;
    expect((await called())[0]).toEqual({ header: told, meta: { traceparent: told } });

    const refused = spans.filter((span) => attributesOf(span)['error.type'] === 'E_ARGUMENT_UNKNOWN');
    expect(refused.map(({ kind }) => kind).sort()).toEqual(['SPAN_KIND_INTERNAL', 'SPAN_KIND_SERVER']);
    expect(JSON.stringify(receiver.messages)).not.toContain('rumour');
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
    const [one, other] = await spansOf(trace, 2);
    const internal = one?.kind === 'SPAN_KIND_INTERNAL' ? one : other;
    expect(hex(internal?.parentSpanId)).toBe(PARENT);

    const known = readSpans().length;
    await call({ traceparent: 'not one' });
    const own = await until('spans of its own', () =>
      readSpans().length > known + 1 ? readSpans().slice(known) : undefined,
    );
    expect(own.find(({ kind }) => kind === 'SPAN_KIND_INTERNAL')?.parentSpanId ?? '').toBe('');
    const client = own.find(({ kind }) => kind === 'SPAN_KIND_CLIENT');
    expect((await called()).at(-1)?.header).toBe(`00-${hex(client?.traceId)}-${hex(client?.spanId)}-01`);
  });
});
