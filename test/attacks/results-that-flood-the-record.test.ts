import { describe, expect, it } from 'vitest';
import { call } from '../../src/runtime/call.ts';
import { lawCatalog, lawTool, openLawWorld } from '../laws/law-world.ts';

/**
 * What is taken out of a result is recorded with the path of its place, and both the path and the number of places are
 * the server's to choose: a result within its limit whose outcome would be many times larger than any record may be, so
 * that the outcome of a call that ran is lost with it.
 */

const long = 'k'.repeat(200_000);

describe('a result that floods the record', () => {
  it.each([
    ['few places with long paths', { [long]: Array.from({ length: 200 }, (_, n) => `a\u200b${n}`) }],
    ['very many places', Array.from({ length: 60_000 }, (_, n) => `a\u200b${n}`)],
  ])('%s: the outcome is recorded, in bounds', async (_what, structuredContent) => {
    const { world, truth } = await openLawWorld({
      catalog: lawCatalog({
        tools: [lawTool('read', {})],
        manifest: { version: 1, agents: { a: { tools: { 'law/*': {} } } }, tools: { 'law/read': { effect: 'read' } } },
      }),
      call: async () => ({ ok: true, result: { content: [], structuredContent } }),
    });
    const principal = { tenant: 'default', agent: 'a' };
    const run = await world.runs.start({ principal, task: 'attack', prompt: [], attested: false });
    const answer = await call(world, { principal, runId: run.id, tool: 'law/read', arguments: {} });
    expect(answer.kind).toBe('result');
    const [, completed] = await truth.readEvents({ tenant: 'default', callId: answer.callId, limit: 10 });
    expect(completed).toMatchObject({ kind: 'call.completed', body: { ran: 'yes', ok: true } });
    expect(JSON.stringify(completed).length).toBeLessThan(1_000_000);
    expect(await truth.listAbandonedIntents(10)).toEqual([]);
  });
});
