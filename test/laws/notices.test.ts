import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { newMemoryState } from '../../src/adapters/stores/memory/memory-state.ts';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Fault } from '../../src/base/fault.ts';
import type { Delivery, Notifier } from '../../src/ports/notifier.ts';
import type { Store } from '../../src/ports/store.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { call } from '../../src/runtime/call.ts';
import { Courier } from '../../src/runtime/courier.ts';
import { counting, type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * Whoever has to be told is told, whatever fails and whenever the process dies: what waits stands in the store, with the
 * question itself, until it was delivered or the record says that it was not.
 */

const couriers: Courier[] = [];
afterEach(async () => {
  for (const courier of couriers.splice(0)) await courier.close();
});

const CHANNELS = ['ops', 'chat'];
const catalog = lawCatalog({
  tools: [lawTool('send', { to: { type: 'string' } })],
  manifest: {
    version: 1,
    tools: { 'law/send': { effect: 'write', consequence: 'medium' } },
    agents: { a: { tools: { 'law/send': { approval: 'required' } } } },
    channels: Object.fromEntries(
      CHANNELS.map((name) => [name, { webhook: { url: 'https://hooks.test', secret: { secret: 'env:S' } } }]),
    ),
  },
});
const principal = { tenant: 'default', agent: 'a' };

async function ask(law: LawWorld, to: string): Promise<string> {
  const run = await law.world.runs.ambient(principal);
  const asked = await call(law.world, { principal, runId: run.id, tool: 'law/send', arguments: { to } });
  return (asked.kind === 'refused' ? asked.approvalId : undefined) ?? '';
}

/** A channel that does what it is told to, in turn: it fails, or takes it. */
function channel(deliveries: Delivery[], failures: () => boolean): Notifier {
  return {
    async deliver(delivery) {
      await Promise.resolve();
      if (failures()) throw new Fault('E_NOTIFY', 'the channel failed: it could not be reached');
      deliveries.push(delivery);
    },
    close: async () => {},
  };
}

function carry(law: Pick<LawWorld, 'world'>, store: Store, notifier: Notifier, pauseMs = 0): Courier {
  const courier = new Courier({
    store,
    clock: { ...systemClock, nowMs: law.world.clock.nowMs },
    tenant: 'default',
    notifiers: () => new Map(CHANNELS.map((name) => [name, notifier])),
    linkTo: (id) => `https://chaperone.test/approvals/${id}`,
    onProblem: () => {},
    pauseMs,
  });
  couriers.push(courier);
  return courier;
}

const settled = (store: Store, of: number) =>
  expect
    .poll(
      async () => {
        const events = await store.readEvents({ tenant: 'default', limit: 1_000 });
        return events.filter(({ kind }) => kind === 'notice.delivered' || kind === 'notice.failed').length;
      },
      { timeout: 30_000, interval: 5 },
    )
    .toBe(of);

describe('notices', () => {
  it('reach every channel, or the record says that they did not, whatever fails and whoever carries them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 0, maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        async (failures, carriers, questions) => {
          const state = newMemoryState();
          const law = await openLawWorld({ catalog, call: counting([]), truth: openMemoryStore(state) });
          for (let i = 0; i < questions; i++) await ask(law, `p${i}`);
          const deliveries: Delivery[] = [];
          const notifier = channel(deliveries, () => failures.pop() ?? false);
          const opened = Array.from({ length: carriers }, () => carry(law, openMemoryStore(state), notifier));
          const poke = setInterval(() => {
            for (const courier of opened) courier.wake();
          }, 1);
          try {
            await settled(law.truth, questions * CHANNELS.length);
          } finally {
            clearInterval(poke);
          }
          expect(await law.truth.listNotices('default', Number.MAX_SAFE_INTEGER, 100)).toEqual([]);
          const events = await law.truth.readEvents({ tenant: 'default', limit: 1_000 });
          const delivered = new Set(deliveries.map(({ notice }) => notice.id));
          for (const { kind, body } of events)
            if (kind === 'notice.delivered') expect(delivered.has(String(body['notice']))).toBe(true);
          for (const { notice, link } of deliveries) {
            expect(link).toBe(`https://chaperone.test/approvals/${notice.facts['approval']}`);
            expect(JSON.stringify(notice.facts)).not.toMatch(/p\d/);
          }
        },
      ),
      { numRuns: 40, seed: 5 },
    );
  });

  it('are made up for after a crash between asking and telling', async () => {
    const state = newMemoryState();
    const law = await openLawWorld({ catalog, call: counting([]), truth: openMemoryStore(state) });
    const id = await ask(law, 'bob');
    await law.truth.close();
    const reopened = openMemoryStore(state);
    const deliveries: Delivery[] = [];
    carry(
      law,
      reopened,
      channel(deliveries, () => false),
    );
    await settled(reopened, CHANNELS.length);
    expect(deliveries.map(({ notice }) => [notice.channel, notice.facts['approval']]).sort()).toEqual([
      ['chat', id],
      ['ops', id],
    ]);
  });

  it('are carried by one of several gateways, once, where nothing fails', async () => {
    const state = newMemoryState();
    const law = await openLawWorld({ catalog, call: counting([]), truth: openMemoryStore(state) });
    for (let i = 0; i < 20; i++) await ask(law, `p${i}`);
    const deliveries: Delivery[] = [];
    const notifier = channel(deliveries, () => false);
    for (let i = 0; i < 4; i++) carry(law, openMemoryStore(state), notifier, 60_000);
    await settled(law.truth, 40);
    expect(new Set(deliveries.map(({ notice }) => notice.id)).size).toBe(40);
    expect(deliveries).toHaveLength(40);
  });

  it('are dropped once a person has answered, and given up with a record once nobody can any more', async () => {
    const law = await openLawWorld({ catalog, call: counting([]) });
    const answered = await ask(law, 'bob');
    await answerApproval(law.world, {
      tenant: 'default',
      approvalId: answered,
      approve: false,
      by: 'ann',
      presence: 'terminal',
    });
    await ask(law, 'carol');
    law.advance(900_000);
    const deliveries: Delivery[] = [];
    carry(
      law,
      law.truth,
      channel(deliveries, () => false),
    );
    await settled(law.truth, 2);
    await expect
      .poll(() => law.truth.listNotices('default', Number.MAX_SAFE_INTEGER, 10), { timeout: 10_000 })
      .toEqual([]);
    expect(deliveries).toEqual([]);
  });
});
