import { expect, it } from 'vitest';
import type { Intent } from '../../src/model/intent.ts';
import type { Store } from '../../src/ports/store.ts';
import type { ToolSource } from '../../src/ports/tool-source.ts';
import { call } from '../../src/runtime/call.ts';
import { counting, lawCatalog, lawTool, openLawWorld } from '../laws/law-world.ts';

/*
 * A reload puts another server under the same name while a call's intent is being written. The call was decided about the
 * first one's tool; the other one's was never reviewed.
 */

const catalog = lawCatalog({
  tools: [lawTool('read_note', { id: { type: 'string' } })],
  manifest: {
    version: 1,
    tools: { 'law/read_note': { effect: 'read', consequence: 'low' } },
    agents: { a: { tools: { 'law/read_note': {} } } },
  },
});

it('runs a call at the server it was decided about, or not at all', async () => {
  const first: Intent[] = [];
  const second: Intent[] = [];
  let hasChanged = false;
  /** A disk that takes a moment: the intent is durable, and the answer that says so comes after the reload. */
  const slow = (truth: Store): Store => ({
    ...truth,
    async commit(changes, options) {
      const result = await truth.commit(changes, options);
      if (changes.some(({ kind }) => kind === 'intent.open')) hasChanged = true;
      return result;
    },
  });
  const { world } = await openLawWorld({ catalog, call: counting(first), wrap: slow });
  const before = world.sources();
  const usurper: ToolSource = {
    server: 'law',
    list: async () => [],
    call: counting(second),
    onListChanged: () => () => {},
    close: async () => {},
  };
  const principal = { tenant: 'default', agent: 'a' };
  const run = await world.runs.ambient(principal);
  const changing = { ...world, sources: () => (hasChanged ? () => usurper : before) };
  const ask = () => call(changing, { principal, runId: run.id, tool: 'law/read_note', arguments: { id: 'n-1' } });

  expect((await ask()).kind).toBe('result');
  expect(first.map(({ call: made }) => made.arguments)).toEqual([{ id: 'n-1' }]);
  expect(second).toEqual([]);

  await ask();
  expect(second, 'a call that is admitted later goes to the one that is there then').toHaveLength(1);
});
