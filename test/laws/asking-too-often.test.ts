import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import type { Principal } from '../../src/model/principal.ts';
import { askPlan } from '../../src/runtime/approving/ask-plan.ts';
import { call } from '../../src/runtime/call.ts';
import { counting, type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * Nobody is asked without end: not by one run, not by an agent that spreads its questions over runs, and not by several
 * agents for one user. Whoever answers is not worn out by who asks, and others may still ask.
 */

const TENANT = 'default';
const catalog = lawCatalog({
  tools: [lawTool('send', { n: { type: 'integer' } })],
  manifest: {
    version: 1,
    tools: { 'law/send': { effect: 'write', consequence: 'medium' } },
    agents: Object.fromEntries(
      ['a', 'b', 'c'].map((name) => [name, { tools: { 'law/send': { approval: 'required' } } }]),
    ),
  },
});
const PER_RUN = limits.pendingApprovalsPerRun;

/** Asks so many questions in as many runs as that takes. Gives the code of the first that is refused otherwise. */
async function ask({ world }: LawWorld, principal: Principal, count: number): Promise<string | undefined> {
  for (let asked = 0; asked < count; asked += PER_RUN) {
    const run = await world.runs.start({ principal, task: '', prompt: [], attested: true });
    const many = Math.min(PER_RUN, count - asked);
    const calls = Array.from({ length: many }, (_, n) => ({ tool: 'law/send', arguments: { n } }));
    const answer = await askPlan(world, { principal, runId: run.id, calls });
    if (answer.kind === 'refused') return answer.code;
  }
  return undefined;
}

describe('asking too often', () => {
  it('is refused to a run by the time it has asked so often, answered or not, and says when it may again', async () => {
    const law = await openLawWorld({ catalog, call: counting([]) });
    const principal = { tenant: TENANT, agent: 'a' };
    const { id: runId } = await law.world.runs.start({ principal, task: '', prompt: [], attested: true });
    const one = (n: number) => call(law.world, { principal, runId, tool: 'law/send', arguments: { n } });
    for (let n = 0; n < PER_RUN; n++) expect(await one(n)).toMatchObject({ code: 'E_APPROVAL_PENDING' });
    expect(await one(PER_RUN), 'a model that asks 50 times').toMatchObject({ code: 'E_APPROVAL_FLOOD', ran: 'no' });
    expect(await one(3), 'the same question is no other').toMatchObject({ code: 'E_APPROVAL_PENDING' });
  });

  it('is refused to an agent in whichever run, and to nobody else', async () => {
    const law = await openLawWorld({ catalog, call: counting([]) });
    const a = { tenant: TENANT, agent: 'a' };
    expect(await ask(law, a, limits.approvalsAskedByAgent)).toBeUndefined();
    expect(await ask(law, a, 1)).toBe('E_APPROVAL_FLOOD');
    expect(await ask(law, { tenant: TENANT, agent: 'b' }, 1)).toBeUndefined();
    expect(await ask(law, { tenant: 'other', agent: 'a' }, 1)).toBeUndefined();
    law.setBack(3_600_000);
    expect(await ask(law, a, 1), 'a clock that is set back gives nothing back').toBe('E_APPROVAL_FLOOD');
    law.advance(2 * 3_600_000);
    expect(await ask(law, a, 1)).toBeUndefined();
  }, 120_000);

  it('is refused on behalf of a user, whichever agents ask', async () => {
    const law = await openLawWorld({ catalog, call: counting([]) });
    const on = (agent: string, id: string): Principal => ({
      tenant: TENANT,
      agent,
      onBehalfOf: { id, groups: [], attributes: {} },
    });
    const half = limits.approvalsAskedForUser / 2;
    expect(await ask(law, on('a', 'ana'), half)).toBeUndefined();
    expect(await ask(law, on('b', 'ana'), half)).toBeUndefined();
    expect(await ask(law, on('c', 'ana'), 1)).toBe('E_APPROVAL_FLOOD');
    expect(await ask(law, on('c', 'bo'), 1)).toBeUndefined();
  }, 120_000);
});
