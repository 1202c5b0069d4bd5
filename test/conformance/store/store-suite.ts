import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Bug } from '../../../src/base/assert.ts';
import { Fault } from '../../../src/base/fault.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { limits } from '../../../src/base/limits.ts';
import { digestEvent, type StoredEvent } from '../../../src/model/event.ts';
import { hideWritten, isHidden } from '../../../src/model/written.ts';
import type { Change, CommitResult, Store } from '../../../src/ports/store.ts';
import { arbitraryCommits } from './arbitrary-changes.ts';
import { conditionCases } from './condition-cases.ts';
import {
  activateA,
  addKey,
  addNotice,
  advanceSink,
  answer,
  append,
  appendMany,
  attempt,
  bundleA,
  bundleB,
  claimNotice,
  closeIntent,
  consume,
  deny,
  eraseRun,
  isolateAgent,
  liftAgent,
  openApproval,
  openIntent,
  openRun,
  openSession,
  openSink,
  pinA,
  putAside,
  putPerson,
  requireRun,
  sampleApproval,
  sampleEvent,
  sampleRun,
  takeCalls,
  takeRate,
} from './samples.ts';
import { commitToModel, emptyModel, type ModelState } from './store-model.ts';

/** Somewhere a store can live: empty at first. Several stores may have it open at a time, as several processes do. */
export interface StorePlace {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

export interface StoreKind {
  /** How many rounds of the property test: fewer where opening is slow. */
  readonly rounds: number;
  newPlace(): Promise<StorePlace>;
}

/**
 * What every store must do. A store that passes may take the place of any other: same results, same codes, same order.
 * Call it at the top of a test file.
 */
export function describeStore(name: string, kind: StoreKind): void {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function newPlace(): Promise<StorePlace> {
    const place = await kind.newPlace();
    cleanups.push(() => place.remove());
    return place;
  }

  async function openStore(place?: StorePlace): Promise<Store> {
    const store = await (place ?? (await newPlace())).open();
    cleanups.push(() => store.close());
    return store;
  }

  describe(`${name}: changes`, () => {
    it.each(conditionCases)('$says', async ({ before, change, code }) => {
      const store = await openStore();
      for (const earlier of before) expect(await store.commit([earlier])).toMatchObject({ ok: true });
      const holds = await readAll(store);

      const result = await store.commit([change]);

      if (code === undefined) {
        expect(result).toEqual({
          ok: true,
          seqs: [],
          ...(change.kind === 'budget.take' && { taken: expect.any(Array) }),
        });
        return;
      }
      expect(result).toEqual({
        ok: false,
        code,
        message: expect.stringMatching(/\S/),
        ...(code === 'E_RATE' && { retryAfterMs: expect.any(Number) }),
      });
      expect(await readAll(store)).toEqual(holds);
    });

    it('are refused all together, whichever of them fails', async () => {
      const oneOfEach = new Map(conditionCases.map((each) => [`${each.change.kind} ${each.code}`, each]));
      for (const { before, change, code } of oneOfEach.values()) {
        if (code === undefined) continue;
        const store = await openStore();
        await store.commit(before);
        const holds = await readAll(store);
        const others: Change[] = [
          append({ id: 'evt_lost' }),
          { kind: 'pin.set', tool: 'lost/tool', pin: pinA, descriptor: {}, atMs: 1 },
          { ...isolateAgent, scope: 'lost' },
          { ...openIntent, callId: 'call_lost' },
        ];

        expect(await store.commit([...others, change]), code).toMatchObject({ ok: false, code });
        expect(await store.commit([change, ...others]), code).toMatchObject({ ok: false, code });
        expect(await readAll(store), code).toEqual(holds);
        expect(await store.commit([append()]), 'no number was lost').toEqual({ ok: true, seqs: [1] });
        const lost = { ...openIntent, callId: 'call_lost' };
        expect(await store.commit([lost]), 'and no intent was kept').toMatchObject({ ok: true });
      }
    });

    it('see those before them in the same commit', async () => {
      const store = await openStore();
      expect(
        await store.commit([
          openRun,
          requireRun,
          activateA,
          { kind: 'bundle.require', bundle: bundleA },
          openIntent,
          closeIntent,
        ]),
      ).toMatchObject({ ok: true });
      expect(
        await store.commit([isolateAgent, { kind: 'isolation.require', scopes: [isolateAgent.scope] }]),
      ).toMatchObject({ code: 'E_ISOLATED' });
      expect(await store.listIsolations()).toEqual([]);
      expect(await store.commit([{ kind: 'isolation.require', scopes: [isolateAgent.scope] }])).toMatchObject({
        ok: true,
      });
    });

    it('may be none', async () => {
      const store = await openStore();
      expect(await store.commit([])).toEqual({ ok: true, seqs: [] });
    });

    it('take effect in the order in which they were handed over', async () => {
      const store = await openStore();
      const results = await Promise.all([
        store.commit([requireRun]),
        store.commit([openRun]),
        store.commit([requireRun, append({ id: 'first' })]),
        store.commit([{ kind: 'run.end', tenant: 'acme', runId: 'run_1', atMs: 1 }]),
        store.commit([requireRun]),
        store.commit([append({ id: 'second' })]),
      ]);
      expect(results.map(codeOf)).toEqual(['E_RUN_UNKNOWN', 'ok', 'ok', 'ok', 'E_RUN_ENDED', 'ok']);
      expect((await allEvents(store)).map((event) => event.id)).toEqual(['first', 'second']);
    });

    it('that are refused do not keep those committed at the same time from being made', async () => {
      const store = await openStore();
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          store.commit([
            append({ id: `evt_${i}` }),
            ...(i % 3 === 0 ? [requireRun] : []),
            { ...openIntent, callId: `c${i}` },
          ]),
        ),
      );
      expect(results.map(codeOf)).toEqual(results.map((_, i) => (i % 3 === 0 ? 'E_RUN_UNKNOWN' : 'ok')));
      const events = await allEvents(store);
      expect(events.map((event) => event.id)).toEqual(results.flatMap((_, i) => (i % 3 === 0 ? [] : [`evt_${i}`])));
      expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
      expect(results.flatMap((result) => (result.ok ? result.seqs : []))).toEqual(events.map((event) => event.seq));
    });

    it('agree with the model, whatever is committed', async () => {
      await fc.assert(
        fc.asyncProperty(arbitraryCommits, fc.boolean(), async (commits, atOnce) => {
          const place = await kind.newPlace();
          const store = await place.open();
          try {
            let model: ModelState = emptyModel;
            const expected = commits.map((changes) => {
              const { state, code } = commitToModel(model, changes);
              model = state;
              return code ?? 'ok';
            });
            const results: CommitResult[] = [];
            if (atOnce) results.push(...(await Promise.all(commits.map((changes) => store.commit(changes)))));
            else for (const changes of commits) results.push(await store.commit(changes));
            expect(results.map(codeOf)).toEqual(expected);
            expect(await store.listAbandonedIntents(1_000), 'it is still there to close them').toEqual([]);
            await store.close();
            const reopened = await place.open();
            expect(await readLikeModel(reopened, model)).toEqual(model);
            await reopened.close();
          } finally {
            await store.close();
            await place.remove();
          }
        }),
        { numRuns: kind.rounds },
      );
    });

    it('agree with the model, whichever of several stores in one place they go through', async () => {
      await fc.assert(
        fc.asyncProperty(arbitraryCommits, fc.infiniteStream(fc.nat(2)), async (commits, choices) => {
          const place = await kind.newPlace();
          const stores = await Promise.all([place.open(), place.open(), place.open()]);
          try {
            let model: ModelState = emptyModel;
            for (const changes of commits) {
              const { state, code } = commitToModel(model, changes);
              model = state;
              const result = await stores[choices.next().value]?.commit(changes);
              expect(result && codeOf(result)).toBe(code ?? 'ok');
            }
            for (const store of stores) await store.close();
            const reopened = await place.open();
            expect(await readLikeModel(reopened, model)).toEqual(model);
            await reopened.close();
          } finally {
            for (const store of stores) await store.close();
            await place.remove();
          }
        }),
        { numRuns: kind.rounds },
      );
    });

    it('of more bytes than a record may have are refused', async () => {
      const store = await openStore();
      const fits: JsonObject = { text: 'x'.repeat(limits.recordBytes - '{"text":""}'.length) };
      const isOver: JsonObject = { text: `${fits['text']}x` };
      const isOverInBytes: JsonObject = { text: '€'.repeat(limits.recordBytes / 3) };
      for (const body of [isOver, isOverInBytes]) {
        expect(await store.commit([openIntent, append({ body })])).toMatchObject({ ok: false, code: 'E_LIMIT' });
      }
      expect(await store.commit([openIntent, append({ body: fits })])).toMatchObject({ ok: true });
      expect((await allEvents(store))[0]?.body).toEqual(fits);
    });

    it('that are not JSON are a bug of the caller, who alone is told', async () => {
      const store = await openStore();
      const broken = sampleEvent({ body: { half: '\ud83d' } });
      const results = await Promise.allSettled([
        store.commit([append({ id: 'before' })]),
        store.commit([openIntent, { kind: 'event.append', event: broken }]),
        store.commit([append({ id: 'after' })]),
      ]);
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(results[1]).toMatchObject({ reason: expect.any(Bug) });
      expect((await allEvents(store)).map((event) => event.id)).toEqual(['before', 'after']);
      expect(await store.commit([openIntent]), 'the intent before it was not opened').toMatchObject({ ok: true });
    });
  });

  describe(`${name}: single use`, () => {
    it('lets one of 64 who spend an approval at once have it', async () => {
      const store = await openStore();
      await store.commit([openRun, openApproval, answer]);
      const results = await Promise.all(
        Array.from({ length: 64 }, (_, i) => store.commit([consume, { ...openIntent, callId: `call_${i}` }, append()])),
      );
      expect(results.map(codeOf).sort()).toEqual([...Array(63).fill('E_APPROVAL_USED'), 'ok']);
      expect(await allEvents(store)).toHaveLength(1);
      const closed = await Promise.all(results.map((_, i) => store.commit([{ ...closeIntent, callId: `call_${i}` }])));
      expect(closed.map(codeOf).filter((code) => code === 'ok')).toHaveLength(1);
    });

    it('lets one of 64 open a call’s intent, and one close it', async () => {
      const store = await openStore();
      const opened = await Promise.all(Array.from({ length: 64 }, () => store.commit([openIntent, append()])));
      expect(opened.map(codeOf).filter((code) => code === 'ok')).toHaveLength(1);
      const closed = await Promise.all(Array.from({ length: 64 }, () => store.commit([closeIntent, append()])));
      expect(closed.map(codeOf).filter((code) => code === 'ok')).toHaveLength(1);
      expect(await allEvents(store)).toHaveLength(2);
    });

    it('lets as many of 64 take from a meter as it has', async () => {
      const store = await openStore();
      const [take] = takeCalls.takes;
      const results = await Promise.all(
        Array.from({ length: 64 }, (_, i) =>
          store.commit([
            { ...takeCalls, takes: [{ ...take, max: 10 }] },
            { ...openIntent, callId: `call_${i}` },
            append({ id: `evt_${i}` }),
          ]),
        ),
      );
      expect(results.map(codeOf).sort()).toEqual([...Array(54).fill('E_BUDGET'), ...Array(10).fill('ok')]);
      expect(await store.readMeters([{ meter: take.meter }], 0)).toEqual([10]);
      expect(await allEvents(store)).toHaveLength(10);
    });

    it('says how much of what was wanted was taken', async () => {
      const store = await openStore();
      const [take] = takeCalls.takes;
      const upTo: Change = { ...takeCalls, takes: [{ ...take, amount: 8, atLeast: 1, max: 10 }] };
      expect(await store.commit([upTo, append()])).toEqual({ ok: true, seqs: [1], taken: [8] });
      expect(await store.commit([upTo, takeRate])).toEqual({ ok: true, seqs: [], taken: [2, 1] });
      expect(await store.commit([upTo])).toMatchObject({ ok: false, code: 'E_BUDGET' });
      const give: Change = { kind: 'budget.give', gives: [{ meter: take.meter, amount: 3, takenAtMs: 10 }] };
      expect(await store.commit([give])).toEqual({ ok: true, seqs: [] });
      expect(await store.commit([upTo])).toMatchObject({ taken: [3] });
    });

    it('says when a rate has room again, and is right', async () => {
      const store = await openStore();
      await store.commit([takeRate]);
      await store.commit([{ ...takeRate, nowMs: 5_500 }]);
      const refused = await store.commit([{ ...takeRate, nowMs: 7_250 }]);
      const waitMs = refused.ok ? 0 : (refused.retryAfterMs ?? 0);
      expect(waitMs).toBe(61_000 - 7_250);
      expect(await store.commit([{ ...takeRate, nowMs: 7_250 + waitMs - 1 }])).toMatchObject({ code: 'E_RATE' });
      expect(await store.commit([{ ...takeRate, nowMs: 7_250 + waitMs }])).toMatchObject({ ok: true });
    });

    it('does not spend an approval on a call it is not for', async () => {
      const store = await openStore();
      await store.commit([openRun, openApproval, answer]);
      expect(await store.commit([{ ...consume, callDigest: bundleA }])).toMatchObject({
        code: 'E_APPROVAL_ARGS_CHANGED',
      });
      expect(await store.commit([consume])).toMatchObject({ ok: true });
    });
  });

  describe(`${name}: reading`, () => {
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

    it('lists runs that were not erased, by tenant and expiry, in pages', async () => {
      const store = await openStore();
      const ids = ['run_1', 'run_2', 'run_3', 'run_4'];
      for (const [i, id] of ids.entries()) {
        const principal = { tenant: id === 'run_4' ? 'other' : 'acme', agent: 'support' };
        await store.commit([{ kind: 'run.open', run: sampleRun({ id, principal, expiresAtMs: 10 * i + 10 }) }]);
      }
      const list = async (more: object) =>
        (await store.listRuns({ tenant: 'acme', limit: 1_000, ...more })).map(({ runId }) => runId);
      expect(await list({})).toEqual(['run_1', 'run_2', 'run_3']);
      expect(await list({ expiredByMs: 20 })).toEqual(['run_1', 'run_2']);
      expect(await list({ after: 'run_1', limit: 1 })).toEqual(['run_2']);
      expect(await list({ tenant: 'other' })).toEqual(['run_4']);
      await store.commit([eraseRun]);
      expect(await list({})).toEqual(['run_2', 'run_3']);
      await expect(store.listRuns({ tenant: 'acme', limit: 0 })).rejects.toThrow(Bug);
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

    it('gives a run back with its current label and end', async () => {
      const store = await openStore();
      expect(await store.readRun('acme', 'run_1')).toBeUndefined();
      await store.commit([openRun]);
      expect(await store.readRun('acme', 'run_1')).toStrictEqual(sampleRun());
      const label = { integrity: 'untrusted', secrecy: 'secret', origins: ['mail/read'] } as const;
      await store.commit([{ kind: 'run.label', runId: 'run_1', label }]);
      await store.commit([{ kind: 'run.end', tenant: 'acme', runId: 'run_1', atMs: 7 }]);
      await store.commit([{ kind: 'run.end', tenant: 'acme', runId: 'run_1', atMs: 8 }]);
      expect(await store.readRun('acme', 'run_1')).toStrictEqual({ ...sampleRun(), label, endedAtMs: 7 });
    });

    it('lists the calls a person was asked about and may still be, the newest first, without what they carry', async () => {
      const store = await openStore();
      for (let i = 1; i <= 5; i++) {
        const approval = sampleApproval({ id: `apr_${i}`, askedAtMs: i, expiresAtMs: i === 5 ? 50 : 1e12 });
        await store.commit([{ kind: 'approval.open', approval, maxPendingPerRun: 10 }]);
      }
      await store.commit([answer, { ...deny, approvalId: 'apr_2' }, consume]);
      const asked = async (nowMs: number, limit = 10) =>
        (await store.listAsked('acme', nowMs, limit)).map(({ approvalId }) => approvalId);
      expect(await asked(49)).toEqual(['apr_5', 'apr_4', 'apr_3', 'apr_2']);
      expect(await asked(50), 'over in the millisecond in which it expires').toEqual(['apr_4', 'apr_3', 'apr_2']);
      expect(await asked(50, 1)).toEqual(['apr_4']);
      expect(await store.listAsked('other', 0, 10)).toEqual([]);
      const { runId, callDigest } = sampleApproval();
      expect(await store.listAsked('acme', 50, 1)).toEqual([{ approvalId: 'apr_4', runId, callDigest }]);
      await expect(store.listAsked('acme', 0, 0)).rejects.toThrow(Bug);
    });

    it('says how far each sink is, and what was put aside for it', async () => {
      const store = await openStore();
      await store.commit([openSink, { ...openSink, sink: 'log', seq: 7 }, { ...openSink, tenant: 'other' }]);
      await store.commit([advanceSink, putAside, { ...putAside, seq: 1 }, { ...putAside, tenant: 'other' }]);
      expect(await store.listSinks('acme')).toStrictEqual([
        { sink: 'log', seq: 7, atMs: 1, putAside: 0 },
        { sink: 'soc', seq: 2, atMs: 2, putAside: 2 },
      ]);
      const aside = { sink: 'soc', reason: 'HTTP status 400', atMs: 3 };
      expect(await store.listPutAside('acme', 'soc', 0, 10)).toStrictEqual([
        { ...aside, seq: 1 },
        { ...aside, seq: 2 },
      ]);
      expect(await store.listPutAside('acme', 'soc', 1, 10)).toStrictEqual([{ ...aside, seq: 2 }]);
      expect(await store.listPutAside('acme', 'soc', 0, 1)).toHaveLength(1);
      expect(await store.listPutAside('acme', 'log', 0, 10)).toEqual([]);
      await expect(store.listPutAside('acme', 'soc', 0, 0)).rejects.toThrow(Bug);
    });

    it('takes back a pin of the same commit that another one refuses', async () => {
      const store = await openStore();
      const first = { kind: 'pin.set', tool: 'mail/send', descriptor: {}, atMs: 1, ifAbsent: true } as const;
      const result = await store.commit([
        { ...first, pin: pinA },
        { ...first, pin: bundleB },
      ]);
      expect(result.ok).toBe(false);
      expect(await store.listPins('mail')).toEqual([]);
    });

    it('ends a page of approvals early when they carry much, and never without one', async () => {
      const store = await openStore();
      const text = 'x'.repeat(limits.pageChars / 2);
      for (let i = 1; i <= 3; i++) {
        const approval = sampleApproval({ id: `apr_${i}`, askedAtMs: i, arguments: { text } });
        await store.commit([{ kind: 'approval.open', approval, maxPendingPerRun: 10 }]);
      }
      const page = await store.listApprovals('acme', 'pending', 10);
      expect(page.map(({ id }) => id)).toEqual(['apr_3', 'apr_2']);
      const rest = await store.listApprovals('acme', 'pending', 10, 'apr_2');
      expect(rest.map(({ id }) => id)).toEqual(['apr_1']);
    });

    it('gives approvals back by state, the newest question first', async () => {
      const store = await openStore();
      for (let i = 1; i <= 4; i++) {
        const approval = sampleApproval({ id: `apr_${i}`, askedAtMs: i === 4 ? 3 : i });
        await store.commit([{ kind: 'approval.open', approval, maxPendingPerRun: 10 }]);
      }
      const ids = async (state: 'pending' | 'approved' | 'denied' | 'consumed', limit = 10) =>
        (await store.listApprovals('acme', state, limit)).map((approval) => approval.id);
      expect(await ids('pending')).toEqual(['apr_4', 'apr_3', 'apr_2', 'apr_1']);
      expect(await ids('pending', 2)).toEqual(['apr_4', 'apr_3']);
      const pageAfter = async (after: string, tenant = 'acme') =>
        (await store.listApprovals(tenant, 'pending', 2, after)).map((approval) => approval.id);
      expect(await Promise.all(['apr_4', 'apr_3', 'apr_1', 'apr_9'].map((after) => pageAfter(after)))).toEqual([
        ['apr_3', 'apr_2'],
        ['apr_2', 'apr_1'],
        [],
        [],
      ]);
      expect(await pageAfter('apr_4', 'other')).toEqual([]);
      await store.commit([answer, { ...deny, approvalId: 'apr_2' }, { ...answer, approvalId: 'apr_3' }, consume]);
      expect(await Promise.all([ids('pending'), ids('approved'), ids('denied'), ids('consumed')])).toEqual([
        ['apr_4'],
        ['apr_3'],
        ['apr_2'],
        ['apr_1'],
      ]);
      expect(await store.readApproval('acme', 'apr_2')).toStrictEqual({
        ...sampleApproval({ id: 'apr_2', askedAtMs: 2 }),
        state: 'denied',
        answers: [deny.answer],
        answeredBy: 'ops@acme',
        answeredAtMs: 10,
      });
      expect(await store.readApproval('acme', 'apr_9')).toBeUndefined();
    });

    it('gives back the last approval that was spent on the same tool by the same agent', async () => {
      const store = await openStore();
      for (let i = 1; i <= 3; i++) {
        const approvalId = `apr_${i}`;
        const approval = sampleApproval({ id: approvalId, askedAtMs: i });
        await store.commit([
          { kind: 'approval.open', approval, maxPendingPerRun: 10 },
          { ...answer, approvalId },
          ...(i === 3 ? [] : [{ ...consume, approvalId }]),
        ]);
      }
      const last = async (beforeMs: number, tool: 'mail/send' | 'mail/read' = 'mail/send', agent = 'support') =>
        (await store.readLastSpent('acme', agent, tool, beforeMs))?.id;
      expect(await Promise.all([last(9), last(2), last(1)])).toEqual(['apr_2', 'apr_1', undefined]);
      expect(await last(9, 'mail/read')).toBeUndefined();
      expect(await last(9, 'mail/send', 'sales')).toBeUndefined();
      expect(await store.readLastSpent('other', 'support', 'mail/send', 9)).toBeUndefined();
    });

    it('lists what expired and nobody denied or spent, what expired first at first', async () => {
      const store = await openStore();
      for (const [i, expiresAtMs] of [50, 40, 30, 60, 45].entries()) {
        const approval = sampleApproval({ id: `apr_${i}`, expiresAtMs });
        await store.commit([{ kind: 'approval.open', approval, maxPendingPerRun: 10 }]);
      }
      await store.commit([
        { ...answer, approvalId: 'apr_1' },
        { ...deny, approvalId: 'apr_2' },
        { ...answer, approvalId: 'apr_4' },
        { ...consume, approvalId: 'apr_4' },
      ]);
      const overdue = async (nowMs: number, limit = 10) =>
        (await store.listOverdue('acme', nowMs, limit)).map(({ approvalId }) => approvalId);
      expect(await Promise.all([overdue(39), overdue(40), overdue(59), overdue(60, 2)])).toEqual([
        [],
        ['apr_1'],
        ['apr_1', 'apr_0'],
        ['apr_1', 'apr_0'],
      ]);
      expect(await store.listOverdue('other', 60, 10)).toEqual([]);
      expect((await store.listOverdue('acme', 60, 1))[0]).toStrictEqual({
        approvalId: 'apr_1',
        runId: 'run_1',
        agent: 'support',
        tool: 'mail/send',
      });
    });

    it('lists delegations that hold, the last between two persons in place of the one before', async () => {
      const store = await openStore();
      const delegate = (from: string, to: string, untilMs: number, tenant = 'acme') =>
        store.commit([{ kind: 'duty.delegate', delegation: { tenant, from, to, untilMs } }]);
      await delegate('bo', 'ana', 20);
      await delegate('ana', 'cy', 30);
      await delegate('ana', 'bo', 40);
      await delegate('ana', 'cy', 10);
      await delegate('x', 'y', 99, 'other');
      expect(await store.listDelegations('acme', 10)).toEqual([
        { tenant: 'acme', from: 'ana', to: 'bo', untilMs: 40 },
        { tenant: 'acme', from: 'bo', to: 'ana', untilMs: 20 },
      ]);
      expect(await store.listDelegations('acme', 40)).toEqual([]);
    });

    it('lists notices that are due, the longest due first, until they are closed', async () => {
      const store = await openStore();
      for (const [id, atMs] of [
        ['b', 7],
        ['a', 7],
        ['c', 3],
        ['d', 50],
      ] as const)
        await store.commit([{ ...addNotice, notice: { ...addNotice.notice, id, atMs } }]);
      const due = async (nowMs: number, limit = 10) =>
        (await store.listNotices('acme', nowMs, limit)).map(({ id }) => id);
      expect(await Promise.all([due(2), due(7), due(99), due(99, 1)])).toEqual([
        [],
        ['c', 'a', 'b'],
        ['c', 'a', 'b', 'd'],
        ['c'],
      ]);
      await store.commit([{ ...claimNotice, id: 'c', dueAtMs: 60 }]);
      await store.commit([{ kind: 'notice.close', tenant: 'acme', id: 'a' }]);
      expect(await due(59)).toEqual(['b', 'd']);
      expect((await store.listNotices('acme', 60, 10)).at(-1)).toStrictEqual({
        ...addNotice.notice,
        id: 'c',
        atMs: 3,
        attempts: 1,
        dueAtMs: 60,
      });
      expect(await store.listNotices('other', 99, 10)).toEqual([]);
    });

    it('lists the intents of a store that was closed, the oldest first, and no others', async () => {
      const place = await newPlace();
      const [store, other] = [await openStore(place), await openStore(place)];
      await other.commit([{ ...openIntent, callId: 'alive' }]);
      for (const [callId, atMs] of [
        ['c', 3],
        ['a', 1],
        ['b', 2],
      ] as const)
        await store.commit([{ ...openIntent, callId, atMs }]);
      await store.commit([{ ...closeIntent, callId: 'b' }]);
      expect(await store.listAbandonedIntents(10)).toEqual([]);
      expect(await other.listAbandonedIntents(10)).toEqual([]);
      await store.close();
      expect(await other.listAbandonedIntents(10)).toStrictEqual([
        { callId: 'a', tenant: 'acme', runId: 'run_1', atMs: 1 },
        { callId: 'c', tenant: 'acme', runId: 'run_1', atMs: 3 },
      ]);
      expect(await other.listAbandonedIntents(1)).toHaveLength(1);
      expect(await other.commit([{ ...closeIntent, callId: 'a', ran: 'unknown' }])).toMatchObject({ ok: true });
      expect((await other.listAbandonedIntents(10)).map(({ callId }) => callId)).toEqual(['c']);
      const reopened = await openStore(place);
      expect((await reopened.listAbandonedIntents(10)).map(({ callId }) => callId)).toEqual(['c']);
    });

    it('gives a server’s pins back, by name, and those of no other server', async () => {
      const store = await openStore();
      const pin = { pin: pinA, descriptor: { description: 'reads' }, atMs: 1 } as const;
      for (const tool of ['mail/send', 'mail/read', 'mail2/read', 'mail-x/read', 'mai/l', 'mail0/read'] as const) {
        await store.commit([{ kind: 'pin.set', tool, ...pin }]);
      }
      expect(await store.listPins('mail')).toStrictEqual([
        { tool: 'mail/read', ...pin },
        { tool: 'mail/send', ...pin },
      ]);
      for (const server of ['', 'mail/', 'mail%', 'MAIL', 'none']) expect(await store.listPins(server)).toEqual([]);
    });

    it('lists what agents of a tenant wrote, once each, in its order, page by page', async () => {
      const store = await openStore();
      const add = (tenant: string, ...objects: string[]) =>
        store.commit([{ kind: 'written.add', tenant, objects, runId: 'run_1', atMs: 1 }]);
      expect(await store.listWritten('acme', 0, 10)).toEqual([]);
      await add('acme', 'note#1', 'note#2', 'note#1');
      await add('other', 'note#9');
      await add('acme', 'note#2', 'value#email:a@b.test');
      await add('acme');
      const all = await store.listWritten('acme', 0, 10);
      expect(all.map(({ object }) => object)).toEqual(['note#1', 'note#2', 'value#email:a@b.test']);
      const paged: string[] = [];
      for (let after = 0; ; ) {
        const [next, ...more] = await store.listWritten('acme', after, 1);
        expect(more).toEqual([]);
        if (next === undefined) break;
        expect(next.seq).toBeGreaterThan(after);
        after = next.seq;
        paged.push(next.object);
      }
      expect(paged).toEqual(all.map(({ object }) => object));
      expect((await store.listWritten('other', 0, 10)).map(({ object }) => object)).toEqual(['note#9']);
    });

    it('knows what an erased run wrote by its digest alone, and what others wrote as before', async () => {
      const store = await openStore();
      const write = (runId: string, ...objects: string[]) =>
        store.commit([{ kind: 'written.add', tenant: 'acme', objects, runId, atMs: 1 }]);
      await store.commit([openRun]);
      await write('run_1', 'mail#7', 'note#*', 'value#email:ana@acme.test');
      await write('run_2', 'mail#8');
      for (let again = 0; again < 2; again++) {
        await store.commit([{ kind: 'run.erase', tenant: 'acme', runId: 'run_1', atMs: 2 }]);
        expect((await store.listWritten('acme', 0, 10)).map(({ object }) => object)).toEqual([
          hideWritten('acme', 'mail#7'),
          'note#*',
          hideWritten('acme', 'value#email:ana@acme.test'),
          'mail#8',
        ]);
      }
      await write('run_2', 'mail#7');
      expect((await store.listWritten('acme', 0, 10)).map(({ object }) => object).at(-1)).toBe('mail#7');
      await store.commit([{ kind: 'run.open', run: sampleRun({ id: 'run_2' }) }]);
      await store.commit([{ kind: 'run.erase', tenant: 'acme', runId: 'run_2', atMs: 3 }]);
      const left = (await store.listWritten('acme', 0, 10)).map(({ object }) => object);
      expect(
        left.every((object) => object === 'note#*' || isHidden(object)),
        left.join(),
      ).toBe(true);
      expect(new Set(left).size).toBe(left.length);
      await write('run_3', 'mail#9');
      expect((await store.listWritten('acme', 0, 10)).map(({ object }) => object).at(-1)).toBe('mail#9');
    });

    it('forgets what was written in a commit that is refused', async () => {
      const store = await openStore();
      const refused = await store.commit([
        { kind: 'written.add', tenant: 'acme', objects: ['note#1'], runId: 'run_1', atMs: 1 },
        { kind: 'intent.close', callId: 'none', ran: 'yes', atMs: 1 },
      ]);
      expect(refused).toMatchObject({ ok: false });
      expect(await store.listWritten('acme', 0, 10)).toEqual([]);
    });

    it('gives back every bundle that was once active', async () => {
      const store = await openStore();
      expect(await store.readBundle(bundleA)).toBeUndefined();
      await store.commit([activateA]);
      await store.commit([{ ...activateA, bundle: bundleB, content: { rules: ['b'] } }]);
      expect(await store.readBundle(bundleA)).toStrictEqual({ bundle: bundleA, content: { rules: ['a'] } });
      expect(await store.readBundle(bundleB)).toStrictEqual({ bundle: bundleB, content: { rules: ['b'] } });
      const lost = { ...activateA, bundle: pinA };
      expect(await store.commit([lost, requireRun])).toMatchObject({ ok: false });
      expect(await store.readBundle(pinA)).toBeUndefined();
    });

    it('gives pins, isolations and the active bundle back as they were last set', async () => {
      const store = await openStore();
      expect(await Promise.all([store.readPin('mail/send'), store.listIsolations(), store.readActiveBundle()])).toEqual(
        [undefined, [], undefined],
      );
      const pin = { tool: 'mail/send', pin: pinA, descriptor: { description: 'old' }, atMs: 1 } as const;
      await store.commit([{ kind: 'pin.set', ...pin }, activateA, isolateAgent]);
      await store.commit([
        { kind: 'pin.set', ...pin, pin: bundleB, descriptor: { description: 'new' }, atMs: 2 },
        { ...activateA, bundle: bundleB, content: { rules: ['b'] }, atMs: 4 },
        { ...isolateAgent, reason: 'again', by: 'ana', incident: true, atMs: 6 },
        { ...isolateAgent, scope: 'all', reason: 'everything', atMs: 7 },
        { ...isolateAgent, scope: 'run:run_9', atMs: 8 },
        { ...liftAgent, scope: 'run:run_9', seen: 4 },
      ]);
      expect(await store.readPin('mail/send')).toStrictEqual({
        ...pin,
        pin: bundleB,
        descriptor: { description: 'new' },
        atMs: 2,
      });
      expect(await store.readPin('mail/read')).toBeUndefined();
      expect(await store.readActiveBundle()).toStrictEqual({
        bundle: bundleB,
        content: { rules: ['b'] },
        atMs: 4,
        activator: { pid: process.pid },
      });
      expect(await store.listIsolations()).toStrictEqual([
        { scope: 'agent:acme/support', reason: 'odd calls', atMs: 5, by: ['ops', 'ana'], incident: true, epoch: 2 },
        { scope: 'all', reason: 'everything', atMs: 7, by: ['ops'], incident: false, epoch: 3 },
      ]);
      expect(await store.readIsolationState()).toStrictEqual({ epoch: 5, seen: [] });
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

  describe(`${name}: what is under way`, () => {
    it('says who has seen which stops, for as long as they have the store open', async () => {
      const place = await newPlace();
      const [one, other] = [await openStore(place), await place.open()];
      await one.commit([isolateAgent, { kind: 'isolation.seen', epoch: 1, atMs: 10 }]);
      await other.commit([{ kind: 'isolation.seen', epoch: 0, atMs: 11 }]);
      const { pid } = process;
      expect(await one.readIsolationState()).toStrictEqual({
        epoch: 1,
        seen: [
          { pid, epoch: 1, atMs: 10 },
          { pid, epoch: 0, atMs: 11 },
        ],
      });
      await other.commit([{ kind: 'isolation.seen', epoch: 1, atMs: 12 }]);
      expect((await one.readIsolationState()).seen.map(({ atMs }) => atMs)).toEqual([10, 12]);
      await other.close();
      expect(await one.readIsolationState()).toStrictEqual({ epoch: 1, seen: [{ pid, epoch: 1, atMs: 10 }] });
      expect(await one.commit([isolateAgent, requireRun])).toMatchObject({ ok: false });
      expect(await one.readIsolationState(), 'what was refused was no change').toMatchObject({ epoch: 1 });
    });

    it('gives accounts, sessions and keys back as they were last changed, and none of another tenant', async () => {
      const store = await openStore();
      await store.commit([putPerson(), putPerson({ id: 'bo' }), putPerson({ tenant: 'other', id: 'zoe' })]);
      await store.commit([
        putPerson({ revision: 2, roles: ['approver'], localUser: 'ana' }),
        openSession,
        addKey,
        attempt,
      ]);
      const ana = await store.readPerson('acme', 'ana');
      expect(ana).toMatchObject({ id: 'ana', revision: 2, roles: ['approver'], localUser: 'ana' });
      expect(await store.readPerson('other', 'ana')).toBeUndefined();
      expect((await store.listPeople('acme', 10)).map(({ id }) => id)).toEqual(['ana', 'bo']);
      expect((await store.listPeople('acme', 10, 'ana')).map(({ id }) => id)).toEqual(['bo']);
      expect(await store.readSession('h')).toStrictEqual(openSession.session);
      await store.commit([{ kind: 'session.use', hash: 'h', nowMs: 5, passkey: true }]);
      expect(await store.listSessions('acme', 'ana', 10)).toStrictEqual([
        { ...openSession.session, usedAtMs: 5, passkeyAtMs: 5 },
      ]);
      expect(await store.listSessions('other', 'ana', 10)).toEqual([]);
      await store.commit([{ kind: 'key.revoke', tenant: 'acme', id: 'key_1', atMs: 7 }]);
      expect(await store.readKey('k')).toStrictEqual({ ...addKey.key, revokedAtMs: 7 });
      expect(await store.listKeys('acme', 10)).toStrictEqual([{ ...addKey.key, revokedAtMs: 7 }]);
      expect(await store.listKeys('other', 10)).toEqual([]);
      expect(await store.readSignIn('acme', 'ana')).toStrictEqual({ failures: 1, lockedUntilMs: 1 });
      await store.commit([{ kind: 'session.end', tenant: 'acme', person: 'ana', id: 'ses_1' }]);
      expect(await store.readSession('h')).toBeUndefined();
    });

    it('lists the open intents of whoever has the store open, with the call each is of', async () => {
      const place = await newPlace();
      const [one, other] = [await openStore(place), await place.open()];
      await one.commit([openIntent, append()]);
      await other.commit([
        { ...openIntent, callId: 'call_2', atMs: 0 },
        append({ callId: 'call_2', tool: 'mail/read' }),
      ]);
      await one.commit([
        { ...openIntent, callId: 'call_3', atMs: 3 },
        append({ callId: 'call_3' }),
        { ...closeIntent, callId: 'call_3' },
      ]);
      const first = { callId: 'call_1', tenant: 'acme', runId: 'run_1', atMs: 1, agent: 'support', tool: 'mail/send' };
      const second = { ...first, callId: 'call_2', atMs: 0, tool: 'mail/read' };
      expect(await one.listOpenIntents(10)).toStrictEqual([second, first]);
      expect(await one.listOpenIntents(1)).toStrictEqual([second]);
      await other.close();
      expect(await one.listOpenIntents(10), 'that of the other is abandoned').toStrictEqual([first]);
    });
  });

  describe(`${name}: closing`, () => {
    it('finishes what was handed over, and takes nothing more', async () => {
      const place = await newPlace();
      const store = await place.open();
      const committed = Promise.all(Array.from({ length: 100 }, (_, i) => store.commit([append({ id: `evt_${i}` })])));
      const read = store.readEvents({ tenant: 'acme', limit: 1_000 });
      await Promise.all([store.close(), store.close()]);
      expect((await committed).every((result) => result.ok)).toBe(true);
      expect(await read).toHaveLength(100);
      for (const late of [store.commit([append()]), store.readRun('acme', 'run_1'), store.listIsolations()]) {
        await expect(late).rejects.toThrow(Fault);
        await expect(late).rejects.toMatchObject({ code: 'E_STORE' });
      }
      await store.close();
    });

    it('keeps everything for the next to open it', async () => {
      const place = await newPlace();
      const store = await place.open();
      await store.commit([openRun, openApproval, answer, openIntent, activateA, isolateAgent, append()]);
      await store.commit([{ kind: 'pin.set', tool: 'mail/send', pin: pinA, descriptor: { a: 1 }, atMs: 1 }]);
      await store.commit([{ kind: 'run.end', tenant: 'acme', runId: 'run_1', atMs: 7 }]);
      const holds = await readAll(store);
      await store.close();

      const reopened = await openStore(place);
      // Whoever activated the bundle is gone; that store was closed.
      const { activator, ...bundle } = holds.bundle ?? {};
      expect(activator).toEqual({ pid: process.pid });
      expect(await readAll(reopened)).toEqual({ ...holds, bundle });
      expect(await reopened.commit([{ kind: 'isolation.require', scopes: [isolateAgent.scope] }])).toMatchObject({
        code: 'E_ISOLATED',
      });
      expect(await reopened.commit([openIntent])).toMatchObject({ code: 'E_STORE_CORRUPT' });
      expect(await reopened.commit([{ kind: 'bundle.require', bundle: bundleA }, consume, append()])).toEqual({
        ok: true,
        seqs: [2],
      });
    });
  });
}

const codeOf = (result: CommitResult): string => (result.ok ? 'ok' : result.code);

function allEvents(store: Store): Promise<readonly StoredEvent[]> {
  return store.readEvents({ tenant: 'acme', limit: 1_000 });
}

/** Everything that can be read of the samples. */
async function readAll(store: Store) {
  const states = ['pending', 'approved', 'denied', 'consumed', 'expired'] as const;
  return {
    events: await allEvents(store),
    runs: await Promise.all(['acme', 'other'].map((tenant) => store.readRun(tenant, 'run_1'))),
    approvals: await Promise.all(states.map((state) => store.listApprovals('acme', state, 100))),
    isolations: await store.listIsolations(),
    breakers: await store.readBreakers(100),
    pins: await Promise.all(['mail', 'lost'].map((server) => store.listPins(server))),
    meters: await store.readMeters([{ meter: 'calls/run:run_1' }, { meter: 'rate/a', windowMs: 60_000 }], 0),
    bundle: await store.readActiveBundle(),
  };
}

/** What the store holds, in the model's form. Closed intents cannot be read, so their outcome is taken from the model. */
async function readLikeModel(store: Store, model: ModelState): Promise<ModelState> {
  const like: ModelState = structuredClone(emptyModel);
  const events: StoredEvent[] = [];
  for (const tenant of ['acme', 'other']) {
    const written = await store.listWritten(tenant, 0, 1_000);
    for (const { sink, seq } of await store.listSinks(tenant)) like.sinks[`${tenant} ${sink}`] = seq;
    for (const sink of ['soc', 'log']) {
      for (const { seq, reason } of await store.listPutAside(tenant, sink, -1, 1_000)) {
        like.aside[`${tenant} ${sink} ${seq}`] = reason;
      }
    }
    if (written.length > 0) like.written[tenant] = written.map(({ object }) => object);
    events.push(...(await store.readEvents({ tenant, limit: 1_000 })));
    for (const id of ['run_1', 'run_2']) {
      const run = await store.readRun(tenant, id);
      if (run !== undefined) like.runs[id] = run;
    }
    for (const each of await store.listDelegations(tenant, -1))
      like.delegations[JSON.stringify([tenant, each.from, each.to])] = each;
    const review = await store.readTierReview(tenant);
    if (review !== undefined) like.tierReviews[tenant] = review;
    for (const notice of await store.listNotices(tenant, 1_000, 1_000)) like.notices[`${tenant} ${notice.id}`] = notice;
    for (const id of ['apr_1', 'apr_2', 'apr_3']) {
      const approval = await store.readApproval(tenant, id);
      if (approval !== undefined) like.approvals[id] = approval;
    }
  }
  events.sort((a, b) => a.seq - b.seq);
  for (const [i, { digest, ...event }] of events.entries()) {
    expect(event.seq).toBe(i + 1);
    expect(digest).toBe(digestEvent(event));
    // A store that seals also says how an event stands in it.
    const { seq: _, sealed, user, ...told } = event;
    like.events.push(told);
  }
  const open = await store.listAbandonedIntents(1_000);
  for (const { callId, atMs } of open) like.intents[callId] = { atMs };
  for (const [callId, intent] of Object.entries(model.intents))
    if (intent.ran !== undefined) like.intents[callId] ??= intent;
  for (const { scope, ...isolation } of await store.listIsolations()) like.isolations[scope] = isolation;
  for (const { scope, ...mark } of await store.readBreakers(100)) like.breakers[scope] = mark;
  like.isolationEpoch = (await store.readIsolationState()).epoch;
  for (const tool of ['mail/send', 'mail/read'] as const) {
    const pin = await store.readPin(tool);
    if (pin !== undefined) like.pins[tool] = { pin: pin.pin, atMs: pin.atMs };
  }
  // How a store keeps a meter is its own affair: what counts is what is used, and that at any time.
  for (const [meter, takes] of Object.entries(model.meters)) {
    const used = takes.reduce((all, { taken }) => all + taken, 0);
    const latest = Math.max(0, ...takes.map(({ second }) => second));
    const window = meter === 'rate/a' ? { windowMs: 60_000 } : {};
    expect(await store.readMeters([{ meter, ...window }], latest * 1_000), meter).toEqual([
      meter === 'rate/a' ? usedAt(takes, latest) : used,
    ]);
  }
  like.meters = model.meters;
  like.bundle = (await store.readActiveBundle())?.bundle;
  return like;
}

const usedAt = (takes: ModelState['meters'][string], now: number): number =>
  takes.filter(({ second }) => second + 60 >= now).reduce((all, { taken }) => all + taken, 0);
