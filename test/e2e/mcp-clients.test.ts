import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@modelcontextprotocol/client';
import { Client as McpClient } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NotesFolder, newNotesFolder } from './notes-folder.ts';
import { connectClient, issueToken, main, root, runAtTerminal, runCommand, startGateway } from './start-gateway.ts';

/** The official client, over both transports and in both eras, in front of real servers. */

const CANARY = 'canary-of-the-callers-own';
const compiled = process.env['NODE_COMPILE_CACHE'];
type Era = 'legacy' | 'auto';
type Transport = 'stdio' | 'http';
const eras: readonly Era[] = ['legacy', 'auto'];
const transports: readonly Transport[] = ['stdio', 'http'];
const combinations = transports.flatMap((transport) => eras.map((era) => [transport, era] as const));

let notes: NotesFolder;
let upstream: ChildProcess;
let log: string;
let token: string;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  notes = await newNotesFolder();
  log = join(notes.folder, 'headers.log');
  const portFile = join(notes.folder, 'port');
  upstream = spawn(process.execPath, [join(root, 'test', 'e2e', 'header-server.ts'), portFile, log], {
    stdio: 'ignore',
  });
  const port = await readWhenThere(portFile);
  await notes.edit(
    'tools:\n',
    `  far: { url: "http://127.0.0.1:${port}/mcp", headers: { x-own: configured } }\ntools:\n  far/read_far: { effect: read, consequence: low }\n`,
  );
  await notes.edit('      notes/read_note: {}\n', '      notes/read_note: {}\n      far/read_far: {}\n');
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  upstream.kill('SIGKILL');
  await notes.dispose();
});

async function readWhenThere(file: string): Promise<string> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text !== '') return text;
    await wait(20);
  }
}

async function connect(transport: Transport, era: Era): Promise<Client> {
  const client = transport === 'http' ? await overHttp(era) : await overStdio(era);
  closing.push(() => client.close());
  return client;
}

async function overHttp(era: Era): Promise<Client> {
  const gateway = await startGateway(notes.folder);
  closing.push(() => gateway.stop());
  token = await issueToken(notes.folder, 'agent', 'agent');
  return connectClient(gateway.origin, token, era);
}

async function overStdio(era: Era): Promise<Client> {
  token = CANARY;
  const client = new McpClient({ name: 'e2e', version: '1.0.0' }, { versionNegotiation: { mode: era } });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [main, '--quiet', 'mcp', '--stdio', '--agent', 'agent'],
      cwd: notes.folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        XDG_STATE_HOME: process.env['XDG_STATE_HOME'] ?? '',
        ...(compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled }),
        CALLERS_OWN: CANARY,
      },
      stderr: 'ignore',
    }),
  );
  return client;
}

const text = (result: unknown) => JSON.stringify(result);

/** Every progress report that reaches the client's transport from now on. */
function tapProgress(client: Client): readonly number[] {
  const arrived: number[] = [];
  const { transport } = client;
  const deliver = transport?.onmessage;
  if (transport === undefined || deliver === undefined) throw new Error('the client is connected');
  transport.onmessage = (message, extra) => {
    if ('method' in message && message.method === 'notifications/progress')
      arrived.push(Number(message.params?.['progress']));
    deliver(message, extra);
  };
  return arrived;
}

