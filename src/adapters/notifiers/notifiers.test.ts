import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { Secret } from '../../base/secret.ts';
import { createWebhookVerifier } from '../../base/webhook-signature.ts';
import type { Notice } from '../../model/notice.ts';
import type { Notifier } from '../../ports/notifier.ts';
import { openSlack } from './slack.ts';
import { openSmtp } from './smtp.ts';
import { openWebhook } from './webhook.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const SECRET = 'a secret of thirty-two characters or more';
const LINK = 'https://chaperone.test/approvals/apr_1';
const notice = (facts: Notice['facts'] = {}): Notice => ({
  id: 'ntc_1',
  tenant: 'default',
  channel: 'ops',
  kind: 'approval.asked',
  facts: { approval: 'apr_1', agent: 'support', tool: 'mail/send_email', consequence: 'high', ...facts },
  atMs: 0,
  untilMs: Date.UTC(2026, 0, 1),
});
const HOSTILE = {
  tool: 'mail/<!channel> <https://evil.test|approve>',
  agent: 'a\r\nBcc: eve@evil.test',
  consequence: '<b>high</b>',
};
const never = new AbortController().signal;

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A receiver that answers with each status in turn, the last for ever. */
async function receive(...statuses: number[]): Promise<{ url: URL; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      const status = (statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 200;
      response.writeHead(status, { location: 'http://127.0.0.1:1/elsewhere' }).end('a secret of the receiver');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`), received };
}

async function receiveMail(options: { reject?: boolean } = {}): Promise<{ port: number; mails: string[] }> {
  const mails: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    onRcptTo: (_address, _session, done) => done(options.reject ? new Error('no such person, password hunter2') : null),
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString());
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, mails };
}

describe('a webhook', () => {
  it('is signed over time, id and body, so that its receiver can tell', async () => {
    const { url, received } = await receive(204);
    const webhook = openWebhook({ url, secret: new Secret('env:S', SECRET), clock: systemClock });
    await webhook.deliver({ notice: notice(), link: LINK }, never);
    const [request] = received;
    if (request === undefined) throw new Error('nothing came');
    const verify = createWebhookVerifier({ secrets: ['an old one', SECRET], nowMs: systemClock.nowMs });
    expect(verify(request)).toEqual({ id: 'ntc_1', duplicate: false });
    expect(JSON.parse(request.body)).toEqual({
      id: 'ntc_1',
      kind: 'approval.asked',
      tenant: 'default',
      facts: notice().facts,
      at: '1970-01-01T00:00:00.000Z',
      until: '2026-01-01T00:00:00.000Z',
      link: LINK,
    });
  });

  it.each([301, 400, 500])('fails at status %i, says no more than that, and goes nowhere else', async (status) => {
    const { url, received } = await receive(status);
    const webhook = openWebhook({ url, secret: new Secret('env:S', SECRET), clock: systemClock });
    await expect(webhook.deliver({ notice: notice() }, never)).rejects.toMatchObject({
      code: 'E_NOTIFY',
      message: `the channel failed: it answered with HTTP status ${status}`,
    });
    expect(received).toHaveLength(1);
  });

  it('fails where nobody listens, and where nobody answers in time', async () => {
    const { url } = await receive(200);
    for (const close of closing.splice(0)) await close();
    const webhook = openWebhook({ url, secret: new Secret('env:S', SECRET), clock: systemClock });
    await expect(webhook.deliver({ notice: notice() }, never)).rejects.toMatchObject({ code: 'E_NOTIFY' });
    await expect(webhook.deliver({ notice: notice() }, AbortSignal.abort())).rejects.toMatchObject({
      code: 'E_NOTIFY',
    });
  });
});

describe('the verifier of webhooks', () => {
  const nowMs = 1_800_000_000_000;
  const signed = async () => {
    const { url, received } = await receive(200);
    const clock = { ...systemClock, nowMs: () => nowMs };
    await openWebhook({ url, secret: new Secret('env:S', SECRET), clock }).deliver({ notice: notice() }, never);
    const [request] = received;
    if (request === undefined) throw new Error('nothing came');
    return request;
  };

  it('takes no other body, id, time, secret or lack of any', async () => {
    const { headers, body } = await signed();
    const verify = (over: object, more = body, atMs = nowMs) =>
      createWebhookVerifier({ secrets: [SECRET], nowMs: () => atMs })({ headers: { ...headers, ...over }, body: more });
    const forged: readonly (() => unknown)[] = [
      () => verify({}, body.replace('support', 'supp0rt')),
      () => verify({ 'webhook-id': 'ntc_2' }),
      () => verify({ 'webhook-timestamp': String(nowMs / 1_000 + 1) }),
      () => verify({ 'webhook-signature': `v1,${'A'.repeat(43)}=` }),
      () => verify({ 'webhook-signature': 'v1,' }),
      () => verify({ 'webhook-signature': undefined }),
      () => verify({ 'webhook-id': ['ntc_1', 'ntc_1'] }),
      () => verify({ 'webhook-timestamp': '1e9' }),
      () => verify({}, body, nowMs + 300_001),
      () => verify({}, body, nowMs - 300_001),
      () => createWebhookVerifier({ secrets: ['another'], nowMs: () => nowMs })({ headers, body }),
      () => createWebhookVerifier({ secrets: [], nowMs: () => nowMs })({ headers, body }),
    ];
    for (const [i, attempt] of forged.entries()) {
      let code: unknown;
      try {
        attempt();
      } catch (error) {
        code = (error as { code?: unknown }).code;
      }
      expect(code, `attempt ${i}`).toBe('E_WEBHOOK');
    }
    expect(verify({})).toEqual({ id: 'ntc_1', duplicate: false });
  });

  it('says of what comes again that it came before, for as long as it could be taken', async () => {
    const { headers, body } = await signed();
    let atMs = nowMs;
    const verify = createWebhookVerifier({ secrets: [SECRET], nowMs: () => atMs });
    expect(verify({ headers, body })).toMatchObject({ duplicate: false });
    for (atMs of [nowMs, nowMs + 299_999, nowMs - 299_999])
      expect(verify({ headers, body })).toMatchObject({ duplicate: true });
  });
});

describe('what people are told', () => {
  it('in Slack is plain text without anything of the call, and nothing unfolds', async () => {
    const { url, received } = await receive(200);
    const slack = openSlack({ url: new Secret('env:S', url.href) });
    await slack.deliver({ notice: notice(), link: LINK }, never);
    await slack.deliver({ notice: notice(HOSTILE), link: LINK }, never);
    const [plain, hostile] = received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    expect(plain).toMatchObject({ mrkdwn: false, unfurl_links: false, unfurl_media: false, link_names: false });
    expect(plain?.['text']).toContain('tool: mail/send_email');
    expect(plain?.['text']).toContain(LINK);
    expect(Object.keys(plain ?? {})).not.toContain('attachments');
    expect(hostile?.['text']).not.toMatch(/channel>|evil|Bcc|<b>/);
    expect(hostile?.['text']).toContain('(a name that is not shown here)');
  });

  it('by mail is plain text under a subject of its own, the same message when it is sent twice', async () => {
    const { port, mails } = await receiveMail();
    const smtp = open(port, 'none');
    await smtp.deliver({ notice: notice(), link: LINK }, never);
    await smtp.deliver({ notice: notice(HOSTILE) }, never);
    const [plain = '', hostile = ''] = mails;
    expect(plain).toContain('Subject: Chaperone: a question waits for you (apr_1)');
    expect(plain).toContain('Message-ID: <ntc_1@chaperone.invalid>');
    expect(plain).toContain('Content-Type: text/plain');
    expect(plain).toContain(LINK);
    expect(hostile).not.toMatch(/evil|html|^Bcc/im);
  });

  it('fails where the mail is not taken, or would travel unencrypted, and says nothing of what the server said', async () => {
    const refusing = await receiveMail({ reject: true });
    const plain = await receiveMail();
    for (const smtp of [open(refusing.port, 'none'), open(plain.port, 'starttls'), open(plain.port, 'implicit')]) {
      const failure: unknown = await smtp.deliver({ notice: notice() }, never).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'E_NOTIFY' });
      expect(String(failure)).not.toContain('hunter2');
    }
    expect(plain.mails).toEqual([]);
  });

  function open(port: number, tls: 'implicit' | 'starttls' | 'none'): Notifier {
    const to = ['ana@corp.test', 'bo@corp.test'];
    const smtp = openSmtp({ host: '127.0.0.1', port, tls, from: 'chaperone@corp.test', to, timeoutMs: 10_000 });
    closing.push(() => smtp.close());
    return smtp;
  }
});
