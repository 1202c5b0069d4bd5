import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectClient,
  issueToken,
  newFolder,
  type RunningGateway,
  root,
  runCommand,
  startGateway,
} from '../e2e/start-gateway.ts';

/*
 * Law 10, as far as it goes by now: a secret that a server was given by reference (`env:`, headers) appears in nothing
 * that the agent, its code or the record can read, also when the server says it in results, errors, notifications,
 * descriptions and on its standard error. The secrets look like nothing a scan would know. Usual encodings are covered
 * with the mask itself; what a server hides on purpose is not: an environment is for reviewed servers only.
 */

const ENV_SECRET = 'kX9"q/+Z\\w plum-otter-env-4f1a';
const HEADER_SECRET = 'plum-otter-header-8c2d';
const leaky = join(root, 'test', 'e2e', 'leaky-server.ts');
const TOOLS = [
  'leak_text',
  'leak_structured',
  'leak_error',
  'leak_protocol_error',
  'leak_notifications',
  'leak_key',
  'crash',
];
const SERVERS = ['stdio', 'http'] as const;

const env = {
  ...process.env,
  GIVEN_ENV: ENV_SECRET,
  GIVEN_HEADER: `Bearer ${HEADER_SECRET}`,
};

let folder: string;
let dispose: () => Promise<void>;
let upstream: ChildProcess;
let gateway: RunningGateway;
let token: string;
let person: string;
let callIds: readonly string[] = [];

beforeAll(async () => {
  ({ folder, dispose } = await newFolder('version: 1\n'));
  const portFile = join(folder, 'port');
  upstream = spawn(process.execPath, [leaky, 'http', portFile], { stdio: 'ignore' });
  const port = await readWhenThere(portFile);
  await writeFile(
    join(folder, 'chaperone.yaml'),
    `version: 1
data: .chaperone
servers:
  stdio: { command: ${process.execPath}, args: [${leaky}], env: { LEAKED: { secret: env:GIVEN_ENV } } }
  http: { url: "http://127.0.0.1:${port}/mcp", headers: { authorization: { secret: env:GIVEN_HEADER } } }
agents:
  agent: { tools: { "stdio/*": { approval: never }, "http/*": { approval: never } } }
`,
  );
  gateway = await startGateway(folder, env);
  token = await issueToken(folder, 'agent', 'agent');
  person = await issueToken(folder, 'person', 'ann');
});
afterAll(async () => {
  await gateway.stop();
  upstream.kill('SIGKILL');
  await dispose();
});

async function readWhenThere(file: string): Promise<string> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text !== '') return text;
    await wait(20);
  }
}

/** Neither secret, as it is or as JSON writes it. */
function expectNoSecret(text: string, where: string): void {
  for (const secret of [ENV_SECRET, HEADER_SECRET]) {
    const once = JSON.stringify(secret).slice(1, -1);
    const twice = JSON.stringify(once).slice(1, -1);
    for (const form of [secret, once, twice, encodeURIComponent(secret)]) {
      const at = text.indexOf(form);
      expect(at < 0 ? '' : text.slice(Math.max(0, at - 80), at + form.length), `${where} shows ${form}`).toBe('');
    }
  }
}

describe('law 10: a secret given to a server stays with it', () => {
  it.each(['legacy', 'auto'] as const)('is in nothing an MCP client gets (%s)', async (mode) => {
    const client = await connectClient(gateway.origin, token, mode);
    const heard: string[] = [];
    client.fallbackNotificationHandler = async (notification) => void heard.push(JSON.stringify(notification));
    client.setNotificationHandler(
      'notifications/message',
      (notification) => void heard.push(JSON.stringify(notification)),
    );
    const seen: string[] = [JSON.stringify([client.getServerVersion(), client.getInstructions() ?? ''])];
    seen.push(JSON.stringify(await client.listTools()));
    for (const list of [client.listPrompts(), client.listResources(), client.listResourceTemplates()]) {
      seen.push(await list.then(JSON.stringify, String));
    }
    const { tools } = await client.listTools();
    expect(tools.length).toBe(TOOLS.length * SERVERS.length);
    if (mode === 'legacy') await client.setLoggingLevel('debug').catch(() => {});
    for (const { name } of tools) {
      const onprogress = (progress: unknown) => void heard.push(JSON.stringify(progress));
      seen.push(
        await client
          .callTool({ name, arguments: {} }, { onprogress })
          .then(
            JSON.stringify,
            (error: Error & { data?: unknown }) => `${error.message} ${JSON.stringify(error.data)}`,
          ),
      );
    }
    await client.close();
    for (const text of seen) expectNoSecret(text, 'an answer');
    for (const text of heard) expectNoSecret(text, 'a notification');
    expect(
      seen.some((text) => text.includes('I repeat')),
      'the servers did say it',
    ).toBe(true);
  });

  it('is in nothing the HTTP API answers', async () => {
    const call = async (path: string, bearer: string, body?: unknown) => {
      const response = await fetch(`${gateway.origin}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return JSON.stringify([...response.headers]) + (await response.text());
    };
    expectNoSecret(await call('/v1/tools', token), 'GET /v1/tools');
    for (const server of SERVERS) {
      for (const name of TOOLS) {
        expectNoSecret(await call('/v1/calls', token, { tool: `${server}/${name}` }), `${server}/${name}`);
      }
    }
    const events = await call('/v1/events?limit=1000', person);
    expectNoSecret(events, 'GET /v1/events');
    callIds = [...new Set(events.match(/call_[0-9a-z]{30}/g) ?? [])];
    expect(callIds.length).toBeGreaterThan(TOOLS.length * SERVERS.length);
    for (const id of callIds.slice(-TOOLS.length * SERVERS.length)) {
      expectNoSecret(await call(`/v1/decisions/${id}`, person), 'GET /v1/decisions');
    }
  });

  it('is in no output of the command line', { timeout: 240_000 }, async () => {
    const commands = [
      ['status'],
      ['tail', '--no-follow', '--last', '1000'],
      ['doctor'],
      ['map'],
      ['tools', 'diff'],
      ...callIds.slice(-2).flatMap((id) => [
        ['explain', id],
        ['explain', id, '--trace'],
      ]),
    ];
    for (const command of commands) {
      for (const args of [command, ['--json', ...command]]) {
        const { stdout, stderr } = await runCommand(folder, args, env);
        expectNoSecret(stdout, `chaperone ${args.join(' ')}`);
        expectNoSecret(stderr, `chaperone ${args.join(' ')} on stderr`);
      }
    }
  });

  it('is not in what the gateway says while it runs', () => {
    expect(gateway.stderr()).toContain('dying with');
    expectNoSecret(gateway.stderr(), 'chaperone up on stderr');
  });

  it('is not in the bytes of the data folder', async () => {
    const data = join(folder, '.chaperone');
    for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      expectNoSecret(await readFile(join(entry.parentPath, entry.name), 'latin1'), entry.name);
    }
  });
});
