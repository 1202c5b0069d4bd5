import { describe, expect, it } from 'vitest';
import { Bug } from '../../../src/base/assert.ts';
import { hideWritten, isHidden } from '../../../src/model/written.ts';
import {
  activateA,
  advanceSink,
  bundleA,
  bundleB,
  closeIntent,
  eraseRun,
  isolateAgent,
  liftAgent,
  openIntent,
  openRun,
  openSink,
  pinA,
  putAside,
  requireRun,
  sampleRun,
} from './samples.ts';
import type { StorePlaces } from './store-places.ts';

/** What reading the state must do: runs, intents, pins, bundles, and what agents wrote. */
export function describeState(name: string, { newPlace, openStore }: StorePlaces): void {
  describe(`${name}: reading the state`, () => {
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
  });
}
