import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterEach, expect, it } from 'vitest';
import { listenForNotices } from './listen-for-notices.ts';
import { connectClient, issueToken, newFolder, startGateway } from './start-gateway.ts';

/** What a real gateway finds out reaches people: over HTTP, signed, and by mail, from servers that really listen. */

const SECRET = 'a secret of thirty-two characters or more';
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('a canary that was let through, and code that ran into its walls', { timeout: 180_000 }, async () => {
  const sinks = await listenForNotices();
  closing.push(sinks.close);
  const opened = await newFolder(`version: 1
canary: { every: 1s }
policies: [careless.cedar]
builtin: { code: { python: code } }
profiles: { code: { limits: ${process.getuid?.() === 0 ? 'total' : 'per-process'} } }
tools: { builtin/code.run: { effect: read, consequence: low } }
agents: { dev: { tools: { "builtin/*": {} } } }
alerts: { channels: [ops, mail] }
channels:
  ops: { webhook: { url: "http://127.0.0.1:${sinks.httpPort}/ops", secret: { secret: env:HOOK_SECRET } } }
  mail: { smtp: { host: 127.0.0.1, port: ${sinks.smtpPort}, tls: none, from: chaperone@corp.test, to: [soc@corp.test] } }
`);
  closing.push(opened.dispose);
  const { folder } = opened;
  await writeFile(join(folder, 'careless.cedar'), '@id("careless") permit (principal, action, resource);\n');
  const gateway = await startGateway(folder, { ...process.env, HOOK_SECRET: SECRET });
  closing.push(() => gateway.stop());
  const client = await connectClient(gateway.origin, await issueToken(folder, 'agent', 'dev'));
  closing.push(() => client.close());
  const code = 'print(open("/etc/shadow").read()) # a text of the model';
  await client.callTool({ name: 'code.run', arguments: { language: 'python', code } });

  const official = new Webhook(SECRET, { format: 'raw' });
  const told = () =>
    sinks.posts.map((post) => {
      const { facts } = JSON.parse(post.body) as { facts: Record<string, unknown> };
      return String(facts['alert']);
    });
  const both = ['canary.permitted', 'escape.attempted'];
  await expect.poll(() => told().toSorted(), { timeout: 90_000 }).toEqual(both);
  await expect
    .poll(() => sinks.mails.flatMap((mail) => /^Subject: Chaperone: (.*)\r$/m.exec(mail)?.[1] ?? []).toSorted(), {
      timeout: 90_000,
    })
    .toEqual(both);
  for (const { body, headers } of sinks.posts)
    expect(official.verify(body, headers as Record<string, string>)).toMatchObject({ kind: 'alert' });
  const [attempt] = sinks.posts.filter((post) => post.body.includes('escape.attempted'));
  expect(JSON.parse(attempt?.body ?? '{}')).toMatchObject({
    kind: 'alert',
    facts: { agent: 'dev', tool: 'builtin/code.run', call: expect.stringMatching(/^call_/) },
  });
  for (const text of [...sinks.posts.map(({ body }) => body), ...sinks.mails])
    expect(text).not.toContain('a text of the model');
});
