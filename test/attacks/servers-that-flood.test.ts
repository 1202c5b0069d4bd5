import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { loadText } from '../../src/app/config/load-config.ts';
import { Gateway } from '../../src/app/gateway.ts';
import { parseOptions } from '../../src/app/host-server.ts';
import { openMcpDoor } from '../../src/app/serve.ts';

/**
 * What a server sends of its own accord arrives outside of any call: whatever it does to whoever reads it there, it
 * does to the whole gateway.
 */

const script = join(import.meta.dirname, 'hostile-server.ts');
const leftovers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clear of leftovers.splice(0).reverse()) await clear();
});

async function openGateway(attack: string) {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-attack-'));
  leftovers.push(() => rm(folder, { recursive: true, force: true }));
  const text = `version: 1
servers: { s: { command: ${process.execPath}, args: [${script}, ${attack}] } }
agents: { a: { tools: { "s/*": { approval: never } } } }
`;
  const loaded = await loadText(text, 'chaperone.yaml', folder, parseOptions);
  const gateway = await Gateway.open({ loaded, environment: process.env, notify: () => {}, store: openMemoryStore() });
  leftovers.push(() => gateway.close());
  return { gateway, store: gateway.world.store };
}

/** A session of a client on standard streams: what it gets, by id. */
async function openClient(gateway: Gateway) {
  const input = new PassThrough();
  const output = new PassThrough();
  const door = openMcpDoor(gateway, () => {});
  const served = door.serveStdio({ input, output, credentials: { tenant: 'default', agent: 'a' } });
  leftovers.push(async () => {
    input.end();
    await served;
    await door.close();
  });
  let text = '';
  output.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return async (id: number, method: string, params: object) => {
    input.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    for (;;) {
      const line = text.split('\n').find((one) => one.includes(`"id":${id}`));
      if (line !== undefined) return JSON.parse(line) as { readonly result?: object; readonly error?: object };
      await wait(10);
    }
  };
}

describe('a server that floods', () => {
  it('nested deeper than a stack is high: the call fails by itself, and the gateway goes on', async () => {
    const { gateway } = await openGateway('deep');
    const ask = await openClient(gateway);
    const capabilities = { elicitation: {}, sampling: {} };
    await ask(1, 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities,
      clientInfo: { name: 'c', version: '1' },
    });
    const call = { name: 'act', arguments: {}, _meta: { progressToken: 7 } };
    expect(await ask(2, 'tools/call', call)).toMatchObject({ error: { message: expect.stringMatching(/too deeply/) } });
    expect(await ask(3, 'ping', {})).toMatchObject({ result: {} });
  });

  it('lists that change whenever they are read are not read without end', async () => {
    const { store } = await openGateway('restless');
    await wait(1_500);
    const events = await store.readEvents({ tenant: 'default', limit: 1_000 });
    expect(events.filter(({ kind }) => kind === 'bundle.activated').length).toBeLessThan(14);
  });

  it('a thousand changed lists are a few new catalogs', async () => {
    const { gateway, store } = await openGateway('changes');
    await gateway.refresh();
    await gateway.refresh();
    const events = await store.readEvents({ tenant: 'default', limit: 1_000 });
    expect(events.filter(({ kind }) => kind === 'bundle.activated').length).toBeLessThan(20);
  });
});
