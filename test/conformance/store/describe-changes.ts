import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bug } from '../../../src/base/assert.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { limits } from '../../../src/base/limits.ts';
import type { Change, CommitResult } from '../../../src/ports/store.ts';
import { arbitraryCommits } from './arbitrary-changes.ts';
import { conditionCases } from './condition-cases.ts';
import { allEvents, codeOf, readAll, readLikeModel } from './read-store.ts';
import {
  activateA,
  answer,
  append,
  bundleA,
  closeIntent,
  consume,
  isolateAgent,
  openApproval,
  openIntent,
  openRun,
  pinA,
  requireRun,
  sampleEvent,
  takeCalls,
  takeRate,
} from './samples.ts';
import { commitToModel, emptyModel, type ModelState } from './store-model.ts';
import type { StoreKind, StorePlaces } from './store-places.ts';

/** What committing must do: the conditions of every change, all of a commit or nothing, in order, and once. */
export function describeChanges(name: string, { openStore }: StorePlaces, kind: StoreKind): void {
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
}
