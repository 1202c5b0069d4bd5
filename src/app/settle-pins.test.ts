import { describe, expect, it } from 'vitest';
import { newMemoryState } from '../adapters/stores/memory/memory-state.ts';
import { openMemoryStore } from '../adapters/stores/memory/open-memory-store.ts';
import { systemClock } from '../base/clock.ts';
import { manifestSchema } from '../model/manifest.ts';
import { pinTool, type Tool } from '../model/tool.ts';
import type { Store } from '../ports/store.ts';
import { settlePins as settle } from './settle-pins.ts';

const tool = (description: string): Tool => ({ server: 's', name: 't', description, inputSchema: { type: 'object' } });
const world = (store: Store, tools: object = {}) => ({
  store,
  clock: systemClock,
  manifest: manifestSchema.parse({ version: 1, tools }),
});

const settlePins = (pinned: ReturnType<typeof world>, tools: readonly Tool[]) =>
  settle(pinned, tools, async (_pins, changes) =>
    changes.length === 0 ? { ok: true, seqs: [] } : pinned.store.commit(changes),
  );

/** A store to which somebody else has come first, between looking and writing. */
function overtaken(store: Store, overtake: () => Promise<unknown>): Store {
  let isFirst = true;
  return {
    ...store,
    async commit(changes) {
      if (isFirst) {
        isFirst = false;
        await overtake();
      }
      return store.commit(changes);
    },
  };
}

describe('a tool that two gateways see for the first time', () => {
  const state = () => {
    const shared = newMemoryState();
    return [openMemoryStore(shared), openMemoryStore(shared)] as const;
  };
  const kinds = async (store: Store) =>
    (await store.readEvents({ tenant: 'default', limit: 10 })).map(({ kind, body }) => [kind, body['pin']]);

  it('keeps the first pin, and is drift for whoever saw something else', async () => {
    const [one, other] = state();
    const late = overtaken(other, () => settlePins(world(one), [tool('honest')]));
    const pins = await settlePins(world(late), [tool('poisoned')]);
    const first = pinTool(tool('honest'));
    expect(pins.get('s/t')).toBe(first);
    expect(await one.readPin('s/t')).toMatchObject({ pin: first, descriptor: { description: 'honest' } });
    expect(await kinds(one)).toEqual([
      ['tool.reviewed', first],
      ['tool.drifted', first],
    ]);
  });

  it('is pinned by both where both saw the same', async () => {
    const [one, other] = state();
    const late = overtaken(other, () => settlePins(world(one), [tool('honest')]));
    expect(await settlePins(world(late), [tool('honest')])).toEqual(await settlePins(world(one), [tool('honest')]));
  });

  it('is what the manifest declares, whoever came first', async () => {
    const [one, other] = state();
    const declared = { 's/t': { pin: pinTool(tool('declared')) } };
    const late = overtaken(other, () => settlePins(world(one), [tool('honest')]));
    expect((await settlePins(world(late, declared), [tool('declared')])).get('s/t')).toBe(pinTool(tool('declared')));
  });
});
