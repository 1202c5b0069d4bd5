// A server that says what it can see. It speaks just enough of the older protocol, and imports nothing.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const attempt = (task) => {
  try {
    return task();
  } catch (error) {
    return error.code ?? error.message;
  }
};
const held = [];
const tools = {
  look: ({ path }) => attempt(() => readFileSync(path, 'utf8').slice(0, 100)),
  write: ({ path }) => attempt(() => writeFileSync(path, 'written') ?? 'written'),
  whoami: () =>
    `${process.getuid()} ${existsSync('/proc/1/root/etc/hostname')} ${process.env.NOTE} ${process.env.SECRET_OF_GATEWAY}`,
  reach: ({ path }) =>
    new Promise((resolve) =>
      connect({ host: '127.0.0.1', port: Number(path) })
        .once('connect', () => resolve('connected'))
        .once('error', ({ code }) => resolve(code)),
    ),
  become: () => attempt(() => process.setuid(0) ?? `GOT ${process.getuid()}`),
  fill: ({ path }) => {
    for (let mb = 0; mb < Number(path); mb += 50) held.push(Buffer.alloc(50 * 1_048_576, 1));
    return `GOT ${path}`;
  },
  fork: async ({ path }) => {
    const started = Array.from({ length: Number(path) }, () => spawn('/bin/sleep', ['60'], { stdio: 'ignore' }));
    const failed = await Promise.all(
      started.map(
        (child) => new Promise((done) => child.once('spawn', () => done(false)).once('error', () => done(true))),
      ),
    );
    for (const child of started) child.kill('SIGKILL');
    return failed.includes(true) ? 'refused' : `GOT ${path}`;
  },
  fetch: ({ path }) =>
    fetch(path).then(
      async (answer) => `${answer.status} ${(await answer.text()).slice(0, 40)}`,
      () => 'failed',
    ),
};
const schema = { type: 'object', properties: { path: { type: 'string' } } };
const answer = async ({ method, params }) => {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'enclosed', version: '1.0.0' },
      };
    case 'tools/list':
      return { tools: Object.keys(tools).map((name) => ({ name, description: name, inputSchema: schema })) };
    case 'tools/call':
      return { content: [{ type: 'text', text: String(await tools[params.name](params.arguments)) }] };
    default:
      return undefined;
  }
};
for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.id === undefined) continue;
  const result = await answer(message);
  const body = result === undefined ? { error: { code: -32601, message: 'no such method' } } : { result };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: message.id, ...body })}\n`);
}
