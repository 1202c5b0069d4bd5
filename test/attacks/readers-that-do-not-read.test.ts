import { describe, expect, it } from 'vitest';
import { StdioWire } from '../../src/adapters/tools/mcp/stdio-wire.ts';
import { HttpExchange } from '../../src/doors/mcp/http-exchange.ts';

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
