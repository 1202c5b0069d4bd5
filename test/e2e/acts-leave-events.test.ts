import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/app/open-store.ts';
import { systemClock } from '../../src/base/clock.ts';
import { commandPermissions } from '../../src/cli/command-permissions.ts';
import type { EventKind } from '../../src/model/event.ts';
import type { Store } from '../../src/ports/store.ts';
import { closeServer, listen } from '../attacks/egress-world.ts';
import { type NotesFolder, newNotesFolder } from './notes-folder.ts';
import { main, type RunningGateway, runAtTerminal, runCommand, startGateway } from './start-gateway.ts';

/*
 * Every administrative act is an event: each command is done for real, beside a gateway that runs, and the record says what
 * was done and who did it, and holds no secret. A command that is not in the table fails the test.
 */

type Json = Record<string, unknown>;
/** What a command leaves. A test that does it elsewhere, and looks at what it left, is named. */
type Row =
  | { readonly leaves: EventKind; readonly says?: Json; readonly does: () => Promise<unknown>; readonly by?: 'nobody' }
  | { readonly leaves: 'nothing'; readonly because: string }
  | { readonly leaves: EventKind; readonly shownBy: string };

const SECRETS = ['a horse on the stairs', 'plum-otter-first', 'plum-otter-second', 'plum-otter-token'];
const ME = `local:${userInfo().username}`;

let notes: NotesFolder;
let gateway: RunningGateway;
let outside: Server;
let store: Store;
let agent: string;
let callId: string;
let runId: string;
/** Everything that was shown once and must not be kept. */
const shown: string[] = [...SECRETS];

const run = async (...args: string[]) => {
  const ended = await runCommand(notes.folder, ['--json', ...args]);
  if (ended.code !== 0) throw new Error(`${args.join(' ')}: ${ended.stdout}${ended.stderr}`);
  return ended;
};
const runJson = async (...args: string[]) => JSON.parse((await run(...args)).stdout.split('\n')[0] ?? '') as Json;
const beside = (name: string) => join(notes.folder, name);
/** With another configuration, on the same data. */
const aside = (...args: string[]) => run('--config', 'aside.yaml', ...args);

async function pipe(text: string, ...args: string[]): Promise<string> {
  const child = spawn(process.execPath, ['--no-warnings', main, ...args], { cwd: notes.folder });
  child.stdin.end(`${text}\n`);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${args.join(' ')}: ${said}`);
  return said;
}

async function call(tool: string, args: Json): Promise<Json> {
  const response = await fetch(`${gateway.origin}/v1/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${agent}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tool, arguments: args }),
  });
  return (await response.json()) as Json;
}

const ask = async (body: string) => {
  const { approval } = await call('notes/send_note', { to: 'bo@example.com', body });
  return String((approval as Json)['id']);
};

