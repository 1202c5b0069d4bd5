import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import { openFileSwitch } from '../../src/adapters/switches/files/open-file-switch.ts';
import { IsolationWatch } from '../../src/app/isolation/isolation-watch.ts';
import { letGo } from '../../src/app/isolation/let-go.ts';
import { resume, stop } from '../../src/app/isolation/stop.ts';
import { markOf } from '../../src/app/isolation/stop-mark.ts';
import { throwSwitch } from '../../src/app/isolation/switch-files.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/base/secret.ts';
import { egressSchema } from '../../src/model/egress.ts';
import type { IsolationScope } from '../../src/model/isolation.ts';
import type { Principal } from '../../src/model/principal.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Execution } from '../../src/ports/tool-source.ts';
import { call } from '../../src/runtime/call.ts';
import { CredentialBroker } from '../../src/runtime/credentials/credential-broker.ts';
import { EgressBook } from '../../src/runtime/egress/egress-book.ts';
import { startChild } from '../../src/runtime/start-child.ts';
import { type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * What stops a run, or its agent, stops whatever was started from it: by a file before the store knows, and by the store.
 * What was leased within it is taken back, and the report says of how much that is true.
 */

const TENANT = 'default';
const A: Principal = { tenant: TENANT, agent: 'a' };
const B: Principal = { tenant: TENANT, agent: 'b' };
const all = { tools: { 'law/slow': {}, 'law/ask': { approval: 'required' } } };
const catalog = lawCatalog({
  tools: [lawTool('slow', {}), lawTool('ask', {})],
  manifest: {
    version: 1,
    tools: Object.fromEntries(['law/slow', 'law/ask'].map((name) => [name, { effect: 'write', consequence: 'low' }])),
    agents: { a: all, b: all },
  },
});
const by = { tenant: TENANT, person: 'ana', presence: 'terminal', reason: 'law', incident: false };

let data: string;
let store: Store;
let law: LawWorld;
let finish: (execution: Execution) => void;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'chaperone-law-'));
  store = await openSqliteStore({ path: join(data, 'store.db') });
  const { promise, resolve } = Promise.withResolvers<Execution>();
  finish = resolve;
  law = await openLawWorld({ catalog, truth: store, stopSwitch: openFileSwitch(data), call: () => promise });
});
afterEach(async () => {
  finish({ ok: true, result: { content: [] } });
  await store.close();
  await rm(data, { recursive: true, force: true });
});

async function startPair(): Promise<{ readonly parentId: string; readonly childId: string }> {
  const parent = await law.world.runs.start({ principal: A, task: '', prompt: [], attested: true });
  const child = await startChild(law.world, { tenant: TENANT, parentId: parent.id, agent: 'b', task: '' });
  return { parentId: parent.id, childId: child.id };
}
const ask = (principal: Principal, runId: string, tool: string) =>
  call(law.world, { principal, runId, tool: `law/${tool}`, arguments: {} });
const baseOf = () => ({
  store,
  clock: systemClock,
  data,
  stopSwitch: openFileSwitch(data),
  manifest: () => catalog.manifest,
});

