import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import type { Intent } from '../../src/model/intent.ts';
import { call } from '../../src/runtime/call.ts';
import { counting, lawCatalog, lawTool, openLawWorld } from '../laws/law-world.ts';

/**
 * Two gateways on one store serve one run. What the run has read through one of them decides what it may do through the
 * other: a gateway that remembers the run as it was lets an agent wash what it read by asking at the other door.
 */
describe('a run served by two gateways', () => {
  it('is judged by what it read through either', async () => {
    const effects: Intent[] = [];
    const catalog = lawCatalog({
      tools: [lawTool('read', {}), lawTool('send', {})],
      manifest: {
        version: 1,
        tools: { 'law/read': { effect: 'read' } },
        agents: { a: { tools: { 'law/read': {}, 'law/send': { approval: 'never' } } } },
      },
      policy: `forbid (principal, action, resource == Chaperone::Tool::"law/send")
               when { context.run.integrity == "untrusted" };`,
    });
    const truth = openMemoryStore();
    const one = await openLawWorld({ catalog, call: counting(effects), truth, seed: 1 });
    const other = await openLawWorld({ catalog, call: counting(effects), truth, seed: 2 });
    const principal = { tenant: 'default', agent: 'a' };
    const run = await one.world.runs.start({ principal, task: 'attack', prompt: [], attested: true });
    const request = (tool: string) => ({ principal, runId: run.id, tool, arguments: {} });

    expect(await other.world.runs.find(principal, run.id), 'the other remembers it').toBeDefined();
    expect(await call(one.world, request('law/read'))).toMatchObject({ kind: 'result' });
    expect(await call(one.world, request('law/send'))).toMatchObject({ kind: 'refused', code: 'E_DENIED' });
    expect(await call(other.world, request('law/send'))).toMatchObject({ kind: 'refused', code: 'E_DENIED' });
    expect(effects.map(({ call: { tool } }) => tool)).toEqual(['law/read']);
  });
});
