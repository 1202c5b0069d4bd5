import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { StdioWire } from '../../src/adapters/tools/mcp/stdio-wire.ts';
import { HttpExchange } from '../../src/doors/mcp/http-exchange.ts';
import { lawCatalog, lawTool, openLawWorld } from '../laws/law-world.ts';
import { openAttackDoor } from './attack-door.ts';

/** Whoever makes the gateway talk and does not listen must not make it remember everything it had to say. */
const MEGABYTE = 'x'.repeat(1_048_576);

describe('a reader that does not read', () => {
  it('gets the answer, and not every notification of a server that floods', async () => {
    const exchange = new HttpExchange();
    const taken = Array.from({ length: 40 }, () =>
      exchange.send({ jsonrpc: '2.0', method: 'notifications/message', params: { data: MEGABYTE } }),
    );
    exchange.finish({ jsonrpc: '2.0', id: 1, result: { done: true } });
    expect(taken.filter(Boolean).length).toBeLessThan(12);
    expect(await (await exchange.response).text()).toContain('"done":true');
  });

  it('gets the answer, and not every notification, on a pipe too', async () => {
    const law = await openLawWorld({
      catalog: lawCatalog({
        tools: [lawTool('act', {})],
        manifest: { version: 1, agents: { a: { tools: { 'law/act': { approval: 'never' } } } } },
      }),
      call: async (_intent, { onProgress }) => {
        for (let n = 0; n < 500; n++) onProgress?.({ progress: n, message: MEGABYTE.slice(0, 60_000) });
        return { ok: true, result: { content: [{ type: 'text', text: 'done' }] } };
      },
    });
    const principal = { tenant: 'default', agent: 'a' };
    const run = await law.world.runs.start({ principal, task: 'attack', prompt: [], attested: false });
    await using door = openAttackDoor(law);
    const input = new PassThrough();
    const output = new Writable({ write: () => {} }); // takes the first piece and never asks for another
    const served = door.door.serveStdio({ input, output, credentials: { runId: run.id } });
    const say = (message: object) => input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    say({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } });
    await vi.waitFor(() => expect(output.writableLength).toBeGreaterThan(0)); // it is in
    say({ id: 2, method: 'tools/call', params: { name: 'act', arguments: {}, _meta: { progressToken: 1 } } });
    await vi.waitFor(() => expect(output.writableLength).toBeGreaterThan(8_000_000));
    await vi.waitFor(async () => {
      const done = await law.truth.readEvents({ tenant: 'default', runId: run.id, limit: 10 });
      expect(done.map(({ kind }) => kind)).toContain('call.completed');
    });
    expect(output.writableLength).toBeLessThan(10_000_000);
    input.end();
    await served;
  });

  it('is ended, where it is a server', async () => {
    const wire = new StdioWire(
      { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], env: {} },
      () => {},
    );
    await wire.start();
    const sends = Array.from({ length: 80 }, () => wire.send({ jsonrpc: '2.0', id: 1, result: { data: MEGABYTE } }));
    const outcomes = await Promise.allSettled(sends);
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true);
    await wire.close();
  });
});
