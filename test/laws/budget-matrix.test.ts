import { describe, expect, it } from 'vitest';
import { budgetsSchema, runBudgetSchema } from '../../src/model/budget.ts';
import { manifestSchema } from '../../src/model/manifest.ts';
import type { Principal } from '../../src/model/principal.ts';
import { call } from '../../src/runtime/call.ts';
import { reportUsage } from '../../src/runtime/report-usage.ts';
import { startChild } from '../../src/runtime/start-child.ts';
import { type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * Law 9, cell by cell: every kind of budget in every place where one can be written permits exactly as much as it says, to
 * all who share it together, and leaves everybody else alone. Where a kind means nothing, it cannot be written.
 */

const N = 3;
const TENANT = 'default';
const RESULT = { content: [{ type: 'text', text: 'x'.repeat(40) }] };
const RESULT_BYTES = Buffer.byteLength(JSON.stringify(RESULT));
const TIMEOUT_MS = 1_000;

const of = (agent: string, user: string): Principal => ({
  tenant: TENANT,
  agent,
  onBehalfOf: { id: user, groups: [], attributes: {} },
});
const AA = of('a', 'ana');

/** Where a budget can be written, who shares it with agent `a` for `ana`, and whom it leaves alone. */
const places: Readonly<Record<string, Place>> = {
  'budgets.run': { write: (budget) => ({ budgets: { run: budget } }), shares: 'its run', leaves: AA },
  'agents.a.budget': { write: (budget) => ownBudget(budget), shares: 'its run', leaves: AA },
  'agents.a.budget.allRuns': {
    write: (budget) => ownBudget({ allRuns: budget }),
    shares: of('a', 'bo'),
    leaves: of('b', 'ana'),
  },
  'budgets.agent': { write: (agent) => ({ budgets: { agent } }), shares: of('a', 'bo'), leaves: of('b', 'ana') },
  'budgets.user': { write: (user) => ({ budgets: { user } }), shares: of('b', 'ana'), leaves: of('a', 'bo') },
  'budgets.tenant': { write: (tenant) => ({ budgets: { tenant } }), shares: of('b', 'bo'), leaves: 'nobody' },
};
interface Place {
  readonly write: (budget: object) => { readonly budgets?: object; readonly own?: object };
  readonly shares: Principal | 'its run';
  readonly leaves: Principal | 'nobody';
}
const ownBudget = (own: object) => ({ own });

/** What each kind is given for `N` times, and how one of these is used up beside a call. */
const metered: Readonly<Record<string, { readonly budget: unknown; readonly report?: object }>> = {
  calls: { budget: N },
  resultBytes: { budget: `${N * RESULT_BYTES}B` },
  callTime: { budget: `${(N * TIMEOUT_MS) / 1_000}s` },
  tokens: { budget: N, report: { tokens: 1 } },
  spend: { budget: `0.00000${N} USD`, report: { spend: 1 } },
};
const ofARun = ['time', 'depth', 'fanOut'];

async function openWorld(place: Place, kind: string, budget: unknown) {
  const { budgets = {}, own } = place.write({ [kind]: budget });
  const law: LawWorld = await openLawWorld({
    catalog: lawCatalog({
      tools: [lawTool('one', {})],
      manifest: {
        version: 1,
        tools: { 'law/one': { effect: 'read', consequence: 'low', timeout: `${TIMEOUT_MS}ms` } },
        budgets,
        agents: {
          a: { tools: { 'law/one': {} }, ...(own === undefined ? {} : { budget: own }) },
          b: { tools: { 'law/one': {} } },
        },
      },
    }),
    call: async () => {
      law.advance(TIMEOUT_MS); // every call takes as long as it may
      return { ok: true, result: RESULT };
    },
  });
  const start = async (principal: Principal) =>
    (await law.world.runs.start({ principal, task: 'law', prompt: [], attested: true })).id;
  const ask = (principal: Principal, runId: string) =>
    call(law.world, { principal, runId, tool: 'law/one', arguments: {} });
  return { ...law, start, ask };
}

describe.each(Object.entries(places))('a budget in `%s`', (_name, place) => {
  it.each(Object.keys(metered))('permits exactly as much as it says of `%s`', async (kind) => {
    const { budget, report } = metered[kind] ?? {};
    const { world, start, ask } = await openWorld(place, kind, budget);
    const first = { principal: AA, runId: await start(AA) };
    const second = place.shares === 'its run' ? first : { principal: place.shares, runId: await start(place.shares) };

    for (let i = 0; i < N; i++) {
      const { principal, runId } = i % 2 === 0 ? first : second;
      expect(await ask(principal, runId), `number ${i + 1}`).toMatchObject({ kind: 'result' });
      if (report !== undefined) await reportUsage(world, { tenant: TENANT, runId, by: 'host', ...report });
    }

    for (const { principal, runId } of [first, second]) {
      expect(await ask(principal, runId)).toMatchObject({ kind: 'refused', code: 'E_BUDGET', ran: 'no' });
    }
    if (place.leaves === 'nobody') return;
    expect(await ask(place.leaves, await start(place.leaves))).toMatchObject({ kind: 'result' });
  });

  if (place.shares === 'its run') {
    it('ends a run at the millisecond at which its `time` is up', async () => {
      const { start, ask, advance } = await openWorld(place, 'time', '10m');
      const runId = await start(AA);
      advance(600_000 - 1 - TIMEOUT_MS);
      expect(await ask(AA, runId)).toMatchObject({ kind: 'result' }); // and takes a second
      advance(1);
      expect(await ask(AA, runId)).toMatchObject({ kind: 'refused', code: 'E_RUN_ENDED', ran: 'no' });
    });

    it('permits exactly as many levels as its `depth` says', async () => {
      const { world, start } = await openWorld(place, 'depth', N);
      let parentId = await start(AA);
      for (let level = 1; level <= N; level++)
        parentId = (await startChild(world, { tenant: TENANT, parentId, agent: 'b', task: '' })).id;
      await expect(startChild(world, { tenant: TENANT, parentId, agent: 'b', task: '' })).rejects.toMatchObject({
        code: 'E_BUDGET',
      });
    });

    it('permits exactly as many runs below one as its `fanOut` says', async () => {
      const { world, start } = await openWorld(place, 'fanOut', N);
      const parentId = await start(AA);
      const startOne = () => startChild(world, { tenant: TENANT, parentId, agent: 'b', task: '' });
      for (let i = 0; i < N; i++) await startOne();
      await expect(startOne()).rejects.toMatchObject({ code: 'E_BUDGET' });
      const other = await start(AA);
      await startChild(world, { tenant: TENANT, parentId: other, agent: 'b', task: '' });
    });
  } else {
    it.each(ofARun)('cannot say `%s`, which is of one run', (kind) => {
      const { budgets = {}, own } = place.write({ [kind]: kind === 'time' ? '10m' : 3 });
      const agents = own === undefined ? {} : { a: { tools: {}, budget: own } };
      expect(manifestSchema.safeParse({ version: 1, budgets, agents }).success).toBe(false);
    });
  }
});

describe('the table of budgets', () => {
  it('has a row for each kind, and a place for each that the configuration has', () => {
    const { allRuns, ...ofRuns } = runBudgetSchema.shape;
    expect(Object.keys(ofRuns).sort()).toEqual([...Object.keys(metered), ...ofARun].sort());
    expect(Object.keys(allRuns.unwrap().shape).sort()).toEqual([...Object.keys(metered), 'per'].sort());
    const written = Object.keys(places).filter((place) => place.startsWith('budgets.'));
    expect(Object.keys(budgetsSchema.shape).map((key) => `budgets.${key}`)).toEqual(written);
    for (const [key, schema] of Object.entries(budgetsSchema.shape)) {
      const kinds = key === 'run' ? [...Object.keys(metered), ...ofARun] : [...Object.keys(metered), 'per'];
      expect(Object.keys(schema.unwrap().shape).sort(), key).toEqual(kinds.sort());
    }
  });
});
