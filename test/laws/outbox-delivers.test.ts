import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newMemoryState } from '../../src/adapters/stores/memory/memory-state.ts';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { limits } from '../../src/base/limits.ts';
import type { StoredEvent } from '../../src/model/event.ts';
import type { Delivery, EventSink } from '../../src/ports/event-sink.ts';
import type { Store } from '../../src/ports/store.ts';
import { sendAgain } from '../../src/runtime/outbox/send-again.ts';
import { SinkQueue, type Stepped } from '../../src/runtime/outbox/sink-queue.ts';

const clock: Clock = { nowMs: () => 1_000, monotonicMs: () => 0, randomBytes: (n) => new Uint8Array(n) };
const never = new AbortController().signal;

/** A receiver that keeps what it accepted, and answers each batch as it is told. */
function scripted(answer: (seqs: readonly number[], attempt: number) => Delivery, batch = 8) {
  const accepted: number[] = [];
  const batches: number[][] = [];
  const sink: EventSink = {
    batch,
    async deliver(events: readonly StoredEvent[]) {
      const seqs = events.map(({ seq }) => seq);
      batches.push(seqs);
      const delivery = answer(seqs, batches.length);
      if (delivery.kind === 'accepted') accepted.push(...seqs);
      return delivery;
    },
    async close() {},
  };
  return { sink, accepted, batches };
}

const accept: Delivery = { kind: 'accepted' };
const away: Delivery = { kind: 'unavailable', message: 'nobody answers' };
const broke: Delivery = { kind: 'failed', message: 'HTTP status 500' };
const refuse: Delivery = { kind: 'refused', message: 'HTTP status 400' };

async function fill(store: Store, count: number, tenant = 'acme'): Promise<void> {
  for (let i = 0; i < count; i++) {
    const event = { id: `evt_${i}`, kind: 'run.started', tenant, atMs: 1, body: {} } as const;
    await store.commit([{ kind: 'event.append', event }]);
  }
}

function queueOf(store: Store, sink: EventSink, from: 'beginning' | 'now' = 'beginning') {
  return new SinkQueue({ store, clock, tenant: 'acme', name: 'soc', sink, from });
}

async function drain(queue: SinkQueue, most = 1_000): Promise<readonly Stepped[]> {
  const steps: Stepped[] = [];
  while (steps.length < most) {
    const step = await queue.step(never);
    steps.push(step);
    if (step.kind === 'idle') return steps;
  }
  throw new Error('never idle');
}

