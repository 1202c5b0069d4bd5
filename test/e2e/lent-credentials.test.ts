import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServer, listen } from '../attacks/egress-world.ts';
import {
  connectClient,
  issueToken,
  main,
  newFolder,
  type RunningGateway,
  root,
  runCommand,
  startGateway,
} from './start-gateway.ts';

const OLD = 'plum-otter-lent-old-4f1a9c';
const NEW = 'plum-otter-lent-new-77e0b2';
const good = new Set([OLD, NEW]);
/** What issued the tokens of `issued`: `token-1`, `token-2`, and which of them were taken back. */
const takenBack: string[] = [];
let issued = 0;
const upstreamKeys: string[] = [];

/** An API that takes good keys, an issuer of tokens, and an MCP server that is told by a header who calls. */
const world = createServer(async (request, response) => {
  const path = request.url ?? '';
  if (path === '/mcp') return serveMcp(request, response);
  if (path === '/api') return void response.writeHead(good.has(keyOf(request)) ? 200 : 401).end();
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const form = new URLSearchParams(body);
  if (path === '/revoke') takenBack.push(form.get('token') ?? '');
  else issued += 1;
  const token = `plum-otter-token-${issued}`;
  if (path === '/token') good.add(token);
  response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 600, scope: 'read' }));
});

const keyOf = (request: IncomingMessage) => String(request.headers.authorization ?? '').replace(/^Bearer /, '');

async function serveMcp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  if (request.method !== 'POST') return void response.writeHead(405).end();
  const { id, method } = JSON.parse(text) as { id?: number; method: string };
  if (id === undefined) return void response.writeHead(202).end();
  const key = keyOf(request);
  upstreamKeys.push(key);
  const info = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'up', version: '1' } };
  const results: Record<string, object> = {
    initialize: info,
    'tools/list': { tools: [{ name: 'use', description: 'x', inputSchema: { type: 'object' } }] },
    'tools/call': { content: [{ type: 'text', text: `${good.has(key) ? 200 : 401} with ${key}` }] },
  };
  const result = results[method];
  response.setHeader('content-type', 'application/json');
  const answer = result === undefined ? { error: { code: -32_601, message: `no ${method}` } } : { result };
  response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
}

let folder: string;
let dispose: () => Promise<void>;
let gateway: RunningGateway;
let client: Client;

beforeAll(async () => {
  const port = await listen(world);
  ({ folder, dispose } = await newFolder(''));
  const configure = (pin: string) =>
    writeFile(
      join(folder, 'chaperone.yaml'),
      `version: 1
data: data
credentials:
  kept: {}
  client: {}
  issued:
    kind: client-credentials
    tokenUrl: http://127.0.0.1:${port}/token
    revokeUrl: http://127.0.0.1:${port}/revoke
    clientId: gateway
    clientSecret: client
servers:
  local:
    command: node
    args: [${JSON.stringify(join(root, 'test', 'e2e', 'lent-server.ts'))}]
    files: [${JSON.stringify(join(root, 'test', 'e2e', 'lent-server.ts'))}]
${pin}
    env: { KEY: { secret: cred:kept }, API: "http://127.0.0.1:${port}/api" }
  issued:
    command: node
    args: [${JSON.stringify(join(root, 'test', 'e2e', 'lent-server.ts'))}]
    files: [${JSON.stringify(join(root, 'test', 'e2e', 'lent-server.ts'))}]
${pin}
    env: { KEY: { secret: cred:issued }, API: "http://127.0.0.1:${port}/api" }
  remote:
    url: http://127.0.0.1:${port}/mcp
    headers: { Authorization: { secret: cred:kept, prefix: "Bearer " } }
tools:
  local/use: { effect: read, consequence: low, yields: { integrity: trusted, secrecy: public } }
  issued/use: { effect: read, consequence: low, yields: { integrity: trusted, secrecy: public } }
  remote/use: { effect: read, consequence: low, yields: { integrity: trusted, secrecy: public } }
agents: { agent: { tools: { local/use: {}, issued/use: {}, remote/use: {} } } }
`,
    );
  await configure(`    digest: sha256:${'0'.repeat(64)}`);
  const pins = await runCommand(folder, ['servers', 'pin', 'local', '--json']);
  const digest = /sha256:[0-9a-f]{64}/.exec(pins.stdout)?.[0];
  expect(digest, pins.stderr).toBeDefined();
  await configure(`    digest: ${digest}`);
  for (const [name, value] of [
    ['kept', OLD],
    ['client', 'plum-otter-client-secret'],
  ] as const)
    expect(await pipe(['cred', 'add', name], value)).toBe(0);
  gateway = await startGateway(folder);
  client = await connectClient(gateway.origin, await issueToken(folder, 'agent', 'agent'));
}, 180_000);
afterAll(async () => {
  await client.close();
  await gateway.stop();
  await closeServer(world);
  await dispose();
});