/** Consents in a browser's place, as soon as the command says where. */
async function connect(): Promise<void> {
  const child = spawn(process.execPath, [main, '--json', '--config', 'aside.yaml', 'cred', 'connect', 'calendar'], {
    cwd: notes.folder,
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    const before = said.includes('\n');
    said += chunk.toString();
    if (before || !said.includes('\n')) continue;
    const { url } = JSON.parse(said.split('\n')[0] ?? '') as { url: string };
    const { searchParams } = new URL(url);
    const back = new URL(searchParams.get('redirect_uri') ?? '');
    back.searchParams.set('code', 'plum-otter-code');
    back.searchParams.set('state', searchParams.get('state') ?? '');
    await fetch(back);
  }
  expect(await closed, said).toBe(0);
}

/** A server in a package, and the token endpoint of an account: what acts reach outside. */
async function openOutside(): Promise<{ readonly server: Server; readonly integrity: string }> {
  const archive = pack();
  const manifest = { name: 'left', version: '1.0.0', type: 'module', bin: './index.js' };
  archive.entry({ name: 'package/package.json' }, JSON.stringify(manifest));
  archive.entry({ name: 'package/index.js' }, '#!/usr/bin/env node\n');
  archive.finalize();
  const bytes = gzipSync(await buffer(archive));
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const server = createServer((request, response) => {
    const origin = `http://${request.headers.host}`;
    if (request.url?.endsWith('.tgz')) return response.end(bytes);
    response.setHeader('content-type', 'application/json');
    if (request.url === '/token')
      return response.end(
        JSON.stringify({
          access_token: 'plum-otter-token',
          refresh_token: 'plum-otter-token-2',
          token_type: 'Bearer',
          expires_in: 3_600,
        }),
      );
    const dist = { tarball: `${origin}/left/-/left-1.0.0.tgz`, integrity };
    const versions = { '1.0.0': { ...manifest, dist } };
    return response.end(JSON.stringify({ name: 'left', 'dist-tags': { latest: '1.0.0' }, versions }));
  });
  return { server, integrity };
}

beforeAll(async () => {
  notes = await newNotesFolder();
  await notes.edit(
    'version: 1\n',
    'version: 1\napprovals: { presence: [terminal, session] }\ntelemetry: { sinks: { soc: { kind: file, to: events.ndjson } } }\n',
  );
  gateway = await startGateway(notes.folder);
  const { server, integrity } = await openOutside();
  outside = server;
  const port = await listen(outside);
  process.env['npm_config_registry'] = `http://127.0.0.1:${port}/`;
  agent = String((await runJson('token', '--kind', 'agent', '--name', 'agent'))['token']);
  shown.push(agent);
  const data = String((await runJson('status'))['data']);
  await writeFile(
    beside('aside.yaml'),
    `version: 1
data: ${data}
servers: { left: { package: "left@1.0.0", integrity: "${integrity}" } }
credentials:
  calendar:
    kind: account
    hosts: [calendar.test]
    tokenUrl: "http://127.0.0.1:${port}/token"
    authorizeUrl: "http://127.0.0.1:${port}/authorize"
    clientId: notes
`,
  );
  store = await openStore(data, systemClock);
  callId = String((await call('notes/read_note', { id: '1' }))['callId']);
  const events = await store.readEvents({ tenant: 'default', kinds: ['call.intended'], limit: 10 });
  runId = events.find((event) => event.agent === 'agent')?.runId ?? '';
  expect(runId).not.toBe('');
});
afterAll(async () => {
  delete process.env['npm_config_registry'];
  await store.close();
  await gateway.stop();
  await closeServer(outside);
  await notes.dispose();
});

const reads = (does: () => Promise<unknown>): Row => ({ leaves: 'record.read', does, by: 'nobody' });
const nothing = (because: string): Row => ({ leaves: 'nothing', because });
const OWN = 'changes and reads nothing of a gateway';
const STATE = 'shows what is configured and in force, nothing of what runs said';
const changed = (act: string, says: Json, does: () => Promise<unknown>): Row => ({
  leaves: 'gateway.changed',
  says: { act, ...says, state: 'done' },
  does,
});

const table: Readonly<Record<string, Row>> = {
  demo: nothing('works on a gateway of its own, which is thrown away'),
  init: nothing('changes files of MCP clients, before there is a gateway; `init --undo` has what it changed'),
  map: nothing(OWN),
  scan: nothing(OWN),
  test: nothing(OWN),
  doctor: nothing(STATE),
  'evidence verify': nothing(OWN),
  witness: nothing('has a state of its own, which is what it signed'),
  signer: nothing('has keys of its own; every key stands in the history that checkpoints carry'),
  run: { leaves: 'run.started', shownBy: 'test/e2e/run.test.ts' },
  mcp: { leaves: 'bundle.activated', shownBy: 'test/e2e/mcp-clients.test.ts' },
  // What it leaves it left before the table begins.
  up: { leaves: 'bundle.activated', shownBy: 'test/e2e/acts-leave-events.test.ts' },
  status: nothing(STATE),
  tail: reads(() => run('tail', '--no-follow')),
  explain: reads(() => run('explain', callId)),
  replay: reads(() => run('replay', runId)),
  'policy lint': nothing(STATE),
  'policy diff': nothing(STATE),
  'policy backtest': reads(() => run('policy', 'backtest')),
  'policy apply': changed('policy apply', { file: 'next.yaml' }, async () => {
    await writeFile(
      beside('next.cases.yaml'),
      'version: 1\ncases:\n  - { name: reading, agent: agent, tool: notes/read_note, arguments: { id: "1" }, expect: permit }\n',
    );
    await writeFile(beside('next.yaml'), `${await readFile(notes.config, 'utf8')}retention: { days: 3650 }\n`);
    await run('policy', 'apply', 'next.yaml', '--accept-flips');
  }),
  'policy revert': changed('policy revert', {}, () => run('policy', 'revert')),
  'policy finish': nothing(
    'ends what an `apply` or a `revert` began, which is recorded before its first file is written',
  ),
  'tools diff': nothing(STATE),
  'tools review': {
    leaves: 'tool.reviewed',
    does: async () => {
      await notes.describe('reads a note, slowly');
      const [drifted] = JSON.parse((await run('tools', 'diff')).stdout) as { tool: string; found: string }[];
      await run('tools', 'review', drifted?.tool ?? '', drifted?.found ?? '');
    },
  },
  'tools tiers': {
    leaves: 'tiers.reviewed',
    does: async () => run('tools', 'tiers', '--accept', String((await runJson('tools', 'tiers'))['digest'])),
  },
  'servers install': changed(
    'servers install',
    { installed: [expect.objectContaining({ package: 'left@1.0.0' })] },
    () => aside('servers', 'install', 'left@1.0.0'),
  ),
  'servers pin': nothing(STATE),
  'servers review': changed('servers review', { server: 'left' }, async () => {
    const { found } = JSON.parse((await aside('servers', 'review', 'left')).stdout) as { found: string };
    await aside('servers', 'review', 'left', found);
  }),
  'approvals list': reads(() => run('approvals', 'list')),
  'approvals show': reads(async () => run('approvals', 'show', await ask('look'))),
  'approvals approve': {
    leaves: 'approval.answered',
    says: { approve: true },
    does: async () => run('approvals', 'approve', await ask('yes')),
  },
  'approvals deny': {
    leaves: 'approval.answered',
    says: { approve: false },
    does: async () => run('approvals', 'deny', await ask('no')),
  },
  'approvals delegate': {
    leaves: 'duty.delegated',
    says: { to: 'cy' },
    does: () => runAtTerminal(notes.folder, ['approvals', 'delegate', 'cy', '--for', '1h']),
  },
  'approvals stats': reads(() => run('approvals', 'stats')),
  'outbox list': nothing('shows how far receivers are, by the numbers of events'),
  'outbox send': changed('outbox send', { sink: 'soc', sent: [1] }, async () => {
    await store.commit([{ kind: 'sink.putAside', tenant: 'default', sink: 'soc', seq: 1, reason: 'law', atMs: 1 }]);
    await run('outbox', 'send', 'soc');
  }),
  'outbox drop': changed('outbox drop', { sink: 'soc', seq: 2 }, async () => {
    await store.commit([{ kind: 'sink.putAside', tenant: 'default', sink: 'soc', seq: 2, reason: 'law', atMs: 1 }]);
    await run('outbox', 'drop', 'soc', '2');
  }),
  'cred list': nothing('shows names, never a value'),
  'cred report': reads(() => aside('cred', 'report')),
  'cred add': changed('cred add', { name: 'mine' }, () => pipe('plum-otter-first', 'cred', 'add', 'mine')),
  'cred connect': changed('cred connect', { name: 'calendar' }, connect),
  'cred rotate': changed('cred rotate', { name: 'mine', tried: false }, () =>
    pipe('plum-otter-second', 'cred', 'rotate', 'mine', '--no-canary', '--drain', '0s'),
  ),
  'cred revoke': changed('cred revoke', { name: 'mine' }, () => run('cred', 'revoke', 'mine')),
  stop: {
    leaves: 'isolation.changed',
    says: { isolated: true, scope: 'agent:default/other' },
    does: () => run('stop', '--agent', 'other', '--reason', 'odd'),
  },
  resume: {
    leaves: 'isolation.changed',
    says: { isolated: false, scope: 'agent:default/another' },
    does: async () => {
      const by = { kind: 'isolation.set', scope: 'agent:default/another', reason: 'odd', by: 'cy' } as const;
      await store.commit([{ ...by, incident: false, atMs: 1 }]);
      const { isolations } = (await runJson('status')) as { isolations: Json[] };
      const seen = isolations.find(({ scope }) => scope === 'agent:default/another')?.['seen'];
      await run('resume', '--agent', 'another', '--seen', String(seen), '--reason', 'looked');
    },
  },
  token: {
    leaves: 'token.issued',
    says: { kind: 'person', name: 'cy' },
    does: async () => shown.push(String((await runJson('token', '--kind', 'person', '--name', 'cy'))['token'])),
  },
  'people add': {
    leaves: 'person.changed',
    says: { person: 'dee' },
    does: async () =>
      shown.push(String((await runJson('people', 'add', 'dee', '--role', 'approver', 'viewer'))['code'])),
  },
  'people list': nothing('shows accounts, nothing of what runs said'),
  'people role': {
    leaves: 'person.changed',
    says: { person: 'dee' },
    does: () => run('people', 'role', 'dee', 'viewer'),
  },
  'people disable': { leaves: 'person.changed', says: { person: 'dee' }, does: () => run('people', 'disable', 'dee') },
  'people enable': { leaves: 'person.changed', says: { person: 'dee' }, does: () => run('people', 'enable', 'dee') },
  'people password': {
    leaves: 'person.changed',
    says: { person: 'dee' },
    does: () => pipe('a horse on the stairs', 'people', 'password', 'dee'),
  },
  'people enrol': {
    leaves: 'person.changed',
    says: { person: 'dee' },
    does: async () => shown.push(String((await runJson('people', 'enrol', 'dee'))['code'])),
  },
  'people sessions': nothing('shows who is signed in, nothing of what runs said'),
  'people revoke': { leaves: 'session.ended', says: { person: 'dee' }, does: () => run('people', 'revoke', 'dee') },
  'people key': {
    leaves: 'key.issued',
    says: { person: 'dee' },
    does: async () => shown.push(String((await runJson('people', 'key', 'dee', '--role', 'viewer'))['secret'])),
  },
  'people keys': nothing('shows which keys there are, never a key'),
  'evidence export': reads(() => run('evidence', 'export', '--run', runId, '--out', 'acts.tar')),
  'evidence fsck': nothing('holds digests against one another, and shows none of what they are of'),
  'evidence copies': nothing('shows how far copies are'),
  'evidence prove': reads(async () => {
    const [event] = await store.readEvents({ tenant: 'default', runId, limit: 1 });
    await run('evidence', 'prove', event?.id ?? '');
  }),
  'evidence keys': changed('evidence keys', {}, () => run('evidence', 'keys', '--rotate')),
  'evidence purge': {
    leaves: 'record.purged',
    says: { days: 1, runs: 1 },
    does: async () => {
      const known = await store.readRun('default', runId);
      if (known === undefined) throw new Error('no run');
      const run_ = { ...known, id: 'run_old', startedAtMs: 1, expiresAtMs: 2 };
      await store.commit([{ kind: 'run.open', run: run_ }]);
      await run('evidence', 'purge', '--days', '1');
    },
  },
  'evidence erase': {
    leaves: 'record.erased',
    does: () => run('evidence', 'erase', '--run', runId, '--reason', 'asked to'),
  },
};

describe('every command', () => {
  it('says what it leaves in the record', () => {
    expect(Object.keys(table).sort()).toEqual(Object.keys(commandPermissions).sort());
  });

  it.each(Object.entries(table))('%s leaves what the table says', async (command, row) => {
    if (row.leaves === 'nothing') return expect(row.because).not.toBe('');
    if ('shownBy' in row) {
      const [found] = await store.readEvents({ tenant: 'default', kinds: ['bundle.activated'], limit: 1 });
      if (command === 'up') return expect(found).toBeDefined();
      return expect(await readFile(join(import.meta.dirname, '../..', row.shownBy), 'utf8')).toContain(`'${command}'`);
    }
    const [before] = await store.readEvents({ tenant: 'default', newestFirst: true, limit: 1 });
    await row.does();
    const left = await store.readEvents({
      tenant: 'default',
      kinds: [row.leaves],
      afterSeq: before?.seq ?? 0,
      limit: 100,
    });
    const bodies = left.map(({ body }) => body);
    expect(bodies).toContainEqual(expect.objectContaining(row.says ?? {}));
    const doers = bodies.map((body) => String(body['by'] ?? body['from'] ?? ''));
    expect(
      doers.some((by) => by.includes(userInfo().username)),
      doers.join(),
    ).toBe(true);
    if (row.by === undefined && !row.leaves.startsWith('record.')) expect(doers).toContain(ME);
  });

  it('leaves what it was at where it is killed before it is done, and that it failed where it did', async () => {
    const acts = async (act: string) => {
      const events = await store.readEvents({ tenant: 'default', kinds: ['gateway.changed'], limit: 1_000 });
      return events.map(({ body }) => body).filter((body) => body['act'] === act && body['name'] === 'killed');
    };
    await pipe('plum-otter-first', 'cred', 'add', 'killed');
    const child = spawn(
      process.execPath,
      ['--no-warnings', main, 'cred', 'rotate', 'killed', '--no-canary', '--drain', '1h'],
      { cwd: notes.folder },
    );
    child.stdin.end('plum-otter-second\n');
    const closed = new Promise((resolve) => child.once('close', resolve));
    for await (const chunk of child.stderr as AsyncIterable<Buffer>) {
      if (chunk.toString().includes('switched')) child.kill('SIGKILL');
    }
    await closed;
    expect(await acts('cred rotate')).toEqual([
      { act: 'cred rotate', name: 'killed', tried: false, state: 'begun', by: ME, presence: 'session' },
    ]);
    await run('cred', 'revoke', 'killed');
    await expect(run('cred', 'revoke', 'killed')).rejects.toThrow(/E_NOT_FOUND/);
    expect((await acts('cred revoke')).map((body) => [body['state'], body['code']])).toEqual([
      ['begun', undefined],
      ['done', undefined],
      ['begun', undefined],
      ['failed', 'E_NOT_FOUND'],
    ]);
  });

  it('leaves no secret there', async () => {
    let all = '';
    for (let afterSeq = 0; ; ) {
      const page = await store.readEvents({ tenant: 'default', afterSeq, limit: 1_000 });
      const last = page.at(-1);
      if (last === undefined) break;
      all += JSON.stringify(page);
      afterSeq = last.seq;
    }
    expect(shown.length).toBeGreaterThan(6);
    for (const secret of shown) expect(all.includes(secret), secret.slice(0, 12)).toBe(false);
  });
});
