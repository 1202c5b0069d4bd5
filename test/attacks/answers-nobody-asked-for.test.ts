import { describe, expect, it } from 'vitest';
import type { CallContext, Execution } from '../../src/ports/tool-source.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { call } from '../../src/runtime/call.ts';
import { lawCatalog, lawTool, openLawWorld } from '../laws/law-world.ts';
import { openAttackDoor } from './attack-door.ts';

/**
 * Answers to a tool's questions leave beside its arguments, past their schema and limits. So they are taken only where
 * the tool asked, for what it asked; and an approval of a call without them is none of a call with them.
 */
const requestedSchema = { type: 'object', properties: { amount: { type: 'integer' } } };
const QUESTION = { method: 'elicitation/create', params: { message: '?', requestedSchema } };

async function openAsking(approval: 'required' | 'never') {
  const inputs: CallContext['input'][] = [];
  const law = await openLawWorld({
    catalog: lawCatalog({
      tools: [lawTool('pay', {})],
      manifest: { version: 1, agents: { a: { tools: { 'law/pay': { approval } } } } },
    }),
    call: async (_intent, { input }): Promise<Execution> => {
      inputs.push(input);
      const extra = { resultType: 'input_required', inputRequests: { ok: QUESTION } };
      return { ok: true, result: input === undefined ? { content: [], extra } : { content: [] } };
    },
  });
  const principal = { tenant: 'default', agent: 'a' };
  const run = await law.world.runs.start({ principal, task: 'attack', prompt: [], attested: false });
  return { law, run, principal, inputs };
}

describe('answers nobody asked for', () => {
  it('do not reach the tool before its question, nor those that it does not ask for', async () => {
    const { law, run, inputs } = await openAsking('never');
    await using door = openAttackDoor(law);
    const ok = { action: 'accept', content: { amount: 1_000_000 } };
    const ask = (inputResponses: object) =>
      door.ask(run.id, 'tools/call', { name: 'pay', arguments: {}, inputResponses });
    const waiting = { resultType: 'input_required', requestState: expect.any(String) };
    expect((await ask({ amount: ok })).result).toMatchObject(waiting);
    expect(inputs).toEqual([undefined]);
    expect((await ask({ ok, amount: ok })).result).toMatchObject({ resultType: 'complete' });
    expect(inputs).toEqual([undefined, undefined, { responses: { ok } }]);
  });

  it('are a call of their own, which a person approves with them', async () => {
    const { law, run, inputs } = await openAsking('required');
    await using door = openAttackDoor(law);
    const inputResponses = { ok: { action: 'accept', content: { amount: 1_000_000 } } };
    const ask = async () => {
      const { result } = await door.ask(run.id, 'tools/call', { name: 'pay', arguments: {}, inputResponses });
      return (result?.['_meta'] as Record<string, string> | undefined)?.['chaperone/approvalId'] ?? '';
    };
    const approve = (approvalId: string) =>
      answerApproval(law.world, {
        tenant: 'default',
        approvalId,
        approve: true,
        by: 'ann',
        presence: 'terminal',
        confirm: 'law/pay',
      });
    await approve(await ask());
    const second = await ask();
    expect(inputs).toEqual([undefined]);
    expect(await law.truth.readApproval('default', second)).toMatchObject({ state: 'pending', input: inputResponses });
    await approve(second);
    await ask();
    expect(inputs).toEqual([undefined, { responses: inputResponses }]);
  });

  it('do not come along with those that were', async () => {
    const { law, run, inputs } = await openAsking('never');
    await using door = openAttackDoor(law);
    const asked = await door.ask(run.id, 'tools/call', { name: 'pay', arguments: {} });
    const requestState = asked.result?.['requestState'];
    const inputResponses = { ok: { action: 'accept' }, more: { action: 'accept' } };
    await door.ask(run.id, 'tools/call', { name: 'pay', arguments: {}, inputResponses, requestState });
    expect(inputs).toEqual([undefined, { responses: { ok: { action: 'accept' } } }]);
  });

  it('are not what was asked for, and so left out', async () => {
    const { law, run, inputs } = await openAsking('never');
    await using door = openAttackDoor(law);
    for (const answer of [
      { action: 'accept', content: { amount: 'all of it' } },
      { action: 'accept', content: { amount: 1, more: 'words' } },
      { action: 'whatever' },
      { action: 'decline', content: { amount: 1 }, more: 'words' },
    ]) {
      const asked = await door.ask(run.id, 'tools/call', { name: 'pay', arguments: {} });
      const requestState = asked.result?.['requestState'];
      const params = { name: 'pay', arguments: {}, inputResponses: { ok: answer }, requestState };
      await door.ask(run.id, 'tools/call', params);
    }
    expect(inputs.filter((input) => input !== undefined)).toEqual([
      { responses: {} },
      { responses: {} },
      { responses: {} },
      { responses: { ok: { action: 'decline' } } },
    ]);
  });

  it('are not covered by an approval of the call without them, and are shown to whoever approves them', async () => {
    const { law, run, principal, inputs } = await openAsking('required');
    const request = { principal, runId: run.id, tool: 'law/pay', arguments: {} };
    const first = await call(law.world, request);
    const approvalId = first.kind === 'refused' ? (first.approvalId ?? '') : '';
    await answerApproval(law.world, {
      tenant: 'default',
      approvalId,
      approve: true,
      by: 'ann',
      presence: 'terminal',
      confirm: 'law/pay',
    });
    const input = { responses: { ok: { action: 'accept', content: { amount: 1_000_000 } } } };
    const second = await call(law.world, { ...request, input });
    expect(second).toMatchObject({ kind: 'refused', code: 'E_APPROVAL_PENDING' });
    expect(inputs).toEqual([]);
    const id = second.kind === 'refused' ? (second.approvalId ?? '') : '';
    expect(await law.truth.readApproval('default', id)).toMatchObject({ input: input.responses });
  });
});
