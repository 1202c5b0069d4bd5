import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Intent } from '../../src/model/intent.ts';
import type { Principal } from '../../src/model/principal.ts';
import { toolName } from '../../src/model/tool.ts';
import { call } from '../../src/runtime/call.ts';
import { resumeScope, stopScope } from '../../src/runtime/isolation.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { startChild } from '../../src/runtime/start-child.ts';
import { counting, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * Law 6: delegation only narrows. A run that is started from another one may do what both agents may, pays from both
 * budgets, has read what the other has, and ends with it. Assumes that the host says which run a run is started from.
 */

const names = ['one', 'two', 'three'] as const;
const tools = names.map((name) => lawTool(name, { text: { type: 'string' } }));
const declared = Object.fromEntries(tools.map((tool) => [toolName(tool), { effect: 'read', consequence: 'low' }]));
const worldOf = (agents: object, budgets: object = {}) =>
  lawCatalog({ tools, manifest: { version: 1, tools: declared, agents, budgets } });
const TENANT = 'default';
const A: Principal = { tenant: TENANT, agent: 'a', onBehalfOf: { id: 'ana', groups: [], attributes: {} } };
const start = { principal: A, task: 'law', prompt: [{ kind: 'user' as const, text: 'read one' }], attested: true };

const verdictOf = (answer: CallAnswer): string =>
  answer.kind === 'result' ? 'permit' : answer.code === 'E_APPROVAL_PENDING' ? 'ask' : 'deny';
const STRICTNESS = ['permit', 'ask', 'deny'];

describe('law 6: delegation only narrows', () => {
  it('lets a child do only what its own agent and every agent above it may', async () => {
    const grant = fc.constantFrom<object | undefined>({}, { approval: 'required' }, undefined, {
      arguments: { text: { maxLength: 3 } },
    });
    const grants = fc.record({ one: grant, two: grant, three: grant });
    const seen = { permit: 0, ask: 0, deny: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(grants, { minLength: 2, maxLength: 4 }), async (chain) => {
        const agents = Object.fromEntries(
          chain.map((each, i) => [
            `agent${i}`,
            { tools: Object.fromEntries(Object.entries(each).flatMap(([n, g]) => (g ? [[`law/${n}`, g]] : []))) },
          ]),
        );
        const { world } = await openLawWorld({ catalog: worldOf(agents), call: counting([]) });
        const ask = (agent: string, runId: string, name: string) =>
          call(world, { principal: { ...A, agent }, runId, tool: `law/${name}`, arguments: { text: 'four' } });
        let child = await world.runs.start({ ...start, principal: { ...A, agent: 'agent0' } });
        for (let i = 1; i < chain.length; i++) {
          child = await startChild(world, { tenant: TENANT, parentId: child.id, agent: `agent${i}`, task: 'law' });
        }
        for (const name of names) {
          // What each agent alone may, in a run of its own.
          const alone = await Promise.all(
            chain.map(async (_, i) => {
              const run = await world.runs.start({ ...start, principal: { ...A, agent: `agent${i}` } });
              return verdictOf(await ask(`agent${i}`, run.id, name));
            }),
          );
          const strictest = STRICTNESS[Math.max(...alone.map((verdict) => STRICTNESS.indexOf(verdict)))];
          const verdict = verdictOf(await ask(`agent${chain.length - 1}`, child.id, name));
          expect(verdict, `${name} by ${alone.join(', ')}`).toBe(strictest);
          seen[verdict as keyof typeof seen] += 1;
        }
      }),
      { numRuns: 60, seed: 6 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5);
  });

  it('takes what a child uses from the budgets of all that it was started from', async () => {
    const effects: Intent[] = [];
    const all = { tools: { 'law/*': {} } };
    const { world } = await openLawWorld({
      catalog: worldOf({ a: { ...all, budget: { calls: 10 } }, b: { ...all, budget: { calls: 6 } }, c: all }),
      call: counting(effects),
    });
    const parent = await world.runs.start(start);
    const child = await startChild(world, { tenant: TENANT, parentId: parent.id, agent: 'b', task: 'law' });
    const grandchildren = await Promise.all(
      [1, 2].map(() => startChild(world, { tenant: TENANT, parentId: child.id, agent: 'c', task: 'law' })),
    );
    const askAll = (runs: readonly { id: string; principal: Principal }[], count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, i) => {
          const run = runs[i % runs.length];
          if (run === undefined) throw new Error('no run');
          return call(world, { principal: run.principal, runId: run.id, tool: 'law/one', arguments: {} });
        }),
      );
    await askAll([child, ...grandchildren], 30);
    expect(effects, 'the child’s own six, with its children').toHaveLength(6);
    await askAll([parent], 30);
    expect(effects, 'and what is left of the parent’s ten').toHaveLength(10);
  });

  it('starts so many runs from one, and so many levels, and no more at any concurrency', async () => {
    const all = { tools: { 'law/*': {} } };
    const { world } = await openLawWorld({
      catalog: worldOf({ a: { ...all, budget: { depth: 2, fanOut: 5 } }, b: all }),
      call: counting([]),
    });
    const parent = await world.runs.start(start);
    const child = (parentId: string) => startChild(world, { tenant: TENANT, parentId, agent: 'b', task: 'law' });
    const started = await Promise.allSettled(Array.from({ length: 64 }, () => child(parent.id)));
    expect(started.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    for (const each of started) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'E_BUDGET' });
    const [first] = started;
    const below = first?.status === 'fulfilled' ? await child(first.value.id) : undefined;
    expect(below?.lineage).toHaveLength(2);
    await expect(child(below?.id ?? '')).rejects.toMatchObject({ code: 'E_BUDGET' });
  });

  it('begins with all that was read, hands what it reads up, and ends when any above it does', async () => {
    const all = { tools: { 'law/*': {} } };
    const { world, truth } = await openLawWorld({ catalog: worldOf({ a: all, b: all }), call: counting([]) });
    const parent = await world.runs.start(start);
    const ask = (run: { id: string; principal: Principal }) =>
      call(world, { principal: run.principal, runId: run.id, tool: 'law/one', arguments: {} });
    const early = await startChild(world, { tenant: TENANT, parentId: parent.id, agent: 'b', task: 'law' });
    expect(early.label.integrity).toBe('trusted');
    expect((await ask(early)).kind).toBe('result');
    const raised = await truth.readRun(TENANT, parent.id);
    expect(raised?.label, 'what the child read').toMatchObject({ integrity: 'untrusted', origins: ['law/one'] });
    const late = await startChild(world, { tenant: TENANT, parentId: parent.id, agent: 'b', task: 'law' });
    expect(late.label).toEqual(raised?.label);
    expect(late).toMatchObject({ prompt: parent.prompt, attested: true, principal: { onBehalfOf: A.onBehalfOf } });
    expect(late.expiresAtMs).toBeLessThanOrEqual(parent.expiresAtMs);

    const by = { tenant: TENANT, person: 'p', presence: 'terminal', reason: 'law', incident: false };
    const { epoch: seen } = await stopScope(world, { kind: 'run', run: parent.id }, by);
    expect(await ask(late)).toMatchObject({ code: 'E_ISOLATED' });
    await resumeScope(world, { kind: 'run', run: parent.id }, { ...by, person: 'q', seen });
    expect((await ask(late)).kind).toBe('result');
    await world.runs.end(TENANT, parent.id);
    expect(await ask(late)).toMatchObject({ code: 'E_RUN_ENDED', ran: 'no' });
  });
});
