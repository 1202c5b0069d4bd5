import { readFile, rm } from 'node:fs/promises';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { reachServers, runHijackedAgent } from './hijacked-agent.ts';
import { type DemoServer, layOutDemo } from './lay-out-demo.ts';
import type { Letter } from './mailbox.ts';

/** The hijacked agent with its tools and nothing in between. Returns the letters that left. */
export async function runUnprotected(folder: string): Promise<{ readonly sent: readonly Letter[] }> {
  const demo = await layOutDemo(folder);
  const mail = await connect(demo.servers.mail);
  const files = await connect(demo.servers.files);
  try {
    await runHijackedAgent(reachServers({ mail, files }), demo.task);
  } finally {
    await Promise.allSettled([mail.close(), files.close()]);
  }
  const sent = await readLetters(demo.outboxPath);
  await rm(demo.outboxPath, { force: true });
  return { sent };
}

/** The letters in an outbox, oldest first. */
export async function readLetters(outboxPath: string): Promise<readonly Letter[]> {
  const text = await readFile(outboxPath, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Letter); // written by the demonstration's own mail server
}

async function connect({ args, ...server }: DemoServer): Promise<Client> {
  const client = new Client({ name: 'demo', version: '1.0.0' });
  await client.connect(new StdioClientTransport({ ...server, args: [...args], stderr: 'ignore' }));
  return client;
}
