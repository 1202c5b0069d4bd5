import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { createChaperone } from '../../src/index.ts';

const fixture = new URL('./enclosed-server.mjs', import.meta.url).pathname;

it('a server with a profile sees its own files and the folders it is given, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-enclosed-'));
  const listener = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  for (const name of ['given', 'changed', 'kept-from-it']) await mkdir(join(folder, name), { mode: 0o777 });
  await copyFile(fixture, join(folder, 'server.mjs'));
  await writeFile(join(folder, 'given/a.txt'), 'given to it');
  await writeFile(join(folder, 'kept-from-it/a.txt'), 'kept from it');
  const read = { effect: 'read', consequence: 'low' } as const;
  const chaperone = await createChaperone({
    folder,
    store: openMemoryStore(),
    environment: { PATH: process.env['PATH'], SECRET_OF_GATEWAY: 'secret' },
    notify: () => undefined,
    manifest: {
      version: 1,
      data: join(folder, 'data'),
      servers: {
        eyes: {
          command: process.execPath,
          args: [join(folder, 'server.mjs')],
          files: ['server.mjs'],
          digest: await digest(folder),
          env: { NOTE: 'noted' },
          profile: 'server',
          folders: { read: ['given'], write: ['changed'] },
        },
      },
      profiles: { server: { limits: process.getuid?.() === 0 ? 'total' : 'per-process', memory: '2GB' } },
      tools: { 'eyes/look': read, 'eyes/write': read, 'eyes/whoami': read, 'eyes/reach': read },
      agents: { dev: { tools: { 'eyes/*': {} } } },
    },
  });
  try {
    const run = await chaperone.startRun({ agent: 'dev', prompt: 'Look around.' });
    const say = async (tool: string, path: string) => {
      const answer = await run.call(`eyes/${tool}`, { path });
      return answer.kind === 'result' ? answer.result.content[0]?.['text'] : answer.reasons;
    };
    expect(await say('look', join(folder, 'given/a.txt'))).toBe('given to it');
    expect(await say('look', join(folder, 'kept-from-it/a.txt'))).toBe('ENOENT');
    expect(await say('look', join(folder, 'data/store.db'))).not.toBe('written');
    expect(await say('write', join(folder, 'given/b.txt'))).toMatch(/^E(ROFS|ACCES)$/);
    await writeFile(join(folder, 'changed/c.txt'), '', { mode: 0o666 });
    expect(await say('whoami', '')).toBe('65534 false noted undefined');
    expect(await say('reach', `${port}`)).toBe('ECONNREFUSED');
    expect(await readdir(join(folder, 'given'))).toEqual(['a.txt']);
    expect(await readFile(join(folder, 'kept-from-it/a.txt'), 'utf8')).toBe('kept from it');
  } finally {
    await chaperone.close();
    listener.close();
    await rm(folder, { recursive: true, force: true });
  }
});

it('a server with `network: door` reaches what rules let it, as itself, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-enclosed-'));
  const host = createHttpServer((_request, response) => void response.end('hello from outside'));
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  const { port } = host.address() as AddressInfo;
  await copyFile(fixture, join(folder, 'server.mjs'));
  const store = openMemoryStore();
  const read = { effect: 'read', consequence: 'low' } as const;
  const launch = { command: process.execPath, args: [join(folder, 'server.mjs')], files: ['server.mjs'] };
  const pinned = { ...launch, digest: await digest(folder), profile: 'server' };
  const addresses = ['127.0.0.1'];
  const chaperone = await createChaperone({
    folder,
    store,
    environment: { PATH: process.env['PATH'] },
    notify: () => undefined,
    manifest: {
      version: 1,
      data: join(folder, 'data'),
      servers: { eyes: pinned, others: pinned },
      profiles: { server: { limits: process.getuid?.() === 0 ? 'total' : 'per-process', memory: '2GB' } },
      egress: { allow: [{ host: 'open.test', ports: [port], addresses, servers: ['eyes'] }] },
      tools: { 'eyes/fetch': read, 'eyes/reach': read, 'others/fetch': read },
      agents: { dev: { tools: { 'eyes/*': {}, 'others/*': {} } } },
    },
  });
  try {
    const run = await chaperone.startRun({
      agent: 'dev',
      prompt: `Fetch http://open.test:${port}/a and reach ${port}.`,
    });
    const say = async (tool: string, path: string) => {
      const answer = await run.call(tool, { path });
      return answer.kind === 'result' ? answer.result.content[0]?.['text'] : answer.reasons;
    };
    expect(await say('eyes/fetch', `http://open.test:${port}/a`)).toBe('200 hello from outside');
    expect(await say('others/fetch', `http://open.test:${port}/a`)).toBe('failed');
    expect(await say('eyes/reach', `${port}`)).toBe('ECONNREFUSED');
  } finally {
    await chaperone.close();
    host.close();
  }
  await rm(folder, { recursive: true, force: true });
});

async function digest(folder: string): Promise<string> {
  const { digestCommand } = await import('../../src/adapters/tools/mcp/launch/launch-command.ts');
  return digestCommand({ command: process.execPath, files: ['server.mjs'], folder, environment: {} });
}
