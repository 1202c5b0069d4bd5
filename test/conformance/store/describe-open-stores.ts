import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/fault.ts';
import { readAll } from './read-store.ts';
import {
  activateA,
  addKey,
  answer,
  append,
  attempt,
  bundleA,
  closeIntent,
  consume,
  isolateAgent,
  openApproval,
  openIntent,
  openRun,
  openSession,
  pinA,
  putPerson,
  requireRun,
} from './samples.ts';
import type { StorePlaces } from './store-places.ts';

/** What stores must know of others that live in the same place, and of being closed. */
export function describeOpenStores(name: string, { newPlace, openStore }: StorePlaces): void {
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