describe.each(combinations)('the official client over %s, %s era', (transport, era) => {
  it('lists what the agent may use, calls, is refused, asks, and succeeds with the same call once a person agreed', async () => {
    const client = await connect(transport, era);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual(['count_slowly', 'read_far', 'read_note', 'send_note']);

    const read = await client.callTool({ name: 'read_note', arguments: { id: 'one' } });
    expect(read.isError).not.toBe(true);
    expect(text(read.content)).toContain('note one');

    const stranger = { name: 'send_note', arguments: { to: 'eve@attacker.example', body: 'x' } };
    const refused = await client.callTool(stranger);
    expect(refused).toMatchObject({ isError: true, _meta: { 'chaperone/code': 'E_ARGUMENT_CONSTRAINT' } });
    // What the model is told names no rule, no file and no allowed value.
    expect(text(refused.content)).not.toMatch(/example\.com|chaperone\.yaml|allow:/);

    // A tool the agent is not shown does not exist for it.
    await expect(client.callTool({ name: 'erase_notes', arguments: {} })).rejects.toThrow();

    const send = { name: 'send_note', arguments: { to: 'bob@example.com', body: 'hello' } };
    const asked = await client.callTool(send);
    expect(asked).toMatchObject({ isError: true, _meta: { 'chaperone/code': 'E_APPROVAL_PENDING' } });
    expect(await notes.done()).toEqual([]);
    const approvalId = String(asked._meta?.['chaperone/approvalId']);
    const approved = await runAtTerminal(notes.folder, ['approvals', 'approve', approvalId]);
    expect(approved, approved.stdout).toMatchObject({ code: 0 });
    const sent = await client.callTool(send);
    expect(text(sent)).toContain('sent to bob@example.com');
    expect(sent.isError).not.toBe(true);
    expect(await notes.done()).toEqual(['sent to bob@example.com']);
    // Once.
    expect(await client.callTool(send)).toMatchObject({
      isError: true,
      _meta: { 'chaperone/code': 'E_APPROVAL_PENDING' },
    });
    expect(await notes.done()).toEqual(['sent to bob@example.com']);
  });

  it('passes progress on, and cancellation', async () => {
    const client = await connect(transport, era);
    const progress: number[] = [];
    const arrived = tapProgress(client);
    const counted = await client.callTool(
      { name: 'count_slowly', arguments: { to: 4 } },
      { onprogress: ({ progress: at }) => void progress.push(at) },
    );
    expect(text(counted.content)).toContain('counted to 4');
    expect(arrived).toEqual([1, 2, 3, 4]);
    // The official client forgets a report that it reads together with the answer, as it may when it is kept busy.
    expect(progress).toEqual(arrived.slice(0, progress.length));
    expect(progress.length).toBeGreaterThan(0);

    const abort = new AbortController();
    const long = client.callTool(
      { name: 'count_slowly', arguments: { to: 400 } },
      { signal: abort.signal, onprogress: ({ progress: at }) => at === 2 && abort.abort('enough') },
    );
    await expect(long).rejects.toThrow();
    for (let i = 0; i < 100 && !(await notes.done()).includes('cancelled'); i++) await wait(100);
    expect(await notes.done()).toEqual(['counted to 4', 'cancelled']);
    // The client goes on, and the record says that nobody knows.
    expect((await client.callTool({ name: 'read_note', arguments: { id: 'two' } })).isError).not.toBe(true);
    const { stdout } = await runCommand(notes.folder, ['--json', 'tail', '--no-follow', '--last', '100']);
    const outcomes = stdout.split('\n').filter((line) => line.includes('"kind":"call.completed"'));
    expect(outcomes.filter((line) => line.includes('E_CANCELLED') && line.includes('"ran":"unknown"'))).toHaveLength(1);
  });

  it('sends nothing of the caller’s credentials or environment to a server', async () => {
    const client = await connect(transport, era);
    const result = await client.callTool({
      name: 'read_far',
      arguments: {},
      _meta: { authorization: `Bearer ${CANARY}`, 'x-custom': CANARY },
    });
    expect(text(result.content)).toContain('read');
    await client.close();
    const seen = await readFile(log, 'utf8');
    expect(seen).toContain('"x-own","configured"');
    expect(seen).toContain('tools/call');
    for (const own of [token, CANARY, token.slice(0, 24)]) expect(seen).not.toContain(own);
    expect(seen.toLowerCase()).not.toContain('"authorization"');
    expect(seen.toLowerCase()).not.toContain('"cookie"');
  });
});
