import { appendFile } from 'node:fs/promises';
import type { Client } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWebhookVerifier } from '../../src/index.ts';
import { listenForNotices } from './listen-for-notices.ts';
import { type NotesFolder, newNotesFolder } from './notes-folder.ts';
import {
  connectClient,
  issueToken,
  type RunningGateway,
  runAtTerminal,
  runCommand,
  startGateway,
} from './start-gateway.ts';

/** The three ways in which a client hears that a person is asked, and the channels by which people do: all of it real. */

let notes: NotesFolder;
let gateway: RunningGateway;
let token: string;
const closing: (() => Promise<unknown>)[] = [];
const note = (body: string) => ({ name: 'send_note', arguments: { to: 'bob@example.com', body } });
const PENDING = { isError: true, _meta: { 'chaperone/code': 'E_APPROVAL_PENDING' } };

async function open(more = ''): Promise<void> {
  await appendFile(notes.config, more);
  gateway = await startGateway(notes.folder, { ...process.env, HOOK_SECRET: SECRET, SLACK_URL: slackUrl });
  closing.push(() => gateway.stop());
  token = await issueToken(notes.folder, 'agent', 'agent');
}

beforeEach(async () => {
  notes = await newNotesFolder();
  closing.push(() => notes.dispose());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const SECRET = 'a secret of thirty-two characters or more';
let slackUrl = 'https://hooks.slack.test/none';

async function connect(mode: 'auto' | 'legacy', canOpen: boolean): Promise<Client> {
  const client = await connectClient(gateway.origin, token, mode, canOpen ? { elicitation: { url: {} } } : {});
  closing.push(() => client.close());
  return client;
}

const answer = async (verb: 'approve' | 'deny', id: string) => {
  const done = await runAtTerminal(notes.folder, ['approvals', verb, id]);
  expect(done, done.stdout).toMatchObject({ code: 0 });
};
const idOf = (asked: { readonly _meta?: object | undefined }) =>
  String((asked._meta as Record<string, unknown> | undefined)?.['chaperone/approvalId']);

describe('a ticket', () => {
  it('names the page, which nobody approves by opening, and the same call made again runs once it was approved', async () => {
    await open();
    const client = await connect('auto', false);
    const asked = await client.callTool(note('one'));
    expect(asked).toMatchObject(PENDING);
    const id = idOf(asked);
    const url = `${gateway.origin}/approvals/${id}`;
    expect(asked._meta).toMatchObject({ 'chaperone/approvalUrl': url });
    expect(JSON.stringify(asked.content)).toContain(url);

    for (const method of ['GET', 'HEAD', 'GET']) expect((await fetch(url, { method })).status).toBe(200);
    const page = await (await fetch(`${gateway.origin}/approvals/%3Cscript%3E`)).text();
    expect(page).not.toContain('<script>');
    for (const method of ['POST', 'PUT', 'DELETE']) expect((await fetch(url, { method })).status).toBe(405);
    expect(await client.callTool(note('one'))).toMatchObject(PENDING);

    // Other work goes on meanwhile.
    expect((await client.callTool({ name: 'read_note', arguments: { id: 'n1' } })).isError).not.toBe(true);
    await answer('approve', id);
    expect((await client.callTool(note('one'))).isError).not.toBe(true);
    expect(await client.callTool(note('one'))).toMatchObject(PENDING);
  });

  it('runs exactly what was approved, by its handle alone', async () => {
    await open();
    const client = await connect('auto', false);
    const id = idOf(await client.callTool(note('stored')));
    const byHandle = { name: 'send_note', arguments: {}, _meta: { 'chaperone/approvalId': id } };
    expect(await client.callTool(byHandle)).toMatchObject(PENDING);
    await answer('approve', id);
    const altered = { ...note('another'), _meta: { 'chaperone/approvalId': id } };
    expect(await client.callTool(altered)).toMatchObject({ _meta: { 'chaperone/code': 'E_APPROVAL_ARGS_CHANGED' } });
    expect(JSON.stringify((await client.callTool(byHandle)).content)).toContain('sent to bob@example.com');
    expect(await notes.done()).toHaveLength(1);
    expect(await client.callTool(byHandle)).toMatchObject({ _meta: { 'chaperone/code': 'E_APPROVAL_USED' } });
  });
});

describe('a call that is held', () => {
  it.each(['auto'] as const)('hears that it waits, and ends with the result (%s)', async (mode) => {
    await open('approvals: { hold: 10m }\n');
    const client = await connect(mode, false);
    const heard: string[] = [];
    const { promise: waits, resolve } = Promise.withResolvers<void>();
    const called = client.callTool(note('held'), {
      timeout: 120_000,
      onprogress: ({ message }) => {
        heard.push(message ?? '');
        resolve();
      },
    });
    await waits;
    const listed = await runCommand(notes.folder, ['approvals', 'list', '--wait', '--json']);
    const [{ id }] = JSON.parse(listed.stdout) as [{ id: string }];
    await answer('approve', id);
    expect((await called).isError).not.toBe(true);
    expect(heard[0]).toBe('Waiting for a person to approve this call.');
  });

  it('ends with the denial, and with a ticket where nobody answers in time', async () => {
    await open('approvals: { hold: 1s }\n');
    const client = await connect('auto', false);
    const asked = await client.callTool(note('slow'), { onprogress: () => {} });
    expect(asked).toMatchObject(PENDING);
    const again = client.callTool(note('slow'), { timeout: 120_000, onprogress: () => {} });
    await answer('deny', idOf(asked));
    expect((await again)._meta?.['chaperone/code']).toMatch(/E_APPROVAL_(DENIED|PENDING)/);
    expect(await client.callTool(note('slow'))).toMatchObject({ _meta: { 'chaperone/code': 'E_APPROVAL_DENIED' } });
  });
});

describe('a client that can open a page', () => {
  it.each(['auto', 'legacy'] as const)(
    'is asked to, and the call goes on once a person has answered (%s)',
    async (mode) => {
      await open('approvals: { hold: 10m }\n');
      const client = await connect(mode, true);
      const opened: unknown[] = [];
      client.setRequestHandler('elicitation/create', async ({ params }) => {
        opened.push(params);
        const { url } = params as { url: string };
        await answer('approve', url.slice(url.lastIndexOf('/') + 1));
        return { action: 'accept' };
      });
      const called = await client.callTool(note('opened'), { timeout: 120_000 });
      expect(called.isError, JSON.stringify(called)).not.toBe(true);
      expect(opened).toEqual([
        expect.objectContaining({ mode: 'url', url: expect.stringContaining(`${gateway.origin}/approvals/apr_`) }),
      ]);
      expect(JSON.stringify(opened)).not.toContain('opened');
    },
  );

  it.each([
    ['auto', 'accept'],
    ['legacy', 'accept'],
  ] as const)('approves nothing by what it says (%s, %s)', async (mode, action) => {
    await open('approvals: { hold: 1s, timeout: 3s }\n');
    const client = await connect(mode, true);
    client.setRequestHandler('elicitation/create', async () => ({ action, content: { approve: true } }));
    const called = await client.callTool(note('said'), { timeout: 120_000 });
    expect(called._meta?.['chaperone/code']).toMatch(/E_APPROVAL_(PENDING|EXPIRED)/);
    expect(called.isError).toBe(true);
  });
});

describe('channels', () => {
  it('tell people of a question, signed, in chat and by mail, and a crash between asking and telling is made up for', async () => {
    const sinks = await listenForNotices();
    const { posts, mails, httpPort: port, smtpPort } = sinks;
    closing.push(sinks.close);
    slackUrl = `http://127.0.0.1:${port}/slack`;
    await open(`channels:
  ops: { webhook: { url: "http://127.0.0.1:${port}/ops", secret: { secret: env:HOOK_SECRET } } }
  chat: { slack: { url: { secret: env:SLACK_URL } } }
  mail: { smtp: { host: 127.0.0.1, port: ${smtpPort}, tls: none, from: chaperone@corp.test, to: [ana@corp.test] } }
  gone: { webhook: { url: "http://127.0.0.1:1/", secret: { secret: env:HOOK_SECRET } } }
`);
    const client = await connect('auto', false);
    const id = idOf(await client.callTool(note('a text of the model')));
    await expect.poll(() => [posts.length, mails.length], { timeout: 60_000 }).toEqual([2, 1]);
    // What could not be told waits for the next gateway.
    gateway.process.kill('SIGKILL');
    const signed = posts.find(({ headers }) => headers['webhook-id'] !== undefined);
    const chat = posts.find(({ headers }) => headers['webhook-id'] === undefined);
    if (signed === undefined || chat === undefined) throw new Error('one of the channels was not told');
    const verify = createWebhookVerifier({ secrets: [SECRET], nowMs: () => Date.now() });
    expect(verify(signed)).toMatchObject({ duplicate: false });
    expect(JSON.parse(signed.body)).toMatchObject({ kind: 'approval.asked', facts: { approval: id, agent: 'agent' } });
    for (const text of [signed.body, chat.body, mails[0] ?? '']) {
      expect(text).toContain(id);
      expect(text).not.toContain('a text of the model');
    }
    const config = notes.config;
    await notes.edit('http://127.0.0.1:1/', `http://127.0.0.1:${port}/gone`);
    expect(config).toContain('chaperone.yaml');
    gateway = await startGateway(notes.folder, { ...process.env, HOOK_SECRET: SECRET, SLACK_URL: slackUrl });
    closing.push(() => gateway.stop());
    await expect.poll(() => posts.length, { timeout: 60_000 }).toBe(3);
    expect(JSON.parse(posts[2]?.body ?? '{}')).toMatchObject({ facts: { approval: id } });
  });
});
