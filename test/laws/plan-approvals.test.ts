import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Intent } from '../../src/model/intent.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { askPlan, type PlanAnswer } from '../../src/runtime/approving/ask-plan.ts';
import { readCard } from '../../src/runtime/approving/read-card.ts';
import { call } from '../../src/runtime/call.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { counting, type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * Law 7 for several calls at once: one answer to a plan is about exactly its calls, each once. Whatever is left out is left
 * out; whatever is added, altered or repeated asks again; and each call is decided again when it is made.
 */

const tools = [lawTool('pay', { amount: { type: 'integer' } }), lawTool('wipe', {}), lawTool('look', {})];
const catalogOf = (deny: readonly string[] = []) =>
  lawCatalog({
    tools,
    manifest: {
      version: 1,
      tools: {
        'law/pay': { effect: 'write', consequence: 'medium' },
        'law/wipe': { effect: 'write', consequence: 'high' },
        'law/look': { effect: 'read', consequence: 'low' },
      },
      agents: {
        a: { tools: { 'law/pay': { approval: 'required' }, 'law/wipe': {}, 'law/look': {} }, deny },
      },
    },
  });
const principal = { tenant: 'default', agent: 'a' };
let effects: Intent[];
let law: LawWorld;
let runId: string;

beforeEach(() => open());
async function open(): Promise<void> {
  effects = [];
  law = await openLawWorld({ catalog: catalogOf(), call: counting(effects) });
  runId = (await law.world.runs.start({ principal, task: 'law', prompt: [], attested: true })).id;
}

const pay = (amount: number) => ({ tool: 'law/pay', arguments: { amount } });
const plan = (...calls: { tool: string; arguments: unknown }[]) => askPlan(law.world, { principal, runId, calls });
const use = async (amount: number, approvalId?: string) =>
  codeOf(
    await call(law.world, { principal, runId, ...pay(amount), ...(approvalId === undefined ? {} : { approvalId }) }),
  );
const codeOf = (given: CallAnswer) => (given.kind === 'refused' ? given.code : 'result');
const amounts = () => effects.map(({ call: { arguments: args } }) => args['amount']);

function asked(answer: PlanAnswer): Extract<PlanAnswer, { kind: 'asked' }> {
  if (answer.kind !== 'asked') throw new Error(`the plan was not asked about: ${JSON.stringify(answer)}`);
  return answer;
}
const answer = (approvalId: string, approve = true, confirm?: string) =>
  answerApproval(law.world, {
    tenant: 'default',
    approvalId,
    approve,
    by: 'ana',
    presence: 'terminal',
    ...(confirm === undefined ? {} : { confirm }),
  });

describe('law 7: one answer to a plan', () => {
  it('lets exactly its calls run, each once, in any order, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.record({ amount: fc.integer({ min: 0, max: 12 }), named: fc.boolean() }), { maxLength: 20 }),
        fc.boolean(),
        fc.nat(),
        async (planned, tries, approve, which) => {
          await open();
          const { approvals } = asked(await plan(...planned.map(pay)));
          for (const amount of planned) expect(await use(amount)).toBe('E_APPROVAL_PENDING');
          expect(effects).toEqual([]);
          // Any of them stands for all.
          await answer(approvals[which % approvals.length] ?? '', approve);
          for (const { amount, named } of tries)
            await use(amount, named ? (approvals[planned.indexOf(amount)] ?? approvals[0]) : undefined);
          const tried = new Set(tries.map(({ amount }) => amount));
          const expected = approve ? planned.filter((amount) => tried.has(amount)) : [];
          expect(amounts().toSorted()).toEqual(expected.toSorted());
        },
      ),
      { numRuns: 80, seed: 2 },
    );
  });

  it('is asked of people once, on one card, and what can do much harm takes the plan’s own name', async () => {
    const wipe = { tool: 'law/wipe', arguments: {} };
    const { planId, approvalId, approvals } = asked(await plan(pay(1), wipe, { tool: 'law/look', arguments: {} }));
    expect(approvals).toEqual([approvalId, expect.any(String), undefined]);
    const approval = await law.truth.readApproval('default', approvalId);
    if (approval === undefined) throw new Error('nothing was asked');
    const card = await readCard(law.truth, law.world.catalog().manifest, approval);
    expect(card.plan).toEqual({
      id: planId,
      calls: [
        { tool: 'law/pay', arguments: { amount: 1 } },
        { tool: 'law/wipe', arguments: {} },
      ],
    });
    await expect(answer(approvalId)).rejects.toMatchObject({ code: 'E_APPROVAL_CONFIRM' });
    await expect(answer(approvalId, true, 'law/wipe')).rejects.toMatchObject({ code: 'E_APPROVAL_CONFIRM' });
    expect(await use(1), 'one that cannot be answered leaves all unanswered').toBe('E_APPROVAL_PENDING');
    await answer(approvalId, true, planId);
    expect(await use(1)).toBe('result');
    await expect(answer(approvals[1] ?? '', false)).rejects.toMatchObject({ code: 'E_APPROVAL_USED' });
  });

  it('is decided again for each call when it is made', async () => {
    const { approvalId, approvals } = asked(await plan(pay(1), pay(2)));
    await answer(approvalId);
    await law.enthrone(catalogOf(['law/pay']));
    expect(await use(1, approvals[0])).toBe('E_DENIED');
    await law.enthrone(catalogOf());
    expect(await use(1, approvals[0])).toBe('result');
    law.advance(900_000);
    expect(await use(2, approvals[1])).toBe('E_APPROVAL_EXPIRED');
  });

  it('is not asked for where a call is denied, twice in it, or not a call', async () => {
    await law.enthrone(catalogOf(['law/wipe']));
    expect(await plan(pay(1), { tool: 'law/wipe', arguments: {} })).toMatchObject({
      kind: 'refused',
      index: 1,
      code: 'E_DENIED',
    });
    expect(await plan(pay(1), pay(1))).toMatchObject({ kind: 'refused', index: 1, code: 'E_REQUEST_INVALID' });
    expect(await plan({ tool: 'law/none', arguments: {} })).toMatchObject({ kind: 'refused', code: 'E_TOOL_UNKNOWN' });
    expect(await plan(...Array.from({ length: 51 }, (_, i) => pay(i)))).toMatchObject({ code: 'E_APPROVAL_FLOOD' });
    expect(await plan({ tool: 'law/look', arguments: {} })).toEqual({ kind: 'permitted' });
    expect(await law.truth.listApprovals('default', 'pending', 10), 'none of it was asked about').toEqual([]);
    expect(effects).toEqual([]);
  });
});
