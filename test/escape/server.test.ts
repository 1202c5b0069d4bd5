import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, realpath, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { digestCommand } from '../../src/adapters/tools/mcp/launch/launch-command.ts';
import type { Chaperone } from '../../src/app/chaperone.ts';
import type { Notice } from '../../src/app/notice.ts';
import { createChaperone } from '../../src/index.ts';
import { countLeftovers, findLeft } from './leftovers.ts';

const fixture = fileURLToPath(new URL('../e2e/enclosed-server.mjs', import.meta.url));
const isRoot = process.getuid?.() === 0;

interface ServerProbe {
  readonly name: string;
  readonly tool: string;
  readonly argument: (port: number) => string;
  /** What it says, without walls, once it did it. */
  readonly got: RegExp;
  readonly noticed: string;
  readonly severity: 'high' | 'medium';
}

/** Control groups are root’s here, and so is becoming root: without, there is nothing that could be got. */
const probes: readonly ServerProbe[] = [
  {
    name: 'reads the password file of the host',
    tool: 'look',
    argument: () => '/etc/shadow',
    got: /^root:/,
    noticed: 'decoy',
    severity: 'high',
  },
  {
    name: 'reaches a service of the host',
    tool: 'reach',
    argument: (port) => `${port}`,
    got: /^connected$/,
    noticed: 'network',
    severity: 'medium',
  },
  {
    name: 'becomes root',
    tool: 'become',
    argument: () => '',
    got: /^GOT 0$/,
    noticed: 'system-call',
    severity: 'high',
  },
  { name: 'fills memory', tool: 'fill', argument: () => '600', got: /^GOT/, noticed: 'memory', severity: 'medium' },
  {
    name: 'starts processes',
    tool: 'fork',
    argument: () => '100',
    got: /^GOT/,
    noticed: 'processes',
    severity: 'medium',
  },
];

let listener: Server;
let port: number;
let folder: string;
let notices: Notice[];
let store: ReturnType<typeof openMemoryStore>;
let chaperone: Chaperone | undefined;

beforeAll(async () => {
  listener = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  port = (listener.address() as AddressInfo).port;
});
/** What a process opens the first time it starts another stays open: it is not counted. */
beforeAll(async () => {
  await layOut();
  await startWalled();
  await end();
});
afterAll(() => new Promise<void>((resolve) => void listener.close(() => resolve())));

beforeEach(layOut);
afterEach(end);

async function layOut(): Promise<void> {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'chaperone-walled-')));
  await copyFile(fixture, join(folder, 'server.mjs'));
  notices = [];
}

async function end(): Promise<void> {
  await chaperone?.close();
  chaperone = undefined;
  await rm(folder, { recursive: true, force: true });
}

/** The server without any wall, asked once. */
function runBare(tool: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(folder, 'server.mjs')], { stdio: ['pipe', 'pipe', 'ignore'], env: {} });
    child.on('error', reject);
    child.on('close', () => reject(new Error('void: it ended without an answer')));
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.includes('\n')) return;
      resolve(JSON.parse(text).result.content[0].text);
      child.kill('SIGKILL');
    });
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: { path } } };
    child.stdin.write(`${JSON.stringify(call)}\n`);
  });
}

async function startWalled() {
  const launch = { command: process.execPath, args: [join(folder, 'server.mjs')], files: ['server.mjs'] };
  const digest = await digestCommand({ ...launch, folder, environment: {} });
  const read = { effect: 'read', consequence: 'low' } as const;
  const names = ['look', 'reach', 'become', 'fill', 'fork'];
  store = openMemoryStore();
  chaperone = await createChaperone({
    folder,
    store,
    environment: { PATH: process.env['PATH'] },
    notify: (notice) => notices.push(notice),
    manifest: {
      version: 1,
      data: join(folder, 'data'),
      servers: { guest: { ...launch, digest, profile: 'guest' } },
      profiles: {
        guest: { memory: '300MB', processes: 48, network: 'none', limits: isRoot ? 'total' : 'per-process' },
      },
      tools: Object.fromEntries(names.map((name) => [`guest/${name}`, read])),
      agents: { dev: { tools: { 'guest/*': {} } } },
    },
  });
  const run = await chaperone.startRun({ agent: 'dev', prompt: 'Use it.' });
  return (tool: string, path: string) => run.call(`guest/${tool}`, { path });
}

async function listAttempts() {
  const events = await store.readEvents({ tenant: 'default', afterSeq: 0, limit: 1_000 });
  return events.filter(({ kind }) => kind === 'escape.attempted').map(({ body }) => body);
}

describe('a stdio server within walls', () => {
  it.each(isRoot ? probes : [])('is held and noticed where it $name', async (probe) => {
    const before = countLeftovers();
    const path = probe.argument(port);
    expect(await runBare(probe.tool, path), 'void: it does not succeed without walls either').toMatch(probe.got);

    const call = await startWalled();
    const answer = await call(probe.tool, path);
    const said = answer.kind === 'result' ? String(answer.result.content[0]?.['text']) : '';
    if (probe.noticed === 'decoy') expect(said).toBe('root:*:19000:0:99999:7:::\n');
    else expect(said).not.toMatch(probe.got);

    await expect.poll(listAttempts, { timeout: 30_000 }).toContainEqual(
      expect.objectContaining({
        server: 'guest',
        severity: probe.severity,
        attempts: [expect.objectContaining({ kind: probe.noticed, severity: probe.severity })],
      }),
    );
    expect(notices.map((notice) => ('message' in notice ? notice.message : ''))).toContainEqual(
      expect.stringContaining('server `guest` ran into the walls of its sandbox'),
    );
    await chaperone?.close();
    chaperone = undefined;
    expect(findLeft(before)).toEqual({});
  });

  it.each(isRoot ? ['look'] : [])('is told of once, however often it does it: %s', async (tool) => {
    const call = await startWalled();
    for (let round = 0; round < 3; round++) {
      await call(tool, '/etc/shadow');
      await expect.poll(async () => (await listAttempts()).length, { timeout: 30_000 }).toBe(1);
    }
    expect(await listAttempts()).toHaveLength(1);
  });

  it('has nothing told of it that does its work', async () => {
    const call = await startWalled();
    expect(await call('look', join(folder, 'server.mjs'))).toMatchObject({ kind: 'result' });
    await new Promise((resolve) => setTimeout(resolve, 2_500)); // it is looked at every second
    expect(await listAttempts()).toEqual([]);
  });
});
