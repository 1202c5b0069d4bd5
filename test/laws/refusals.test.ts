import { describe, expect, it } from 'vitest';
import { newId } from '../../src/base/clock.ts';
import type { ErrorCode } from '../../src/base/errors.ts';
import { Fault } from '../../src/base/fault.ts';
import { limits } from '../../src/base/limits.ts';
import type { Principal } from '../../src/model/principal.ts';
import { toolName } from '../../src/model/tool.ts';
import { call } from '../../src/runtime/call.ts';
import { readCallRecord } from '../../src/runtime/explain.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * A refused call costs its sender nothing. Whoever has very many of them refused is not looked at for a while: what they ask for
 * then shares few records, every one of which names each call that was answered, and nobody else is held up.
 */

const TENANT = 'default';
const A: Principal = { tenant: TENANT, agent: 'a' };
const B: Principal = { tenant: TENANT, agent: 'b' };
const tool = lawTool('one', { n: { type: 'integer' } });
const codeOf = (answer: CallAnswer): ErrorCode | 'ok' => (answer.kind === 'result' ? 'ok' : answer.code);
const MOST = limits.refusalsPerMinute;

async function open() {
  let reached = 0;
  const faults = { commits: false };
  const law = await openLawWorld({
    catalog: lawCatalog({
      tools: [tool],
      manifest: {
        version: 1,
        tools: { [toolName(tool)]: { effect: 'read', consequence: 'low' } },
        channels: { ops: { webhook: { url: 'https://hooks.test', secret: { secret: 'env:S' } } } },
        breakers: { run: { failures: 'off' } },
        agents: { a: { tools: { 'law/one': {} } }, b: { tools: { 'law/one': {} } } },
      },
    }),
    wrap: (truth) => ({
      ...truth,
      commit: async (changes) => {
        if (faults.commits) throw new Fault('E_STORE', 'the disk is full');
        return truth.commit(changes);
      },
    }),
    call: async () => {
      reached += 1;
      return { ok: true, result: { content: [{ type: 'text', text: 'done' }] } };
    },
  });
  const start = async (principal: Principal) =>
    (await law.world.runs.start({ principal, task: 'law', prompt: [], attested: true })).id;
  const ask = (principal: Principal, runId: string, name = 'one') =>
    call(law.world, { principal, runId, tool: `law/${name}`, arguments: {} });
  const refusals = async (runId: string) => {
    const all: { code: unknown; calls: unknown[] }[] = [];
    for (let afterSeq = 0; ; ) {
      const page = await law.truth.readEvents({
        tenant: TENANT,
        runId,
        kinds: ['call.refused'],
        afterSeq,
        limit: 1_000,
      });
      const last = page.at(-1);
      if (last === undefined) return all;
      all.push(
        ...page.map(({ callId, body: { code, together } }) => ({
          code,
          calls: [callId, ...(Array.isArray(together) ? together : [])],
        })),
      );
      afterSeq = last.seq;
    }
  };
  return { ...law, start, ask, refusals, faults, reached: () => reached };
}

describe('a run whose calls are refused again and again', () => {
  it('is not looked at for the rest of the minute, and few records name every call that was answered', async () => {
    const { start, ask, refusals, advance, reached, truth, world } = await open();
    const runId = await start(A);
    for (let i = 0; i < MOST; i++) expect(codeOf(await ask(A, runId, 'none'))).toBe('E_TOOL_UNKNOWN');
    const many = await Promise.all(Array.from({ length: 2_500 }, () => ask(A, runId, 'none')));
    expect(new Set(many.map(codeOf))).toEqual(new Set(['E_REFUSALS']));
    const other = await ask(A, runId);
    expect(codeOf(other), 'whatever it asks for').toBe('E_REFUSALS');
    expect(other).toMatchObject({ ran: 'no', retryAfterMs: 60_000, toModel: expect.stringContaining('else') });
    expect(reached()).toBe(0);

    const later = (await refusals(runId)).slice(MOST);
    const answered = [...many, other].map(({ callId }) => callId);
    expect(later.flatMap(({ calls }) => calls).toSorted(), 'each once').toEqual(answered.toSorted());
    expect(new Set(later.map(({ code }) => code))).toEqual(new Set(['E_REFUSALS']));
    expect(later.length).toBeLessThan(10);
    for (const { calls } of later) expect(calls.length).toBeLessThanOrEqual(limits.refusalsTogether);
    const receipts = new Set([...many, other].map(({ receipt }) => receipt?.seq));
    expect([receipts.size, receipts.has(undefined)], 'every answer names its record').toEqual([later.length, false]);

    const last = later.find(({ calls }) => calls.length > 1)?.calls.at(-1);
    const { events } = await readCallRecord(truth, TENANT, String(last));
    expect(
      events.map(({ body }) => body['together']),
      'and can be explained',
    ).toEqual([expect.arrayContaining([last])]);

    const told = await truth.listNotices(TENANT, world.clock.nowMs(), 10);
    expect(told.map(({ facts }) => facts)).toEqual([{ alert: 'calls.refused', agent: 'a', run: runId }]);

    advance(60_000);
    expect(codeOf(await ask(A, runId))).toBe('ok');
    expect(codeOf(await ask(A, runId, 'none'))).toBe('E_TOOL_UNKNOWN');
  });

  it('can be explained where the wall clock went back meanwhile', async () => {
    const { truth, world } = await open();
    const atMs = world.clock.nowMs();
    const callId = newId({ ...world.clock, nowMs: () => atMs + 5_000 }, 'call');
    const first = newId(world.clock, 'call');
    const event = { id: 'evt_1', kind: 'call.refused', tenant: TENANT, callId: first, atMs } as const;
    await truth.commit([{ kind: 'event.append', event: { ...event, body: { together: [callId] } } }]);
    expect((await readCallRecord(truth, TENANT, callId)).events.map(({ id }) => id)).toEqual(['evt_1']);
  });

  it('is told of no record where the store takes none', async () => {
    const { start, ask, faults } = await open();
    const runId = await start(A);
    for (let i = 0; i <= MOST; i++) await ask(A, runId, 'none');
    faults.commits = true;
    const many = await Promise.all(Array.from({ length: 50 }, () => ask(A, runId, 'none')));
    expect(new Set(many.map((answer) => [codeOf(answer), answer.receipt].join()))).toEqual(new Set(['E_STORE,']));
  });

  it('holds up no other run, and cannot be brought about by who names the run of somebody else', async () => {
    const { start, ask, world } = await open();
    const [own, other, third] = [await start(A), await start(A), await start(B)];
    for (let i = 0; i <= MOST; i++) await ask(B, own, 'none');
    expect(codeOf(await ask(B, own)), 'who names it is not looked at').toBe('E_REFUSALS');
    expect(codeOf(await ask(A, own))).toBe('ok');
    expect(codeOf(await ask(A, other))).toBe('ok');
    expect(codeOf(await ask(B, third)), 'nor are runs of its own held up').toBe('ok');
    const foreign: Principal = { tenant: 'other', agent: 'b' };
    const answer = await call(world, { principal: foreign, runId: own, tool: 'law/one', arguments: {} });
    expect(codeOf(answer)).toBe('E_RUN_UNKNOWN');
  });
});
