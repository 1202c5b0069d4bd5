import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { loadText } from '../../src/app/config/load-config.ts';
import { Gateway } from '../../src/app/gateway.ts';
import { parseOptions } from '../../src/app/host-server.ts';
import { openMcpDoor } from '../../src/app/serve.ts';
import { limits } from '../../src/base/limits.ts';

/**
 * What a server says beside its results (progress, log messages, questions) reaches the client as well. It is no way
 * past what a result has to pass: secrets are taken out, and where only listed fields may cross back, no text does.
 */
const script = join(import.meta.dirname, 'hostile-server.ts');
const leftovers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clear of leftovers.splice(0).reverse()) await clear();
});

interface Said {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: object;
}

/** Calls the hostile tool once, as a client that can be asked, and returns everything it was told. */
async function callOnce(attack: string, declaration: object): Promise<readonly Said[]> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-attack-'));
  leftovers.push(() => rm(folder, { recursive: true, force: true }));
  const manifest = {
    version: 1,
    servers: { s: { command: process.execPath, args: [script, attack] } },
    tools: { 's/act': { effect: 'read', consequence: 'low', ...declaration } },
    agents: { a: { tools: { 's/*': {} } } },
  };
  const loaded = await loadText(JSON.stringify(manifest), 'chaperone.yaml', folder, parseOptions);
  const gateway = await Gateway.open({
    loaded,
    environment: process.env,
    notify: () => {},
    store: openMemoryStore(),
  });
  leftovers.push(() => gateway.close());
  const input = new PassThrough();
  const output = new PassThrough();
  const door = openMcpDoor(gateway, () => {});
  const served = door.serveStdio({ input, output, credentials: { tenant: 'default', agent: 'a' } });
  leftovers.push(async () => {
    input.end();
    await served;
    await door.close();
  });
  const said: Said[] = [];
  let rest = '';
  const say = (message: object) => input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  output.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString()}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as Said;
      said.push(message);
      if (message.method === 'elicitation/create')
        say({ id: message.id, result: { action: 'accept', content: { ok: true } } });
    }
  });
  say({
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: { elicitation: {} } },
  });
  await vi.waitFor(() => expect(said.find(({ id }) => id === 1)).toBeDefined());
  say({ id: 2, method: 'tools/call', params: { name: 'act', arguments: {}, _meta: { progressToken: 7 } } });
  await vi.waitFor(() => expect(said.find(({ id }) => id === 2)).toMatchObject({ result: {} }), 10_000);
  await wait(150); // what the server says after its answer
  return said;
}

const named = (said: readonly Said[], method: string) => said.filter((message) => message.method === method);

describe('what a server says beside its result', () => {
  it('carries no secret', async () => {
    const said = await callOnce('tells', {});
    expect(named(said, 'notifications/progress')).toMatchObject([
      { params: { progressToken: 7, progress: 1, total: 2, message: expect.stringContaining('salary 90000') } },
    ]);
    expect(named(said, 'elicitation/create')).toHaveLength(1);
    expect(named(said, 'notifications/message').map(({ params }) => params?.['logger'])).toEqual(['inside', 'outside']);
    expect(JSON.stringify(said)).toContain('[redacted secret');
    expect(JSON.stringify(said)).not.toContain('ghp_');
  });

  it('carries nothing but numbers where only listed fields may cross back', async () => {
    const said = await callOnce('tells', { fields: ['name'] });
    expect(named(said, 'notifications/progress').map(({ params }) => params)).toEqual([
      { progressToken: 7, progress: 1, total: 2 },
    ]);
    expect(named(said, 'elicitation/create')).toEqual([]);
    expect(named(said, 'notifications/message')).toEqual([]);
    expect(said.find(({ id }) => id === 2)).toMatchObject({ result: { content: [{ text: '{"name":"ann"}' }] } });
    expect(JSON.stringify(said)).not.toContain('salary');
  });

  it('is bounded', async () => {
    const said = await callOnce('chatters', {});
    const logs = named(said, 'notifications/message');
    expect(logs.length).toBeGreaterThan(100);
    expect(logs.length).toBeLessThanOrEqual(limits.remarks + 100); // the allowance refills while the test runs
    expect(Math.max(...logs.map((log) => JSON.stringify(log).length))).toBeLessThan(limits.remarkBytes);
  });
});
