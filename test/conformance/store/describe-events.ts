import { describe, expect, it } from 'vitest';
import { Bug } from '../../../src/base/assert.ts';
import { limits } from '../../../src/base/limits.ts';
import { digestEvent, type StoredEvent } from '../../../src/model/event.ts';
import type { Change } from '../../../src/ports/store.ts';
import { allEvents } from './read-store.ts';
import {
  answer,
  append,
  appendMany,
  bundleA,
  bundleB,
  eraseRun,
  openApproval,
  openRun,
  sampleApproval,
  sampleEvent,
  sampleRun,
} from './samples.ts';
import type { StorePlaces } from './store-places.ts';

/** What reading the record must do: whole events, by every field of a query, in pages, and of one tenant alone. */
export function describeEvents(name: string, { openStore }: StorePlaces): void {
  describe(`${name}: reading the record`, () => {
    it('gives an event back as it was, numbered and digested', async () => {
      const store = await openStore();
      const bare = { id: 'evt_2', kind: 'bundle.activated', tenant: 'acme', atMs: 0.5, body: {} } as const;
      expect(await store.commit([append(), { kind: 'event.append', event: bare }])).toEqual({ ok: true, seqs: [1, 2] });
      const [first, second] = await allEvents(store);
      // JSON has no negative zero
      expect(first).toEqual({
        ...sampleEvent({ body: JSON.parse(JSON.stringify(sampleEvent().body)) }),
        seq: 1,
        digest: first?.digest,
      });
      expect(second).toStrictEqual({ ...bare, seq: 2, digest: second?.digest });
      for (const { digest, ...event } of [first, second] as StoredEvent[]) expect(digest).toBe(digestEvent(event));
    });

    it('is not touched by what the caller does to its objects afterwards', async () => {
      const store = await openStore();
      const body = { list: [1] };
      const committed = store.commit([append({ body })]);
      body.list.push(2);
      await committed;
      const [read] = await allEvents(store);
      Object.assign(read?.body ?? {}, { list: [3] }); // on purpose against its type
      expect((await allEvents(store))[0]?.body).toEqual({ list: [1] });
    });

    it('selects events by every field of the query, alone and together', async () => {
      const store = await openStore();
      const fields = {
        tenant: ['acme', 'other'],
        runId: ['r1', 'r2'],
        callId: ['c1', 'c2'],
        agent: ['a1', 'a2'],
        tool: ['s/t1', 's/t2'],
      };
      const all: Change[] = [];
      for (const tenant of fields.tenant)
        for (const runId of fields.runId)
          for (const callId of fields.callId)
            for (const agent of fields.agent)
              for (const tool of fields.tool) all.push(append({ tenant, runId, callId, agent, tool }));
      await store.commit(all);
      await store.commit([
        { kind: 'event.append', event: { id: 'bare', kind: 'isolation.changed', tenant: 'acme', atMs: 1, body: {} } },
      ]);
      const stored = [
        ...(await store.readEvents({ tenant: 'acme', limit: 1_000 })),
        ...(await store.readEvents({ tenant: 'other', limit: 1_000 })),
      ];
      expect(stored).toHaveLength(33);
      const names = ['runId', 'callId', 'agent', 'tool'] as const;
      for (let chosen = 0; chosen < 16; chosen++) {
        const filter = Object.fromEntries(
          names.filter((_, i) => chosen & (1 << i)).map((name) => [name, fields[name][1]]),
        );
        const expected = stored.filter(
          (event) =>
            event.tenant === 'acme' && Object.entries(filter).every(([name, value]) => event[name as 'tool'] === value),
        );
        expect(await store.readEvents({ tenant: 'acme', ...filter, limit: 1_000 }), JSON.stringify(filter)).toEqual(
          expected,
        );
        expect(await store.readEvents({ tenant: 'acme', ...filter, newestFirst: true, limit: 1_000 })).toEqual(
          expected.toReversed(),
        );
      }
    });

    it('selects events by kind and time, also where a clock went back', async () => {
      const store = await openStore();
      const times = Array.from({ length: 2_500 }, (_, i) => (i < 1_500 ? i * 10 : (i - 900) * 10));
      const kinds = ['call.intended', 'call.completed'] as const;
      const all = times.map((atMs, i) =>
        append({ id: `evt_${i}`, atMs, kind: i % 2 === 0 ? kinds[0] : kinds[1], body: {} }),
      );
      await store.commit(all);
      const expected = (fromMs: number, toMs: number, odd: boolean) =>
        times.flatMap((atMs, i) => (atMs >= fromMs && atMs < toMs && (!odd || i % 2 === 1) ? [i + 1] : []));
      for (const [fromMs, toMs] of [
        [0, 50],
        [6_000, 6_100],
        [14_900, 15_100],
        [15_900, 99_000],
        [20_000, 99_000],
      ] as const) {
        for (const odd of [false, true]) {
          const query = { tenant: 'acme', fromMs, toMs, limit: 1_000, ...(odd ? { kinds: [kinds[1]] } : {}) };
          const seqs = (await store.readEvents(query)).map(({ seq }) => seq);
          expect(seqs, `${fromMs} to ${toMs}`).toEqual(expected(fromMs, toMs, odd));
          const newest = (await store.readEvents({ ...query, newestFirst: true })).map(({ seq }) => seq);
          expect(newest).toEqual(seqs.toReversed());
        }
      }
      const since = await store.readEvents({ tenant: 'acme', fromMs: 24_900 - 9_000, limit: 1_000 });
      expect(since.map(({ seq }) => seq)).toEqual(expected(24_900 - 9_000, Number.POSITIVE_INFINITY, false));
    });

    it('gives back what was kept under a digest, as it was first kept', async () => {
      const store = await openStore();
      await store.commit([{ kind: 'content.keep', digest: bundleA, content: { says: 'a' } }]);
      await store.commit([{ kind: 'content.keep', digest: bundleA, content: { says: 'b' } }]);
      expect(await store.readContent(bundleA)).toEqual({ says: 'a' });
      expect(await store.readContent(bundleB)).toBeUndefined();
    });

    it('goes through events page by page, and gives the newest first when asked', async () => {
      const store = await openStore();
      await store.commit(appendMany(25));
      await store.commit(appendMany(5, { tenant: 'other' }));
      const pages: number[][] = [];
      for (let afterSeq = 0; ; ) {
        const page = (await store.readEvents({ tenant: 'acme', afterSeq, limit: 10 })).map((event) => event.seq);
        if (page.length === 0) break;
        pages.push(page);
        afterSeq = page.at(-1) ?? 0;
      }
      expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
      expect(pages.flat()).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
      const newest = await store.readEvents({ tenant: 'acme', newestFirst: true, afterSeq: 22, limit: 2 });
      expect(newest.map((event) => event.seq)).toEqual([25, 24]);
    });

    it('goes back through events page by page, while more are appended', async () => {
      const store = await openStore();
      await store.commit(appendMany(25));
      const pages: number[][] = [];
      for (let before = {}; ; ) {
        const page = await store.readEvents({ tenant: 'acme', newestFirst: true, ...before, limit: 10 });
        if (page.length === 0) break;
        pages.push(page.map((event) => event.seq));
        before = { beforeSeq: page.at(-1)?.seq };
        await store.commit(appendMany(3));
      }
      expect(pages.map((page) => page.length)).toEqual([10, 10, 5]);
      expect(pages.flat()).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
      const between = await store.readEvents({ tenant: 'acme', afterSeq: 3, beforeSeq: 6, limit: 10 });
      expect(between.map((event) => event.seq)).toEqual([4, 5]);
      expect(await store.readEvents({ tenant: 'acme', beforeSeq: 1, limit: 10 })).toEqual([]);
    });

    it('ends a page early when it holds much, and never without an event', async () => {
      const store = await openStore();
      const sizes = [limits.pageChars + 10, 10, limits.pageChars - 1_000, 2_000, 10, 10];
      for (const [i, size] of sizes.entries()) {
        await store.commit([append({ id: `evt_${i}`, callId: 'c', body: { text: 'x'.repeat(size) } })]);
      }
      for (const newestFirst of [false, true]) {
        const pages: number[][] = [];
        for (let more = {}; ; ) {
          const page = await store.readEvents({ tenant: 'acme', callId: 'c', newestFirst, ...more, limit: 10 });
          if (page.length === 0) break;
          pages.push(page.map((event) => event.seq));
          more = { [newestFirst ? 'beforeSeq' : 'afterSeq']: page.at(-1)?.seq };
        }
        const expected = [[1], [2, 3, 4], [5, 6]];
        expect(pages).toEqual(
          newestFirst
            ? [
                [6, 5, 4, 3],
                [2, 1],
              ]
            : expected,
        );
      }
    });

    it('keeps the keys of runs for their tenant, until they are erased', async () => {
      const store = await openStore();
      await store.commit([
        { kind: 'run.open', run: sampleRun(), key: { wrapped: 'sealed key', user: 'user_1' } },
        append(),
      ]);
      const other = sampleRun({ id: 'run_2', principal: { tenant: 'other', agent: 'support' } });
      await store.commit([{ kind: 'run.open', run: other }]);
      const [key] = await store.readRunKeys('acme', ['run_1', 'run_2', 'run_3']);
      expect(key).toMatchObject({ runId: 'run_1', expiresAtMs: 100, wrapped: expect.any(String) });
      expect(await store.readRunKeys('other', ['run_1'])).toEqual([]);
      expect(await store.readRunKeys('acme', [])).toEqual([]);

      for (const atMs of [7, 8]) await store.commit([{ ...eraseRun, atMs }]);
      const [erased] = await store.readRunKeys('acme', ['run_1']);
      expect(erased).toMatchObject({ runId: 'run_1', erasedAtMs: 7 });
      expect(erased).not.toHaveProperty('wrapped');
      expect(await store.readRun('acme', 'run_1')).toMatchObject({ endedAtMs: 7 });
      const [event] = await allEvents(store);
      expect(event?.digest, 'the event stays as it is').toBe(event && digestEvent(event));
    });

    it.each([0, -1, 1_001, 1.5, Number.NaN])('takes no limit of %s', async (limit) => {
      const store = await openStore();
      await expect(store.readEvents({ tenant: 'acme', limit })).rejects.toThrow(Bug);
      await expect(store.listApprovals('acme', 'pending', limit)).rejects.toThrow(Bug);
      await expect(store.listAbandonedIntents(limit)).rejects.toThrow(Bug);
    });

    it('shows one tenant nothing of another', async () => {
      const store = await openStore();
      await store.commit([openRun, openApproval, answer, append()]);
      await store.commit([{ kind: 'approval.open', approval: sampleApproval({ id: 'apr_2' }), maxPendingPerRun: 2 }]);
      for (const tenant of ['other', '', 'ACME', 'acme ', '%']) {
        expect(await store.readRun(tenant, 'run_1')).toBeUndefined();
        expect(await store.readApproval(tenant, 'apr_1')).toBeUndefined();
        for (const state of ['pending', 'approved', 'denied', 'consumed', 'expired'] as const) {
          expect(await store.listApprovals(tenant, state, 10)).toEqual([]);
        }
        for (const by of [{}, { runId: 'run_1' }, { callId: 'call_1' }, { agent: 'support' }, { tool: 'mail/send' }]) {
          expect(await store.readEvents({ tenant, ...by, limit: 10 })).toEqual([]);
        }
      }
    });

    it('sees everything that was handed over before', async () => {
      const store = await openStore();
      const seen = await Promise.all(
        Array.from({ length: 20 }, (_, i) => {
          void store.commit([append({ id: `evt_${i}` })]);
          return store.readEvents({ tenant: 'acme', limit: 1_000 });
        }),
      );
      for (const [i, events] of seen.entries()) expect(events.length).toBeGreaterThan(i);
    });
  });
}