function pipe(args: readonly string[], value: string): Promise<number | null> {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(`${value}\n`);
  return new Promise((resolve) => child.once('close', resolve));
}

async function call(tool: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = (await client.callTool({ name: tool, arguments: args })) as { content: { text?: string }[] };
  return content.map(({ text = '' }) => text).join('');
}

describe('a credential that is lent to a server', () => {
  it('reaches the reviewed process and the upstream, and nobody who calls them', async () => {
    expect(await call('local_use')).toMatch(/^200 by \d+ with \[secret cred:kept\]/);
    expect(await call('issued_use')).toMatch(/^200 by \d+ with \[secret cred:issued\]/);
    expect(await call('remote_use')).toMatch(/^200 with \[secret cred:kept\]/);
    expect(new Set(upstreamKeys)).toEqual(new Set([OLD]));
    const { stdout: record } = await runCommand(folder, ['tail', '--no-follow', '--last', '1000', '--json']);
    expect(record.includes('"credential.leased"')).toBe(true);
    expect(record.includes('plum-otter')).toBe(false);
  });

  it('is replaced while calls are under way, none of which fails, and the old process ends', {
    timeout: 120_000,
  }, async () => {
    const before = /by (\d+)/.exec(await call('local_use'))?.[1];
    const answers: string[] = [];
    let isOver = false;
    const asking = [1, 2, 3].map(async (lane) => {
      while (!isOver)
        answers.push(await call(lane === 3 ? 'remote_use' : 'local_use', lane === 3 ? {} : { waitMs: 50 * lane }));
    });
    expect(await pipe(['cred', 'rotate', 'kept', '--no-canary', '--drain', '6s'], NEW)).toBe(0);
    good.delete(OLD);
    const from = answers.length;
    await expect.poll(() => answers.length, { timeout: 30_000 }).toBeGreaterThan(from + 5);
    isOver = true;
    await Promise.all(asking);
    expect(answers.filter((answer) => !answer.startsWith('200'))).toEqual([]);
    expect(upstreamKeys.at(-1)).toBe(NEW);
    const after = /by (\d+)/.exec(await call('local_use'))?.[1];
    expect(after).not.toBe(before);
    expect(() => process.kill(Number(before), 0)).toThrow('ESRCH');
  });

  it('is taken back when its server ends, and is in nothing that anybody reads', { timeout: 120_000 }, async () => {
    const { stdout: record } = await runCommand(folder, ['tail', '--no-follow', '--last', '1000', '--json']);
    for (const secret of [OLD, NEW, 'plum-otter-token', 'plum-otter-client']) {
      expect(record.includes(secret), secret).toBe(false);
      expect(gateway.stderr().includes(secret), secret).toBe(false);
    }
    await gateway.stop();
    expect(issued).toBeGreaterThan(0);
    expect(takenBack.toSorted()).toEqual(
      Array.from({ length: issued }, (_, i) => `plum-otter-token-${i + 1}`).toSorted(),
    );
  });

  it('is lent to no program that nobody reviewed, and only where there is one', async () => {
    const text = await readFile(join(folder, 'chaperone.yaml'), 'utf8');
    await writeFile(
      join(folder, 'chaperone.yaml'),
      text.replaceAll(/ {4}(files|digest): .*\n/g, '').replace('kept: {}', ''),
    );
    const { code, stderr } = await runCommand(folder, ['up', '--port', '0']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('a credential is lent to pinned programs only');
    expect(stderr).toContain('there is no credential `kept`');
  });
});