describe('a stop of what others were started from', () => {
  it.each(['run', 'agent'] as const)('stops them by a file that names the %s above, and nobody else', async (kind) => {
    const { parentId, childId } = await startPair();
    const other = await law.world.runs.start({ principal: B, task: '', prompt: [], attested: true });
    const scope = kind === 'run' ? `run:${parentId}` : 'agent:default/a';
    throwSwitch(data, systemClock, { scope, reason: 'law', by: 'ana', incident: false });
    expect(await ask(B, childId, 'slow')).toMatchObject({ code: 'E_ISOLATED', ran: 'no' });
    expect(await ask(A, parentId, 'slow')).toMatchObject({ code: 'E_ISOLATED', ran: 'no' });
    expect(await ask(B, other.id, 'ask'), 'a run of the same agent that is its own').toMatchObject({
      code: 'E_APPROVAL_PENDING',
    });
  });

  it.each(['run', 'agent'] as const)(
    'by the %s above lists their calls in flight, denies what they asked, and takes back what was leased',
    async (kind) => {
      const { parentId, childId } = await startPair();
      const scope: IsolationScope = kind === 'run' ? { kind, run: parentId } : { kind, tenant: TENANT, agent: 'a' };
      const asked = await ask(B, childId, 'ask');
      const inFlight = ask(B, childId, 'slow');
      await expect.poll(async () => (await store.listOpenIntents(10)).length, { timeout: 30_000 }).toBe(1);

      const book = new EgressBook({ clock: law.world.clock, store, runs: law.world.runs }, () =>
        egressSchema.parse({}),
      );
      const revoked: string[] = [];
      const broker = new CredentialBroker({
        clock: law.world.clock,
        find: (name) => ({
          config: { hosts: ['api.test'], plain: false },
          source: {
            lease: async () => ({
              secret: new Secret(`cred:${name}`, `value of ${name}`),
              revoke: async () => {
                if (name === 'stubborn') throw new Error('the issuer is away');
                revoked.push(name);
              },
            }),
          },
        }),
        hold: () => {},
        letGo: () => {},
        record: () => {},
        report: () => {},
      });
      const child = await law.world.runs.find(B, childId);
      const { session } = await book.openFor({ tenant: TENANT, agent: 'b', runId: childId }, child);
      for (const name of ['mild', 'stubborn'])
        await broker.lease(session, name, { host: 'api.test', tls: true, headers: ['Authorization'] });
      const watch = new IsolationWatch({ ...baseOf(), tenant: TENANT, notify: () => {} });
      watch.onStopped((stopped) => letGo(stopped.scope, book, broker));
      await watch.start();
      try {
        const stopped = await stop(baseOf(), scope, by);
        expect(stopped.inFlight.map(({ runId, tool }) => [runId, tool])).toEqual([[childId, 'law/slow']]);
        expect(stopped.approvals.map(({ runId }) => runId)).toEqual([childId]);
        expect(stopped.leases).toEqual({ returned: 1, standing: 1 });
        expect(revoked).toEqual(['mild']);
        expect(session.endedAs).toBe('E_ISOLATED');
        const approvalId = (asked.kind === 'refused' ? asked.approvalId : undefined) ?? '';
        expect(await store.readApproval(TENANT, approvalId)).toMatchObject({ state: 'denied' });
        expect(openFileSwitch(data).list(), 'the file went when the store had it').toEqual([]);
        expect(await ask(B, childId, 'slow')).toMatchObject({ code: 'E_ISOLATED' });
        const [effective] = await store.readEvents({ tenant: TENANT, kinds: ['isolation.effective'], limit: 1 });
        expect(effective?.body).toMatchObject({ inFlight: 1, leases: { returned: 1, standing: 1 } });
      } finally {
        await watch.close();
        await book.closeAll();
      }
      finish({ ok: true, result: { content: [] } });
      expect((await inFlight).kind, 'what was in flight is not recalled').toBe('result');
    },
  );

  it('keeps its file until the record says how long it took, so that a failure never names one that is gone', async () => {
    const { childId } = await startPair();
    const failing: Store = {
      ...store,
      commit: (changes, options) =>
        changes.some((each) => each.kind === 'event.append' && each.event.kind === 'isolation.effective')
          ? Promise.reject(new Error('the disk is full'))
          : store.commit(changes, options),
    };
    const scope: IsolationScope = { kind: 'agent', tenant: TENANT, agent: 'a' };
    await expect(stop({ ...baseOf(), store: failing }, scope, by)).rejects.toThrow(
      /stop_.*\.json` stops it all the same/,
    );
    expect(openFileSwitch(data).list()).toHaveLength(1);
    expect(await ask(B, childId, 'slow')).toMatchObject({ code: 'E_ISOLATED', ran: 'no' });
  });

  describe('that only a file made', () => {
    const scope: IsolationScope = { kind: 'agent', tenant: TENANT, agent: 'a' };
    const text = 'agent:default/a';
    const throwIt = (who: string) =>
      throwSwitch(data, systemClock, { scope: text, reason: 'law', by: who, incident: false });
    const wish = { tenant: TENANT, person: 'bo', presence: 'terminal', reason: 'looked' };
    const markNow = async () =>
      markOf(
        (await store.listIsolations()).find((one) => one.scope === text),
        openFileSwitch(data).list(),
      );

    it('is let back at the first try by whoever saw the file, though nobody had recorded it', async () => {
      throwIt('ana');
      await resume(baseOf(), scope, { ...wish, seen: await markNow() });
      expect(await store.listIsolations()).toEqual([]);
      expect(openFileSwitch(data).list()).toEqual([]);
      const changes = await store.readEvents({ tenant: TENANT, kinds: ['isolation.changed'], limit: 10 });
      expect(changes.map(({ body }) => [body['isolated'], body['by'], body['presence']])).toEqual([
        [true, 'ana', 'file'],
        [false, 'bo', 'terminal'],
      ]);
    });

    it('is not let back by whoever threw it, nor where something else stopped it meanwhile', async () => {
      throwIt('bo');
      const own = { ...wish, seen: await markNow() };
      await expect(resume(baseOf(), scope, own)).rejects.toMatchObject({ code: 'E_SECOND_PERSON' });

      const seen = await markNow();
      throwIt('cy');
      const late = resume(baseOf(), scope, { ...wish, person: 'dee', seen });
      await expect(late, 'another file').rejects.toMatchObject({ code: 'E_STOP_UNSEEN' });
      expect(openFileSwitch(data).list()).toHaveLength(2);
    });

    it('is not let back where the record was told of another stop between looking and recording', async () => {
      throwIt('ana');
      const seen = await markNow();
      let isFirst = true;
      // Somebody else stops the same, for an incident, just before the file is recorded.
      const racing: Store = {
        ...store,
        async commit(changes, options) {
          if (isFirst) {
            isFirst = false;
            await store.commit([
              { kind: 'isolation.set', scope: text, reason: 'leak', by: 'cy', incident: false, atMs: 1 },
            ]);
          }
          return store.commit(changes, options);
        },
      };
      await expect(resume({ ...baseOf(), store: racing }, scope, { ...wish, seen })).rejects.toMatchObject({
        code: 'E_STOP_UNSEEN',
      });
      expect((await store.listIsolations()).map(({ by: people }) => people)).toEqual([['cy', 'ana']]);
    });
  });

  it('is in force by a file where the store does not take it, and says which', async () => {
    const { parentId, childId } = await startPair();
    const full: Store = { ...store, commit: () => Promise.reject(new Error('the disk is full')) };
    const scope: IsolationScope = { kind: 'run', run: parentId };
    await expect(stop({ ...baseOf(), store: full }, scope, by)).rejects.toThrow(/stop_.*\.json` stops it all the same/);
    expect(await ask(B, childId, 'slow')).toMatchObject({ code: 'E_ISOLATED', ran: 'no' });
  });
});
