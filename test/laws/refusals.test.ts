import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';
import type { Principal } from '../../src/model/principal.ts';
import { toolName } from '../../src/model/tool.ts';
import { call } from '../../src/runtime/call.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * A refused call costs its sender nothing. Whoever has very many of them refused is not looked at for a while: the record stays
 * bounded, says that it leaves calls out and how many, and nobody else is held up.
 */

const TENANT = 'default';
const A: Principal = { tenant: TENANT, agent: 'a' };
const B: Principal = { tenant: TENANT, agent: 'b' };
const tool = lawTool('one', { n: { type: 'integer' } });
const codeOf = (answer: CallAnswer): ErrorCode | 'ok' => (answer.kind === 'result' ? 'ok' : answer.code);
const MOST = limits.refusalsPerMinute;

async function open() {
  let reached = 0;
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
    const all: { code: unknown; unrecorded: unknown }[] = [];
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
      all.push(...page.map(({ body }) => ({ code: body['code'], unrecorded: body['unrecorded'] })));
      afterSeq = last.seq;
    }
  };
  return { ...law, start, ask, refusals, reached: () => reached };
}

describe('a run whose calls are refused again and again', () => {
  it('is not looked at for the rest of the minute, and the record says how many it leaves out', async () => {
    const { start, ask, refusals, advance, reached, truth, world } = await open();
    const runId = await start(A);
    for (let i = 0; i < MOST; i++) expect(codeOf(await ask(A, runId, 'none'))).toBe('E_TOOL_UNKNOWN');
    const many = await Promise.all(Array.from({ length: 500 }, () => ask(A, runId, 'none')));
    expect(new Set(many.map(codeOf))).toEqual(new Set(['E_REFUSALS']));
    expect(codeOf(await ask(A, runId)), 'whatever it asks for').toBe('E_REFUSALS');
    expect(many[0]).toMatchObject({ ran: 'no', retryAfterMs: 60_000, toModel: expect.stringContaining('else') });
    expect(reached()).toBe(0);
    expect(await refusals(runId)).toHaveLength(MOST + 1);

    const told = await truth.listNotices(TENANT, world.clock.nowMs(), 10);
    expect(told.map(({ facts }) => facts)).toEqual([{ alert: 'calls.refused', agent: 'a', run: runId }]);

    advance(60_000);
    expect(codeOf(await ask(A, runId))).toBe('ok');
    expect(codeOf(await ask(A, runId, 'none'))).toBe('E_TOOL_UNKNOWN');
    const recorded = await refusals(runId);
    expect(recorded).toHaveLength(MOST + 2);
    expect(recorded.at(-2)?.code).toBe('E_REFUSALS');
    expect(recorded.at(-1), 'all but the first of them').toEqual({ code: 'E_TOOL_UNKNOWN', unrecorded: 500 });
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
