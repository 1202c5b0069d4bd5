import { mkdtemp, open as openFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { stringify } from 'yaml';
import { findPeer, HOW_TO_INSTALL } from './peers.ts';
import { environment, findFreePort, type Running, retry, runToEnd, start } from './processes.ts';
import { describeMachine, type Goal, type Report } from './report.ts';
import { added, measureInTurns, ratio, type Samples, type Subject, summarize } from './sample.ts';

const echo = fileURLToPath(new URL('./upstream/echo.ts', import.meta.url));
const chaperone = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const START_TIMEOUT_MS = 20_000;
const TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(4);

const METHOD =
  'One client, one call after another, the same echo server behind every way to it. Blocks of 50 calls in turns, each round ' +
  'beginning with another way, after 2,000 calls each to warm up; every call counts. Chaperone decides and commits twice, ' +
  'synchronously, to SQLite on disk; the peers only pass on. Ratios and differences are medians over rounds. ' +
  '`one fdatasync` is the disk alone, measured in the same rounds.';

/** A way from a client to the echo server. `tool` is the name the tool has on that way. */
interface Way extends Subject {
  close(): Promise<void>;
}

/** The time of one `tools/call` by each way: directly, through Chaperone, and through the peers. */
export async function measureHop({
  durationMs,
  tell,
}: {
  durationMs: number;
  tell: (line: string) => void;
}): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-bench-'));
  const ways: Way[] = [];
  const missing: string[] = [];
  const open = async (name: string, opening: () => Promise<Way>) => {
    tell(`starting ${name}`);
    try {
      ways.push(await opening());
    } catch (error) {
      missing.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  try {
    await open('direct stdio', () => openStdio('direct stdio', [echo]));
    await open('direct http', openDirectHttp);
    await open('chaperone stdio', () => openChaperoneStdio(join(folder, 'stdio')));
    await open('chaperone http', () => openChaperoneHttp(join(folder, 'http')));
    await open('mcp-proxy', openMcpProxy);
    await open('supergateway', openSupergateway);
    await open('mcp-remote', () => openMcpRemote(folder));
    ways.push(await openSync(folder));
    tell(`measuring ${ways.length} ways for ${Math.round(durationMs / 1_000)} s`);
    const all = await measureInTurns(ways, { warmUpCalls: 2_000, callsPerRound: 50, minRounds: 7, durationMs });
    return describe(all, missing);
  } finally {
    for (const way of ways) await way.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function describe(all: readonly Samples[], missing: readonly string[]): Report {
  const find = (name: string) => all.find((samples) => samples.name.split('@')[0] === name);
  const ratios: Record<string, number> = {};
  const goals: Goal[] = [];
  const http = find('chaperone http');
  for (const peer of ['mcp-proxy', 'supergateway', 'mcp-remote']) {
    const samples = find(peer);
    if (!http || !samples) continue;
    const measured = ratio(http, samples);
    ratios[`chaperone http / ${peer}`] = measured;
    if (peer !== 'mcp-remote')
      goals.push({ goal: `chaperone http takes less than ${peer} (ratio < 1)`, measured, reached: measured < 1 });
  }
  const [direct, stdio] = [find('direct stdio'), find('chaperone stdio')];
  if (direct && stdio) {
    const measured = added(stdio, direct);
    ratios['chaperone stdio / direct stdio'] = ratio(stdio, direct);
    goals.push({ goal: 'chaperone stdio adds at most 0.6 ms', measured, reached: measured <= 0.6 });
  }
  return { bench: 'hop', machine: describeMachine(), method: METHOD, rows: all.map(summarize), ratios, goals, missing };
}

/** What one synchronous write to this disk takes, the machine being what it is just now: Chaperone waits for two a call. */
async function openSync(folder: string): Promise<Way> {
  const file = await openFile(join(folder, 'sync'), 'w');
  const page = Buffer.alloc(4_096);
  const call = async () => {
    await file.write(page);
    await file.datasync();
  };
  return { name: 'one fdatasync', call, close: () => file.close() };
}

/** Connects, checks that the way leads to the echo server, and makes it a subject. */
async function openWay(name: string, makeTransport: () => Transport, stop: () => Promise<void>): Promise<Way> {
  const connect = async () => {
    const client = new Client({ name: 'bench', version: '1.0.0' });
    try {
      await client.connect(makeTransport());
      return client;
    } catch (error) {
      await client.close(); // ends the program it may have started
      throw error;
    }
  };
  let client: Client | undefined;
  const close = async () => {
    await client?.close();
    await stop();
  };
  try {
    const connected = await retry(connect, START_TIMEOUT_MS);
    client = connected;
    const { tools } = await connected.listTools();
    const tool = tools.find((listed) => /(^|[^a-z])echo$/.test(listed.name))?.name;
    if (tool === undefined)
      throw new Error(`no tool \`echo\` among ${tools.map((listed) => listed.name).join(', ') || 'none'}`);
    const call = () => connected.callTool({ name: tool, arguments: { text: TEXT } });
    const { content, isError } = await call();
    const [block] = content;
    if (isError || block?.type !== 'text' || block.text !== TEXT)
      throw new Error(`it does not echo: ${JSON.stringify(content)}`);
    return { name, call, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function openStdio(name: string, args: readonly string[], added: Record<string, string> = {}): Promise<Way> {
  const makeTransport = () =>
    new StdioClientTransport({ command: process.execPath, args: [...args], env: environment(added), stderr: 'ignore' });
  return openWay(name, makeTransport, async () => undefined);
}

function openHttp(name: string, url: string, running: Running, headers: Record<string, string> = {}): Promise<Way> {
  const makeTransport = () => new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  return openWay(name, makeTransport, () => running.stop());
}

async function openDirectHttp(): Promise<Way> {
  const running = start([echo, '--http']);
  return openHttp('direct http', await running.firstLine, running);
}

/** A manifest that governs the echo server as any tool: declared, granted to one agent, with a limit on its argument. */
async function writeManifest(folder: string, port: number): Promise<string> {
  const path = `${folder}.yaml`;
  const manifest = {
    version: 1,
    mode: 'provisional',
    listen: { port },
    data: folder,
    servers: { echo: { command: process.execPath, args: [echo] } },
    tools: { 'echo/echo': { effect: 'read', consequence: 'low' } },
    agents: { bench: { tools: { 'echo/echo': { arguments: { text: { maxLength: 10_000 } } } } } },
  };
  await writeFile(path, stringify(manifest));
  return path;
}

async function openChaperoneStdio(folder: string): Promise<Way> {
  const config = await writeManifest(folder, 0);
  return openStdio('chaperone stdio', [chaperone, '--config', config, 'mcp', '--stdio', '--agent', 'bench']);
}

async function openChaperoneHttp(folder: string): Promise<Way> {
  const port = await findFreePort();
  const config = await writeManifest(folder, port);
  const token = (await runToEnd([chaperone, '--config', config, 'token', '--kind', 'agent', '--name', 'bench'])).trim();
  const running = start([chaperone, '--config', config, 'up']);
  return openHttp('chaperone http', `http://127.0.0.1:${port}/mcp`, running, { Authorization: `Bearer ${token}` });
}

async function openMcpProxy(): Promise<Way> {
  const { program, version } = requirePeer('mcp-proxy');
  const port = await findFreePort();
  const where = ['--host', '127.0.0.1', '--port', String(port), '--server', 'stream'];
  const running = start([program, ...where, '--', process.execPath, echo]);
  return openHttp(`mcp-proxy@${version}`, `http://127.0.0.1:${port}/mcp`, running);
}

async function openSupergateway(): Promise<Way> {
  const { program, version } = requirePeer('supergateway');
  const port = await findFreePort();
  // stateful: one child for the session, as the others do; without it a child is started for every request
  const how = ['--outputTransport', 'streamableHttp', '--stateful', '--logLevel', 'none', '--port', String(port)];
  const running = start([program, '--stdio', `${process.execPath} ${echo}`, ...how]);
  return openHttp(`supergateway@${version}`, `http://127.0.0.1:${port}/mcp`, running);
}

/** The other way round: a stdio server that passes on to one over HTTP. */
async function openMcpRemote(folder: string): Promise<Way> {
  const { program, version } = requirePeer('mcp-remote');
  const upstream = start([echo, '--http']);
  const url = await upstream.firstLine;
  const args = [program, url, '--allow-http', '--transport', 'http-only', '--silent'];
  const way = await openStdio(`mcp-remote@${version}`, args, {
    MCP_REMOTE_CONFIG_DIR: join(folder, 'mcp-remote'),
  }).catch(async (error) => {
    await upstream.stop();
    throw error;
  });
  const close = async () => {
    await way.close();
    await upstream.stop();
  };
  return { ...way, close };
}

function requirePeer(name: string): { program: string; version: string } {
  const peer = findPeer(name);
  if (peer?.program === undefined) throw new Error(HOW_TO_INSTALL);
  return { program: peer.program, version: peer.version };
}
