import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredEvent } from '../../src/model/event.ts';
import type { Intent } from '../../src/model/intent.ts';
import { type IsolationScope, parseScope } from '../../src/model/isolation.ts';
import type { Principal } from '../../src/model/principal.ts';
import type { Store } from '../../src/ports/store.ts';
import { call } from '../../src/runtime/call.ts';
import { resumeScope, stopScope } from '../../src/runtime/isolation.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { Seeded, yieldSome } from '../simulation/seeded.ts';
import { counting, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * Law 8, as far as one store goes: once `stopScope` has returned, nothing in its scope is granted any more, however
 * many calls were on their way, and nothing outside of it is stopped. Assumes one store behind all replicas.
 */

const CALLS = 40;
const tools = [lawTool('one', {}), lawTool('two', {})];
const permits = { tools: { 'law/one': {}, 'law/two': {} } };
const catalog = lawCatalog({
  tools,
  manifest: {
    version: 1,
    tools: Object.fromEntries(['law/one', 'law/two'].map((name) => [name, { effect: 'write', consequence: 'low' }])),
    agents: { a: permits, b: permits },
  },
});

/** Whether a granted call lies in a scope. Written from the meaning of scopes, not from the code that lists them. */
function isWithin(event: StoredEvent, scope: string): boolean {
  const at = scope.indexOf(':');
  const [kind, what] = at < 0 ? [scope, ''] : [scope.slice(0, at), scope.slice(at + 1)];
  switch (kind) {
    case 'all':
      return true;
    case 'tenant':
      return event.tenant === what;
    case 'agent':
      return `${event.tenant}/${event.agent}` === what;
    case 'run':
      return event.runId === what;
    case 'server':
      return `${event.tenant}/${event.tool}`.startsWith(`${what}/`);
    case 'tool':
      return `${event.tenant}/${event.tool}` === what;
    default:
      throw new Error(`no such scope: ${scope}`);
  }
}

const principals: readonly Principal[] = [
  { tenant: 'default', agent: 'a' },
  { tenant: 'default', agent: 'b' },
  { tenant: 'other', agent: 'a' },
];
const by = { tenant: 'default', person: 'operator', presence: 'terminal', reason: 'law', incident: false };

function parsed(text: string): IsolationScope {
  const scope = parseScope(text);
  if (scope === undefined) throw new Error(`no such scope: ${text}`);
  return scope;
}

async function grantsOf(truth: Store): Promise<readonly StoredEvent[]> {
  const events = await Promise.all(['default', 'other'].map((tenant) => truth.readEvents({ tenant, limit: 1_000 })));
  return events.flat().filter(({ kind }) => kind === 'call.intended');
}

/** Where in the record the stop stands: nothing of its scope may be granted behind it. */
async function stopSeq(truth: Store): Promise<number> {
  const events = await truth.readEvents({ tenant: by.tenant, limit: 1_000 });
  return events.find(({ kind }) => kind === 'isolation.changed')?.seq ?? 0;
}

describe('law 8: what is isolated is granted nothing', () => {
  it('holds for every scope, with calls on their way in any interleaving, until it is let back', async () => {
    const seen = { stopped: 0, before: 0, outside: 0, resumed: 0 };
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(8), fc.nat(CALLS), async (seed, which, moment) => {
        const seeded = new Seeded(seed);
        const effects: Intent[] = [];
        const { world, truth } = await openLawWorld({
          catalog,
          seed,
          call: counting(effects),
          wrap: (inner) => ({
            ...inner,
            async commit(changes) {
              await yieldSome(seeded);
              const result = await inner.commit(changes);
              await yieldSome(seeded);
              return result;
            },
          }),
        });
        const runs = await Promise.all(
          principals.map((principal) => world.runs.start({ principal, task: 'law', prompt: [], attested: true })),
        );
        const [scope = ''] = [
          'all',
          'tenant:default',
          'tenant:other',
          'agent:default/a',
          'agent:other/a',
          `run:${runs[0]?.id}`,
          'server:default/law',
          'tool:default/law/one',
          'tool:other/law/two',
        ].slice(which);

        const callAny = async (): Promise<CallAnswer> => {
          const run = seeded.pick([runs[0], runs[1], runs[2]]);
          if (run === undefined) throw new Error('no run');
          const tool = seeded.pick(['law/one', 'law/two']);
          return call(world, { principal: run.principal, runId: run.id, tool, arguments: {} });
        };

        let stoppedAt = Number.NaN;
        let effectsWhenStopped = 0;
        await Promise.all(
          Array.from({ length: CALLS }, async (_, i) => {
            for (let pause = seeded.below(12); pause > 0; pause--) await yieldSome(seeded);
            if (i === Math.min(moment, CALLS - 1)) {
              await stopScope(world, parsed(scope), by);
              stoppedAt = await stopSeq(truth);
              effectsWhenStopped = (await grantsOf(truth)).length;
            }
            await callAny();
          }),
        );
        // Calls that come later, in runs that did not exist then, are stopped as well.
        for (const principal of principals) {
          const run = await world.runs.start({ principal, task: 'later', prompt: [], attested: true });
          for (const tool of ['law/one', 'law/two']) {
            const answer = await call(world, { principal, runId: run.id, tool, arguments: {} });
            if (answer.kind === 'refused') expect(answer).toMatchObject({ code: 'E_ISOLATED', ran: 'no' });
            if (answer.kind === 'refused') seen.stopped += 1;
          }
        }
        const grants = await grantsOf(truth);
        expect(stoppedAt).toBeGreaterThan(0);
        for (const grant of grants.filter(({ seq }) => seq > stoppedAt)) {
          expect(isWithin(grant, scope), `${grant.tool} of ${grant.tenant}/${grant.agent} in ${scope}`).toBe(false);
          seen.outside += 1;
        }
        seen.before += effectsWhenStopped;
        expect(effects).toHaveLength(grants.length);

        const epoch = (await truth.listIsolations()).find((each) => each.scope === scope)?.epoch ?? 0;
        await resumeScope(world, parsed(scope), { ...by, person: 'security', seen: epoch });
        for (const run of runs) {
          const answer = await call(world, { principal: run.principal, runId: run.id, tool: 'law/one', arguments: {} });
          expect(answer.kind).toBe('result');
          seen.resumed += 1;
        }
      }),
      { numRuns: 200, seed: 8 },
    );
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(50);
  });

  it('says nothing was isolated when that could not be recorded', async () => {
    const effects: Intent[] = [];
    const { world } = await openLawWorld({
      catalog,
      call: counting(effects),
      wrap: (inner) => ({
        ...inner,
        commit: (changes) =>
          changes.some(({ kind }) => kind === 'isolation.set')
            ? Promise.reject(new Error('no disk'))
            : inner.commit(changes),
      }),
    });
    await expect(stopScope(world, { kind: 'all' }, by)).rejects.toThrow();
  });
});
