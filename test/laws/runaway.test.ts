import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '../../src/adapters/stores/memory/open-memory-store.ts';
import { digestBytes } from '../../src/base/digest.ts';
import type { ErrorCode } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';
import type { Principal } from '../../src/model/principal.ts';
import { toolName } from '../../src/model/tool.ts';
import type { Execution } from '../../src/ports/tool-source.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { call } from '../../src/runtime/call.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { LoopBook } from '../../src/runtime/loop-book.ts';
import { resumeRun } from '../../src/runtime/pause-run.ts';
import { type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * What keeps a run from running away besides budgets: loops are asked about, and what keeps failing is left alone. Both
 * only make a decision stricter, and remember what they saw in one process.
 */

const names = ['one', 'two', 'three'] as const;
const tools = names.map((name) => lawTool(name, { n: { type: 'integer' } }));
const declared = Object.fromEntries(tools.map((tool) => [toolName(tool), { effect: 'read', consequence: 'low' }]));
const TENANT = 'default';
const A: Principal = { tenant: TENANT, agent: 'a' };
const granting = { a: { tools: { 'law/one': {}, 'law/two': {} } }, b: { tools: { 'law/*': {} } } };
const text = (said: string): Execution => ({ ok: true, result: { content: [{ type: 'text', text: said }] } });
const failed = (code: 'E_UPSTREAM_LOST' | 'E_UPSTREAM_UNREACHABLE'): Execution => ({
  ok: false,
  ran: code === 'E_UPSTREAM_LOST' ? 'unknown' : 'no',
  code,
  message: 'broken',
});
const codeOf = (answer: CallAnswer): ErrorCode | 'ok' => (answer.kind === 'result' ? 'ok' : answer.code);

interface Session extends LawWorld {
  ask(name: string, n?: number, runId?: string): Promise<CallAnswer>;
  kindsOf(runId: string): Promise<readonly string[]>;
  readonly runId: string;
}

async function open(
  rules: object,
  answer: (name: string) => Execution,
  truth = openMemoryStore(),
  seed = 1,
): Promise<Session> {
  const catalog = lawCatalog({ tools, manifest: { version: 1, tools: declared, agents: granting, ...rules } });
  const opened = await openLawWorld({ catalog, truth, seed, call: async ({ tool }) => answer(tool.tool.name) });
  const { world } = opened;
  const { id } = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
  return {
    ...opened,
    runId: id,
    ask: (name, n = 0, runId = id) => call(world, { principal: A, runId, tool: `law/${name}`, arguments: { n } }),
    kindsOf: async (runId) => (await truth.readEvents({ tenant: TENANT, runId, limit: 1_000 })).map(({ kind }) => kind),
  };
}

describe('loops', () => {
  it('are asked about when the same call is made too often in a row, and a person may let it go on', async () => {
    const { world, ask } = await open({ loops: { same: 3 } }, () => text('done'));
    for (let i = 0; i < 3; i++) expect(codeOf(await ask('one'))).toBe('ok');
    const asked = await ask('one');
    expect(asked).toMatchObject({ code: 'E_APPROVAL_PENDING', ran: 'no' });
    expect(asked.kind === 'refused' && asked.reasons.map(({ code }) => code)).toContain('E_LOOP');
    const approvalId = asked.kind === 'refused' ? (asked.approvalId ?? '') : '';
    await answerApproval(world, { tenant: TENANT, approvalId, approve: true, by: 'p', presence: 'terminal' });
    expect(codeOf(await ask('one'))).toBe('ok');
    expect(codeOf(await ask('one', 1)), 'another call is none of it').toBe('ok');
    expect(codeOf(await ask('one')), 'and ends the row').toBe('ok');
  });

  it('are denied where the rules say so, and told to the model in words that help', async () => {
    const { ask } = await open({ loops: { cycle: 2, onLoop: 'deny' } }, () => text('done'));
    for (let i = 0; i < 2; i++) for (const name of ['one', 'two']) expect(codeOf(await ask(name))).toBe('ok');
    const denied = await ask('one');
    expect(denied).toMatchObject({ code: 'E_LOOP', toModel: expect.stringContaining('Do something else') });
    expect(codeOf(await ask('two'))).toBe('ok');
  });

  it('are seen when a call brings the same result again and again, whatever lies between', async () => {
    let results = 0;
    const { ask } = await open({ loops: { noProgress: 3, onLoop: 'deny' } }, (name) =>
      text(name === 'one' ? 'nothing new' : `result ${results++}`),
    );
    for (let i = 0; i < 3; i++) {
      expect(codeOf(await ask('one'))).toBe('ok');
      expect(codeOf(await ask('two'))).toBe('ok');
    }
    expect(codeOf(await ask('one'))).toBe('E_LOOP');
    expect(codeOf(await ask('two')), 'this one gets somewhere').toBe('ok');
  });

  it('are found over a restart, from what the record says of the run', async () => {
    const rules = { loops: { same: 4, onLoop: 'deny' } };
    const before = await open(rules, () => text('done'));
    for (let i = 0; i < 3; i++) expect(codeOf(await before.ask('one'))).toBe('ok');
    const after = await open(rules, () => text('done'), before.truth, 2);
    expect(codeOf(await after.ask('one', 0, before.runId)), 'the fourth').toBe('ok');
    expect(codeOf(await after.ask('one', 0, before.runId))).toBe('E_LOOP');
    expect(codeOf(await after.ask('one')), 'another run has its own').toBe('ok');

    const standing = { loops: { noProgress: 2, onLoop: 'deny' } };
    const again = await open(standing, () => text('done'), before.truth, 3);
    expect(codeOf(await again.ask('one', 0, before.runId)), 'with the results that are recorded').toBe('E_LOOP');
    expect(codeOf(await again.ask('one', 1, before.runId))).toBe('ok');
  });

  it('only make a decision stricter, and do not block in `observe`', async () => {
    const { ask } = await open({ loops: { same: 2 } }, () => text('done'));
    for (let i = 0; i < 4; i++) expect(codeOf(await ask('three'))).toBe('E_NOT_PERMITTED');
    const observed = await open({ mode: 'observe', loops: { same: 2, onLoop: 'deny' } }, () => text('done'));
    for (let i = 0; i < 4; i++) expect(codeOf(await observed.ask('one'))).toBe('ok');
    const events = await observed.truth.readEvents({ tenant: TENANT, runId: observed.runId, limit: 100 });
    const intended = events.filter(({ kind }) => kind === 'call.intended').map(({ body }) => body['observed']);
    expect(intended).toEqual([undefined, undefined, 'deny', 'deny']);
  });

  it('are looked for in bounded memory, and found as they are defined', () => {
    const digestOf = (each: number) => digestBytes(`call ${each}`);
    fc.assert(
      fc.property(
        fc.array(fc.nat(2), { maxLength: 40 }),
        fc.nat(2),
        fc.integer({ min: 2, max: 4 }),
        (made, next, n) => {
          const book = new LoopBook();
          for (const [i, each] of made.entries()) book.granted('run', `call_${i}`, digestOf(each));
          const found = (rules: object) => book.find('run', digestOf(next), rules) !== undefined;
          expect(found({ same: n })).toBe(made.length >= n && made.slice(-n).every((each) => each === next));
          const isCycle = [2, 3, 4, 5, 6, 7, 8].some((period) => {
            const last = made.slice(-period * n);
            const first = last.slice(0, period);
            const whole = last.length === period * n && new Set(first).size > 1 && first[0] === next;
            return whole && last.join('') === Array(n).fill(first.join('')).join('');
          });
          expect(found({ cycle: n })).toBe(isCycle);
        },
      ),
      { numRuns: 500, seed: 3 },
    );
    const book = new LoopBook();
    for (let run = 0; run < limits.loopRuns + 10; run++) book.granted(`run_${run}`, 'call', digestOf(0));
    expect(
      book.find('run_0', digestOf(0), { same: 1, onLoop: 'ask' } as never),
      'the oldest is forgotten',
    ).toBeUndefined();
  });
});

describe('circuit breakers', () => {
  const breaking = { tool: { failures: 3, rest: '30s' } };

  it('open after so many failures in a row, rest, let one call through, and close when it goes well', async () => {
    let broken = true;
    const session = await open({ breakers: breaking }, () => (broken ? failed('E_UPSTREAM_LOST') : text('done')));
    const { ask, advance, truth, runId, alerts } = session;
    for (let i = 0; i < 3; i++) expect(codeOf(await ask('one'))).toBe('E_UPSTREAM_LOST');
    const open1 = await ask('one');
    expect(open1).toMatchObject({ code: 'E_BREAKER_OPEN', ran: 'no', retryAfterMs: 30_000 });
    expect(codeOf(await ask('two')), 'another tool has its own').toBe('E_UPSTREAM_LOST');
    expect(alerts).toHaveLength(1);

    advance(30_000);
    expect(codeOf(await ask('one')), 'one is let through').toBe('E_UPSTREAM_LOST');
    expect(codeOf(await ask('one')), 'and opens it again').toBe('E_BREAKER_OPEN');
    advance(30_000);
    broken = false;
    expect(codeOf(await ask('one'))).toBe('ok');
    expect(codeOf(await ask('one'))).toBe('ok');
    const events = await truth.readEvents({ tenant: TENANT, runId, limit: 1_000 });
    const turns = events.filter(({ kind }) => kind === 'breaker.changed').map(({ body }) => body['to']);
    expect(turns).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
  });

  it('let one call through and no more, however many come at once', async () => {
    const release = Promise.withResolvers<void>();
    let calls = 0;
    const catalog = lawCatalog({
      tools,
      manifest: { version: 1, tools: declared, agents: granting, breakers: breaking },
    });
    const { world, advance } = await openLawWorld({
      catalog,
      call: async () => {
        calls += 1;
        if (calls <= 3) return failed('E_UPSTREAM_UNREACHABLE');
        await release.promise;
        return text('done');
      },
    });
    const run = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
    const ask = () => call(world, { principal: A, runId: run.id, tool: 'law/one', arguments: {} });
    for (let i = 0; i < 3; i++) await ask();
    advance(30_000);
    const asked = Array.from({ length: 64 }, ask);
    await Promise.race(asked);
    release.resolve();
    const codes = (await Promise.all(asked)).map(codeOf);
    expect(codes.filter((code) => code === 'ok')).toHaveLength(1);
    expect(codes.filter((code) => code === 'E_BREAKER_OPEN')).toHaveLength(63);
    expect(calls).toBe(4);
    expect(codeOf(await ask())).toBe('ok');
  });

  it('are apart by tenant, count a server’s tools together, and count nothing that a caller brings about alone', async () => {
    const session = await open({ breakers: { server: { failures: 3 } } }, (name) =>
      name === 'one' ? failed('E_UPSTREAM_LOST') : failed('E_UPSTREAM_UNREACHABLE'),
    );
    const { ask, world } = session;
    for (const name of ['one', 'two', 'one']) await ask(name);
    expect(codeOf(await ask('two'))).toBe('E_BREAKER_OPEN');
    const principal: Principal = { tenant: 'other', agent: 'a' };
    const other = await world.runs.start({ principal, task: 'law', prompt: [], attested: true });
    const answer = await call(world, { principal, runId: other.id, tool: 'law/two', arguments: {} });
    expect(codeOf(answer)).toBe('E_UPSTREAM_UNREACHABLE');

    const refusing = await open({ breakers: { tool: { failures: 1 } } }, () => text('done'));
    for (const name of ['none', 'three']) await refusing.ask(name);
    expect(codeOf(await refusing.ask('one'))).toBe('ok');
  });

  it('of a run pause it until a person resumes it, or end it, also for what is denied', async () => {
    const pausing = await open({ breakers: { run: { failures: 4, onOpen: 'pause', rest: '100ms' } } }, () =>
      text('done'),
    );
    for (let i = 0; i < 4; i++) expect(codeOf(await pausing.ask('three'))).toBe('E_NOT_PERMITTED');
    pausing.advance(1_000);
    expect(codeOf(await pausing.ask('one'))).toBe('E_RUN_PAUSED');
    expect(await pausing.kindsOf(pausing.runId)).toContain('run.paused');
    await resumeRun(pausing.world, { tenant: TENANT, runId: pausing.runId, by: 'p', presence: 'terminal' });
    expect(codeOf(await pausing.ask('one'))).toBe('ok');
    expect(pausing.alerts[0]?.message).toContain('opened after 4 failures');

    const ending = await open({ breakers: { run: { failures: 2, onOpen: 'end' } } }, () => failed('E_UPSTREAM_LOST'));
    for (let i = 0; i < 2; i++) expect(codeOf(await ending.ask('one'))).toBe('E_UPSTREAM_LOST');
    expect(['E_RUN_ENDED', 'E_BREAKER_OPEN']).toContain(codeOf(await ending.ask('one')));
    expect(await ending.truth.readRun(TENANT, ending.runId)).toHaveProperty('endedAtMs');
    ending.advance(60_000);
    expect(codeOf(await ending.ask('one'))).toBe('E_RUN_ENDED');
  });

  it('of a run count what it is denied for, and not that a budget is used up or an answer was used by somebody else', async () => {
    const manifest = {
      agents: {
        a: { budget: { calls: 2 }, tools: { 'law/one': {}, 'law/two': { approval: 'required' } } },
      },
      breakers: { run: { failures: 3 } },
    };
    const { world, truth, ask, runId } = await open(manifest, () => text('done'));
    const asked = await ask('two');
    const approvalId = asked.kind === 'refused' ? (asked.approvalId ?? '') : '';
    await answerApproval(world, { tenant: TENANT, approvalId, approve: true, by: 'p', presence: 'terminal' });
    const use = () => call(world, { principal: A, runId, tool: 'law/two', arguments: { n: 0 }, approvalId });
    expect(codeOf(await use())).toBe('ok');
    for (let i = 0; i < 5; i++) expect(codeOf(await use())).toBe('E_APPROVAL_USED');
    expect(codeOf(await ask('one'))).toBe('ok');
    for (let i = 0; i < 5; i++) expect(codeOf(await ask('one'))).toBe('E_BUDGET');
    expect(await truth.readBreakers(10)).toEqual([]);
    for (let i = 0; i < 3; i++) expect(codeOf(await ask('three'))).toBe('E_NOT_PERMITTED');
    expect(codeOf(await ask('one')), 'before its budget is looked at').toBe('E_BREAKER_OPEN');
  });

  it('of a run cannot be opened by who names the run of another agent', async () => {
    const session = await open({ breakers: { run: { failures: 2, onOpen: 'end' } } }, () => text('done'));
    const B: Principal = { tenant: TENANT, agent: 'b' };
    for (let i = 0; i < 5; i++) {
      const request = { principal: B, runId: session.runId, tool: 'law/none', arguments: {} };
      expect(codeOf(await call(session.world, request))).toBe('E_RUN_UNKNOWN');
    }
    expect(codeOf(await session.ask('one'))).toBe('ok');
  });
});

describe('without a word in the manifest', () => {
  it('a tool may fail twenty times in a row, then it is left alone, and its run goes on', async () => {
    const failing = await open({}, () => failed('E_UPSTREAM_LOST'));
    for (let i = 0; i < 20; i++) expect(codeOf(await failing.ask('one', i))).toBe('E_UPSTREAM_LOST');
    expect(codeOf(await failing.ask('one', 20))).toBe('E_BREAKER_OPEN');
    expect(codeOf(await failing.ask('two'))).toBe('E_UPSTREAM_LOST');
  });

  it('a call may be made as often as one likes: waiting looks just like a circle', async () => {
    const polling = await open({}, () => text('not yet'));
    for (let i = 0; i < 300; i++) expect(codeOf(await polling.ask('one'))).toBe('ok');
  });

  it('and nothing is left alone where it says `off`', async () => {
    const off = { failures: 'off' };
    const failing = await open({ breakers: { tool: off, server: off, run: off } }, () => failed('E_UPSTREAM_LOST'));
    for (let i = 0; i < 110; i++) expect(codeOf(await failing.ask('one', i))).toBe('E_UPSTREAM_LOST');
  });
});