describe('a queue of events for one receiver', () => {
  it('hands over every event of its tenant, in order, in batches', async () => {
    const store = openMemoryStore();
    await fill(store, 10);
    await fill(store, 3, 'other');
    await fill(store, 10);
    const { sink, accepted, batches } = scripted(() => accept);
    await drain(queueOf(store, sink));
    expect(accepted).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);
    expect(Math.max(...batches.map((batch) => batch.length))).toBe(8);
    expect(await store.listSinks('acme')).toEqual([{ sink: 'soc', seq: 23, atMs: 1_000, putAside: 0 }]);
  });

  it('begins a new sink with what comes from now on, if told so', async () => {
    const store = openMemoryStore();
    await fill(store, 3);
    const { sink, accepted } = scripted(() => accept);
    const queue = queueOf(store, sink, 'now');
    await drain(queue);
    await fill(store, 2);
    await drain(queue);
    expect(accepted).toEqual([4, 5]);
    await drain(queueOf(store, sink, 'now'));
    expect(accepted, 'a sink that is known goes on where it was').toEqual([4, 5]);
  });

  it('waits for a receiver that is away, longer each time, and loses nothing', async () => {
    const store = openMemoryStore();
    await fill(store, 3);
    const { sink, accepted } = scripted((_, attempt) => (attempt <= 30 ? away : accept));
    const queue = queueOf(store, sink);
    const waits: number[] = [];
    for (let i = 0; i < 30; i++) waits.push((await queue.step(never)).waitMs);
    expect(queue.standing.trouble).toBe('nobody answers');
    expect(waits.slice(0, 4)).toEqual([250, 500, 1_000, 2_000]);
    expect(waits.at(-1)).toBe(limits.sinkRetryLongestMs / 2);
    await drain(queue);
    expect(accepted).toEqual([1, 2, 3]);
    expect(queue.standing.trouble).toBeUndefined();
    expect(await store.listPutAside('acme', 'soc', 0, 10)).toEqual([]);
  });

  it('waits as long as the receiver asks', async () => {
    const store = openMemoryStore();
    await fill(store, 1);
    const { sink } = scripted(() => ({ ...away, afterMs: 90_000 }) as Delivery);
    expect(await queueOf(store, sink).step(never)).toEqual({ kind: 'waiting', waitMs: 90_000 });
  });

  it.each([
    ['refuses', refuse],
    ['breaks on', broke],
  ] as const)('puts aside the one event that the receiver %s, and delivers all others in order', async (_, answer) => {
    const store = openMemoryStore();
    await fill(store, 20);
    const { sink, accepted } = scripted((seqs) => (seqs.includes(13) ? answer : accept));
    await drain(queueOf(store, sink));
    expect(accepted).toEqual(Array.from({ length: 20 }, (_each, i) => i + 1).filter((seq) => seq !== 13));
    expect(await store.listPutAside('acme', 'soc', 0, 10)).toEqual([
      { sink: 'soc', seq: 13, reason: 'message' in answer ? answer.message : '', atMs: 1_000 },
    ]);
  });

  it('gives a receiver that breaks the same number of tries again after it has worked', async () => {
    const store = openMemoryStore();
    await fill(store, 2);
    const { sink, batches } = scripted((_, attempt) => (attempt % limits.sinkAttempts === 0 ? accept : broke), 1);
    await drain(queueOf(store, sink));
    expect(batches).toHaveLength(2 * limits.sinkAttempts);
    expect(await store.listPutAside('acme', 'soc', 0, 10)).toEqual([]);
  });

  it('sends what was put aside again, and keeps what is still refused', async () => {
    const store = openMemoryStore();
    await fill(store, 4);
    const first = scripted(() => refuse);
    await drain(queueOf(store, first.sink));
    const second = scripted((seqs) => (seqs.includes(3) ? refuse : accept));
    const again = await sendAgain(store, 'acme', 'soc', second.sink, never);
    expect(again).toEqual({ sent: [1, 2, 4], left: [{ seq: 3, reason: 'HTTP status 400' }] });
    expect((await store.listPutAside('acme', 'soc', 0, 10)).map(({ seq }) => seq)).toEqual([3]);
    const third = scripted(() => away);
    expect((await sendAgain(store, 'acme', 'soc', third.sink, never)).sent).toEqual([]);
    expect(await store.listPutAside('acme', 'soc', 0, 10)).toHaveLength(1);
  });

  it('delivers at least once and in order, wherever it is killed and whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat(9)), fc.integer({ min: 1, max: 12 }), async (dice, count) => {
        const state = newMemoryState();
        const inner = openMemoryStore(state);
        await fill(inner, count);
        const chance = () => dice.next().value ?? 9;
        const failing: Store = {
          ...inner,
          async commit(changes, options) {
            if (chance() === 0) throw new Error('killed before the commit');
            const result = await inner.commit(changes, options);
            if (chance() === 0) throw new Error('killed after the commit');
            return result;
          },
        };
        const { sink, accepted } = scripted(() => (chance() < 2 ? (chance() < 5 ? away : broke) : accept), 4);
        let queue = queueOf(failing, sink);
        for (let i = 0; i < 400; i++) {
          const step = await queue.step(never).catch(() => undefined);
          if (step === undefined || chance() === 0) queue = queueOf(failing, sink); // another process
          if (step?.kind === 'idle') break;
        }
        const aside = (await inner.listPutAside('acme', 'soc', 0, 100)).map(({ seq }) => seq);
        const firsts = [...new Set(accepted)];
        expect(firsts, 'each for the first time in order').toEqual(firsts.toSorted((a, b) => a - b));
        expect([...firsts, ...aside].toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
      }),
      { numRuns: 200 },
    );
  });

  it('does not make all gateways that lost a receiver come back at the same moment', async () => {
    const store = openMemoryStore();
    await fill(store, 1);
    const { sink } = scripted(() => away);
    const waits = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const queue = new SinkQueue({ store, clock: systemClock, tenant: 'acme', name: 'soc', sink, from: 'beginning' });
      waits.add((await queue.step(never)).waitMs);
    }
    expect(waits.size).toBeGreaterThan(1);
  });
});
