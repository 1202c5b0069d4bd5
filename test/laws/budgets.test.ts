import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/adapters/stores/sqlite/open-sqlite-store.ts';
import type { Intent } from '../../src/model/intent.ts';
import type { Principal } from '../../src/model/principal.ts';
import type { Store } from '../../src/ports/store.ts';
import { call } from '../../src/runtime/call.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { readUsage, reportUsage } from '../../src/runtime/report-usage.ts';
import type { World } from '../../src/runtime/world.ts';
import { counting, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * Law 9: what Chaperone meters itself is never exceeded, under any concurrency, by any number of gateways on one store;
 * and nobody is refused while there is room. Assumes one store behind all of them.
 */

const WORKERS = 64;
const tools = [lawTool('one', {}), lawTool('two', {})];
const declared = Object.fromEntries(
  ['law/one', 'law/two'].map((name) => [name, { effect: 'read', consequence: 'low' }]),
);
const grants = { 'law/one': {}, 'law/two': {} };
const worldOf = (budgets: object, agents: object) =>
  lawCatalog({ tools, manifest: { version: 1, tools: declared, budgets, agents } });

const folders: string[] = [];
const stores: Store[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function newFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chaperone-budgets-'));
  folders.push(folder);
  return join(folder, 'store.db');
}

async function openStore(path: string): Promise<Store> {
  const store = await openSqliteStore({ path });
  stores.push(store);
  return store;
}

const results = (answers: readonly CallAnswer[]): number => answers.filter(({ kind }) => kind === 'result').length;
const codes = (answers: readonly CallAnswer[]): readonly string[] => [
  ...new Set(answers.flatMap((answer) => (answer.kind === 'refused' ? [answer.code] : []))),
];
const A: Principal = { tenant: 'default', agent: 'a', onBehalfOf: { id: 'ana', groups: [], attributes: {} } };

describe('law 9: a budget of N permits N', () => {
  it('holds for every scope, whatever the smallest is, with 64 workers on one store', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ run: fc.nat(90), agent: fc.nat(90), user: fc.nat(90), tenant: fc.nat(90), own: fc.nat(90) }),
        async ({ run, agent, user, tenant, own }) => {
          const effects: Intent[] = [];
          const { world } = await openLawWorld({
            truth: await openStore(await newFile()),
            call: counting(effects),
            catalog: worldOf(
              { run: { calls: run }, agent: { calls: agent }, user: { calls: user }, tenant: { calls: tenant } },
              { a: { tools: grants, budget: { calls: 80, allRuns: { calls: own } } } },
            ),
          });
          const started = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
          const answers = await Promise.all(
            Array.from({ length: WORKERS }, (_, i) =>
              call(world, {
                principal: A,
                runId: started.id,
                tool: i % 2 === 0 ? 'law/one' : 'law/two',
                arguments: {},
              }),
            ),
          );
          const least = Math.min(run, agent, user, tenant, own, 80, WORKERS);
          expect(results(answers)).toBe(least);
          expect(effects).toHaveLength(least);
          if (least < WORKERS) expect(codes(answers)).toEqual(['E_BUDGET']);
        },
      ),
      { numRuns: 12, seed: 9 },
    );
  });

  it('holds for several gateways on one store, and over many runs of one agent', async () => {
    const path = await newFile();
    const effects: Intent[] = [];
    const catalog = worldOf({}, { a: { tools: grants, budget: { allRuns: { calls: 100 } } } });
    const gateways = await Promise.all(
      Array.from({ length: 3 }, async (_, seed) =>
        openLawWorld({ truth: await openStore(path), call: counting(effects), catalog, seed }),
      ),
    );
    const answers = await Promise.all(
      Array.from({ length: WORKERS }, async (_, i) => {
        const world = gateways[i % 3]?.world;
        if (world === undefined) throw new Error('no gateway');
        const run = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
        const each: CallAnswer[] = [];
        for (let n = 0; n < 4; n++) {
          each.push(await call(world, { principal: A, runId: run.id, tool: 'law/one', arguments: {} }));
        }
        return each;
      }),
    );
    expect(results(answers.flat())).toBe(100);
    expect(effects).toHaveLength(100);
    expect(codes(answers.flat())).toEqual(['E_BUDGET']);
  });

  it('permits no more of a rate in any window, wherever it begins and however the clock jumps', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.nat(20_000), fc.integer({ min: -90_000, max: 0 })), { minLength: 30, maxLength: 80 }),
        async (jumps) => {
          const effects: Intent[] = [];
          const { world, advance } = await openLawWorld({
            call: counting(effects),
            catalog: worldOf({}, { a: { tools: { ...grants, 'law/one': { rate: '5/minute' } } } }),
          });
          const run = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
          const request = { principal: A, runId: run.id, tool: 'law/one', arguments: {} };
          const granted: { atMs: number; passedMs: number }[] = [];
          let passedMs = 0; // the time that really passed: a clock that is set back does not take it back
          for (const jump of jumps) {
            advance(jump);
            if (jump > 0) passedMs += jump;
            const answer = await call(world, request);
            if (answer.kind === 'result') granted.push({ atMs: world.clock.nowMs(), passedMs });
            else if (answer.code === 'E_RATE') expect(answer.retryAfterMs).toBeGreaterThan(0);
          }
          expect(granted.length).toBeGreaterThan(0);
          for (const { passedMs: from } of granted) {
            const within = granted.filter((other) => other.passedMs >= from && other.passedMs < from + 60_000);
            expect(within.length).toBeLessThanOrEqual(5);
          }
        },
      ),
      { numRuns: 100, seed: 9 },
    );
  });

  it('has room again when it said it would', async () => {
    const { world, advance } = await openLawWorld({
      call: counting([]),
      catalog: worldOf({}, { a: { tools: { 'law/*': { rate: '3/hour' } } } }),
    });
    const run = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
    const ask = (tool: string) => call(world, { principal: A, runId: run.id, tool, arguments: {} });
    for (const tool of ['law/one', 'law/two', 'law/one']) expect((await ask(tool)).kind).toBe('result');
    const refused = await ask('law/two');
    expect(refused).toMatchObject({ code: 'E_RATE', ran: 'no' });
    const waitMs = refused.kind === 'refused' ? (refused.retryAfterMs ?? 0) : 0;
    advance(waitMs - 1);
    expect(await ask('law/two')).toMatchObject({ code: 'E_RATE' });
    advance(1);
    expect((await ask('law/two')).kind).toBe('result');
  });

  it('hands over no more bytes of results than there are, whatever the results are, and gives back what is not used', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(3_000), fc.array(fc.nat(400), { minLength: 64, maxLength: 64 }), async (max, sizes) => {
        let next = 0;
        const { world, truth } = await openLawWorld({
          catalog: worldOf({}, { a: { tools: grants, budget: { resultBytes: `${max}B` } } }),
          call: async () => {
            const size = sizes[next++ % sizes.length] ?? 0;
            await Promise.resolve();
            return { ok: true, result: { content: [{ type: 'text', text: 'x'.repeat(size) }] } };
          },
        });
        const run = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
        const ask = () => call(world, { principal: A, runId: run.id, tool: 'law/one', arguments: {} });
        const answers: CallAnswer[] = [];
        // Eight at a time: while all that is left is reserved, others are refused.
        for (let i = 0; i < 8; i++) answers.push(...(await Promise.all(Array.from({ length: 8 }, ask))));
        const bytes = answers.map((answer) =>
          answer.kind === 'result' ? Buffer.byteLength(JSON.stringify(answer.result)) : 0,
        );
        const sum = bytes.reduce((all, each) => all + each, 0);
        expect(sum).toBeLessThanOrEqual(max);
        const meter = { meter: `resultBytes/run:${run.id}` };
        expect(await truth.readMeters([meter], 0)).toEqual([sum]);
        for (const answer of answers) {
          if (answer.kind === 'refused') expect(['E_BUDGET', 'E_RESULT_TOO_LARGE']).toContain(answer.code);
        }
        if (max > 450) expect(sum).toBeGreaterThan(0);
      }),
      { numRuns: 40, seed: 9 },
    );
  });

  it('gives calls no more time than there is, however many are at work, and gives back what they did not take', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1_000, max: 12_000 }),
        fc.array(
          fc.record({ calls: fc.integer({ min: 1, max: 8 }), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
          {
            minLength: 8,
            maxLength: 16,
          },
        ),
        async (max, rounds) => {
          const deadlines: number[] = [];
          let atWork: (() => void)[] = [];
          const { world, truth, advance } = await openLawWorld({
            catalog: lawCatalog({
              tools,
              manifest: {
                version: 1,
                tools: { 'law/one': { effect: 'read', consequence: 'low', timeout: '2s' } },
                budgets: { user: { callTime: `${max}ms` } },
                agents: { a: { tools: { 'law/one': {} } } },
              },
            }),
            call: (intent) => {
              deadlines.push(intent.deadlineMs);
              return new Promise((resolve) => {
                atWork.push(() => resolve({ ok: true, result: { content: [] } }));
              });
            },
          });
          const run = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
          let took = 0;
          for (const { calls, part } of rounds) {
            let refused = 0;
            const asked = Array.from({ length: calls }, async () => {
              const answer = await call(world, { principal: A, runId: run.id, tool: 'law/one', arguments: {} });
              if (answer.kind === 'result') return;
              expect(answer).toMatchObject({ code: 'E_BUDGET', ran: 'no' });
              refused += 1;
            });
            while (atWork.length + refused < calls) await new Promise((resolve) => setImmediate(resolve));
            // All that is not at work is refused, and only where there is less left than it may take.
            const whole = Math.min(2_000, max);
            expect(refused > 0).toBe(atWork.length < calls);
            if (refused > 0) expect(max - took - atWork.length * whole).toBeLessThan(whole);
            const eachMs = Math.floor(part * whole);
            advance(eachMs);
            took += eachMs * atWork.length;
            for (const finish of atWork.splice(0)) finish();
            await Promise.all(asked);
            expect(took).toBeLessThanOrEqual(max);
          }
          atWork = [];
          expect(
            deadlines.every((deadlineMs) => deadlineMs === Math.min(2_000, max)),
            'none is cut short',
          ).toBe(true);
          const usage = await readUsage(world, world.catalog().manifest, 'default', run.id);
          expect(usage.find(({ kind }) => kind === 'callTime')).toMatchObject({
            kind: 'callTime',
            whose: 'this user',
            used: took,
            max,
            advisory: false,
          });
          expect(await truth.listOpenIntents(1)).toEqual([]);
        },
      ),
      { numRuns: 40, seed: 9 },
    );
  });

  it('counts all the time that a call took, also what a late timer gave it, and none of what never ran', async () => {
    // A file stops the first call after its intent was recorded, and before its tool is called.
    let looks = 0;
    const stop = { scope: 'all', reason: 'law', by: 'ana', incident: false, place: 'STOP' };
    const { world, advance } = await openLawWorld({
      catalog: worldOf({ tenant: { callTime: '2m' } }, { a: { tools: grants } }),
      stopSwitch: { find: () => (++looks === 2 ? stop : undefined), list: () => [] },
      call: async () => {
        advance(90_000); // half a minute more than it may
        return { ok: false, ran: 'unknown', code: 'E_UPSTREAM_TIMEOUT', message: 'late' };
      },
    });
    const start = () => world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
    let run = await start();
    const ask = (tool: string) => call(world, { principal: A, runId: run.id, tool, arguments: {} });
    const used = async () =>
      (await readUsage(world, world.catalog().manifest, 'default', run.id)).find(({ kind }) => kind === 'callTime')
        ?.used;
    expect(await ask('law/one')).toMatchObject({ code: 'E_ISOLATED', ran: 'no' });
    expect(await used()).toBe(0);
    expect(await ask('law/one')).toMatchObject({ code: 'E_UPSTREAM_TIMEOUT' });
    expect(await used()).toBe(90_000);
    const refused = await ask('law/one');
    expect(refused).toMatchObject({ code: 'E_BUDGET', ran: 'no' });
    expect(refused.kind === 'refused' && refused.reasons[0]?.message).toContain('60000 are asked for');
    advance(refused.kind === 'refused' ? (refused.retryAfterMs ?? 0) : 0);
    run = await start();
    expect(await ask('law/one'), 'a day later').toMatchObject({ code: 'E_UPSTREAM_TIMEOUT' });
  });

  it('refuses calls once what was reported is more than a budget, says that it was reported, and takes nothing back', async () => {
    const { world, truth } = await openLawWorld({
      call: counting([]),
      catalog: worldOf(
        { tenant: { tokens: 10_000 } },
        { a: { tools: grants, budget: { tokens: 1_000, spend: '2 USD' } } },
      ),
    });
    const run = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
    const ask = () => call(world, { principal: A, runId: run.id, tool: 'law/one', arguments: {} });
    const report = { tenant: 'default', runId: run.id };
    await reportUsage(world, { ...report, by: 'host', tokens: 999, spend: 31_000, model: 'm' });
    expect((await ask()).kind).toBe('result');
    await reportUsage(world, { ...report, by: 'agent', tokens: 5_000 });
    const refused = await ask();
    expect(refused).toMatchObject({ code: 'E_BUDGET', ran: 'no' });
    expect(refused.kind === 'refused' && refused.reasons[0]?.message).toContain('as reported');
    const usage = await readUsage(world, world.catalog().manifest, 'default', run.id);
    expect(usage).toEqual([
      { kind: 'tokens', whose: 'this run', used: 5_999, max: 1_000, advisory: true },
      { kind: 'spend', whose: 'this run', used: 31_000, max: 2_000_000, advisory: true },
      // An agent's own word counts in its run alone: it could use up what is everybody's.
      { kind: 'tokens', whose: 'everybody', used: 999, max: 10_000, windowMs: 86_400_000, advisory: true },
    ]);
    const events = await truth.readEvents({ tenant: 'default', runId: run.id, limit: 100 });
    const reports = events.filter(({ kind }) => kind === 'usage.reported').map(({ body }) => body);
    expect(reports).toMatchObject([
      { advisory: true, by: 'host', spend: '0.031 USD' },
      { advisory: true, by: 'agent' },
    ]);
  });

  it('ends a run when its time is up, also by a clock that is set back', async () => {
    const { world, advance } = await openLawWorld({
      call: counting([]),
      catalog: worldOf({}, { a: { tools: grants, budget: { time: '10m' } } }),
    });
    const run = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
    const ask = () => call(world, { principal: A, runId: run.id, tool: 'law/one', arguments: {} });
    advance(9 * 60_000);
    setBack(world, 8 * 60_000);
    expect((await ask()).kind).toBe('result');
    advance(60_000);
    expect(await ask()).toMatchObject({ code: 'E_RUN_ENDED', ran: 'no' });
  });
});

/** The wall clock goes back; the other one goes on. */
function setBack({ clock }: World, byMs: number): void {
  const { nowMs } = clock;
  clock.nowMs = () => nowMs() - byMs;
}
