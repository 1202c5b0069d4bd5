import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Presence } from '../../src/model/approval.ts';
import type { Intent } from '../../src/model/intent.ts';
import type { Principal } from '../../src/model/principal.ts';
import { toolName } from '../../src/model/tool.ts';
import { answerApproval, type GivenAnswer } from '../../src/runtime/approving/answer-approval.ts';
import { delegateDuty } from '../../src/runtime/approving/delegate-duty.ts';
import { readCard } from '../../src/runtime/approving/read-card.ts';
import { call } from '../../src/runtime/call.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { APPROVAL_LIFE_MS, counting, type LawWorld, lawCatalog, lawTool, openLawWorld } from './law-world.ts';

/*
 * Law 7, the people's part: who answers may answer, is nobody who asked, is there, and is as many as the rule takes, when
 * the answer is given and again when it is used. Assumes that whoever authenticates people says who they are.
 */

const tools = [lawTool('pay', { amount: { type: 'integer' } }), lawTool('wipe', { all: { type: 'boolean' } })];
const PEOPLE = {
  ana: { groups: ['security'], aliases: ['local:ana', 'ana@corp.test'], agents: ['hers'] },
  bo: { groups: ['security'] },
  cy: { groups: ['sales'] },
};
const catalogOf = (approvals: object, tool: object = {}) =>
  lawCatalog({
    tools,
    manifest: {
      version: 1,
      tools: {
        'law/pay': { effect: 'write', consequence: 'medium', ...tool },
        'law/wipe': { effect: 'write', consequence: 'high' },
      },
      agents: Object.fromEntries(
        ['a', 'hers'].map((agent) => [
          agent,
          { tools: Object.fromEntries(tools.map((one) => [toolName(one), { approval: 'required' }])) },
        ]),
      ),
      approvals: { people: PEOPLE, ...approvals },
    },
  });

const TENANT = 'default';
let effects: Intent[];
let law: LawWorld;
let principal: Principal;
let runId: string;

async function open(approvals: object = {}, tool: object = {}, agent = 'a', user?: string): Promise<void> {
  effects = [];
  law = await openLawWorld({ catalog: catalogOf(approvals, tool), call: counting(effects) });
  principal = {
    tenant: TENANT,
    agent,
    ...(user === undefined ? {} : { onBehalfOf: { id: user, groups: [], attributes: {} } }),
  };
  runId = (await law.world.runs.start({ principal, task: 'law', prompt: [], attested: true })).id;
}

const codeOf = (given: CallAnswer) => (given.kind === 'refused' ? given.code : 'result');
const use = (amount = 50, approvalId?: string, tool = 'law/pay') =>
  call(law.world, {
    principal,
    runId,
    tool,
    arguments: tool === 'law/pay' ? { amount } : { all: true },
    ...(approvalId === undefined ? {} : { approvalId }),
  });

async function ask(amount = 50, tool = 'law/pay'): Promise<string> {
  const asked = await use(amount, undefined, tool);
  expect(codeOf(asked)).toBe('E_APPROVAL_PENDING');
  return (asked.kind === 'refused' ? asked.approvalId : undefined) ?? '';
}

const answer = (approvalId: string, by: string, more: Partial<GivenAnswer> = {}) =>
  answerApproval(law.world, { tenant: TENANT, approvalId, approve: true, by, presence: 'passkey', ...more });
const refused = (approvalId: string, by: string, code: string, more: Partial<GivenAnswer> = {}) =>
  expect(answer(approvalId, by, more), `${by} gets ${code}`).rejects.toMatchObject({ code });
const eventsOf = async (kind: string) =>
  (await law.truth.readEvents({ tenant: TENANT, limit: 1_000 })).filter((event) => event.kind === kind);

beforeEach(() => open());

describe('law 7: who answers may', () => {
  it('is among the approvers, by name or group, under whatever name they are known, and nobody else', async () => {
    await open({ approvers: ['group/security'] });
    const id = await ask();
    await refused(id, 'cy', 'E_APPROVER');
    await refused(id, 'anybody', 'E_APPROVER');
    await refused(id, 'cy', 'E_APPROVER', { approve: false });
    expect(await eventsOf('approval.refused')).toHaveLength(3);
    expect(await answer(id, 'local:ana')).toMatchObject({ state: 'approved', answeredBy: 'ana' });
    expect(codeOf(await use())).toBe('result');

    const other = await ask(60);
    expect(await answer(other, 'dee', { groups: ['security'] })).toMatchObject({ state: 'approved' });
  });

  it('is nobody who asked, nor whose agent asked, nor a deputy of theirs', async () => {
    await open({}, {}, 'a', 'ana@corp.test');
    const id = await ask();
    for (const name of ['ana', 'local:ana', 'ana@corp.test']) await refused(id, name, 'E_APPROVAL_OWN');
    await open({ approvers: ['ana'] }, {}, 'hers');
    const hers = await ask();
    await refused(hers, 'ana', 'E_APPROVAL_OWN');
    await delegateDuty(law.world, { tenant: TENANT, from: 'ana', to: 'bo', lifeMs: 60_000, presence: 'terminal' });
    await refused(hers, 'bo', 'E_APPROVAL_OWN');
    expect(await answer(hers, 'ana', { approve: false })).toMatchObject({ state: 'denied' });
    expect(effects).toEqual([]);
  });

  it('may be who asked where separation is none, for one tool or for all', async () => {
    for (const [approvals, tool] of [
      [{ separation: 'none' }, {}],
      [{}, { approvals: { separation: 'none' } }],
    ]) {
      await open(approvals, tool, 'hers', 'ana');
      expect(await answer(await ask(), 'ana')).toMatchObject({ state: 'approved' });
    }
  });

  it.each(['low', 'medium', 'high'])('is there, however little the call can do (%s)', async (consequence) => {
    const confirm = 'law/pay';
    await open({}, { consequence });
    const id = await ask();
    for (const presence of ['token', 'session'] as const)
      await refused(id, 'bo', 'E_APPROVAL_PRESENCE', { presence, confirm });
    expect(await answer(id, 'bo', { presence: 'terminal', confirm })).toMatchObject({ state: 'approved' });
    await open({ presence: ['session'] }, { consequence });
    const loosened = await ask();
    await refused(loosened, 'bo', 'E_APPROVAL_PRESENCE', { presence: 'token', confirm });
    expect(await answer(loosened, 'bo', { presence: 'session', confirm })).toMatchObject({ state: 'approved' });
  });

  it('is there, for what can do much harm, and names the tool', async () => {
    const id = await ask(0, 'law/wipe');
    const confirm = 'law/wipe';
    for (const presence of ['token', 'session'] as const)
      await refused(id, 'bo', 'E_APPROVAL_PRESENCE', { presence, confirm });
    for (const said of [{}, { confirm: 'yes' }, { confirm: 'law/pay' }])
      await refused(id, 'bo', 'E_APPROVAL_CONFIRM', said);
    expect(await answer(id, 'bo', { presence: 'terminal', confirm })).toMatchObject({ state: 'approved' });
    expect(codeOf(await use(0, id, 'law/wipe'))).toBe('result');
    await open({ presence: ['passkey'] });
    const strict = await ask();
    await refused(strict, 'bo', 'E_APPROVAL_PRESENCE', { presence: 'terminal' });
    // A no needs nobody to be there.
    expect(await answer(strict, 'bo', { presence: 'token', approve: false })).toMatchObject({ state: 'denied' });
  });

  it('is let in as long as the deputy is named, for no more than the duty, and passes nothing on', async () => {
    await open({ approvers: ['ana'] });
    const id = await ask();
    await delegateDuty(law.world, { tenant: TENANT, from: 'ana', to: 'cy', lifeMs: 60_000, presence: 'terminal' });
    await delegateDuty(law.world, { tenant: TENANT, from: 'cy', to: 'dee', lifeMs: 60_000, presence: 'terminal' });
    await refused(id, 'dee', 'E_APPROVER');
    await refused(id, 'bo', 'E_APPROVER');
    law.advance(60_000);
    await refused(id, 'cy', 'E_APPROVER');
    await delegateDuty(law.world, { tenant: TENANT, from: 'ana', to: 'cy', lifeMs: 60_000, presence: 'terminal' });
    const answered = await answer(id, 'cy');
    expect(answered.answers).toMatchObject([{ by: 'cy', onDutyOf: 'ana', approve: true, presence: 'passkey' }]);
    expect((await eventsOf('approval.answered'))[0]?.body).toMatchObject({ by: 'cy', onDutyOf: 'ana', persons: 1 });
    const delegated = await eventsOf('duty.delegated');
    expect(delegated.map(({ body }) => [body['from'], body['to'], body['presence']])).toEqual([
      ['ana', 'cy', 'terminal'],
      ['cy', 'dee', 'terminal'],
      ['ana', 'cy', 'terminal'],
    ]);
    await expect(
      delegateDuty(law.world, { tenant: TENANT, from: 'ana', to: 'local:ana', lifeMs: 1, presence: 'terminal' }),
    ).rejects.toMatchObject({
      code: 'E_REQUEST_INVALID',
    });
  });
});

describe('law 7: a rule that takes two persons takes two', () => {
  it('whoever they are and in whatever order they answer', async () => {
    const person = fc.constantFrom('ana', 'local:ana', 'bo', 'cy', 'dee', 'eve');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ by: person, approve: fc.boolean() }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        async (given, persons, atOnce) => {
          await open({ persons });
          await delegateDuty(law.world, {
            tenant: TENANT,
            from: 'bo',
            to: 'eve',
            lifeMs: 60_000,
            presence: 'terminal',
          });
          const id = await ask();
          const give = ({ by, approve }: (typeof given)[number]) => answer(id, by, { approve }).catch(() => undefined);
          if (atOnce) await Promise.all(given.map(give));
          else for (const one of given) await give(one);
          const names = given.map(({ by, approve }) => ({ name: by === 'local:ana' ? 'ana' : by, approve }));
          const until = names.findIndex(({ approve }) => !approve);
          const enough = (list: readonly { readonly name: string }[]) =>
            new Set(list.map(({ name }) => name)).size >= persons;
          const { state, answers = [] } = (await law.truth.readApproval(TENANT, id)) ?? {};
          // At once, who comes first is not who was asked first: the record says who it was.
          const isApproved =
            atOnce && until >= 0
              ? answers.every(({ approve }) => approve) && enough(answers.map(({ by }) => ({ name: by })))
              : enough(until < 0 ? names : names.slice(0, until));
          expect(state).toBe(isApproved ? 'approved' : until < 0 ? 'pending' : 'denied');
          expect(codeOf(await use(50, id)) === 'result').toBe(isApproved);
          expect(effects).toHaveLength(isApproved ? 1 : 0);
        },
      ),
      { numRuns: 120, seed: 4 },
    );
  });

  it('does not take one and their deputy, in either order', async () => {
    for (const order of [
      ['ana', 'cy'],
      ['cy', 'ana'],
    ]) {
      await open({ persons: 2, approvers: ['ana', 'bo'] });
      await delegateDuty(law.world, { tenant: TENANT, from: 'ana', to: 'cy', lifeMs: 60_000, presence: 'terminal' });
      const id = await ask();
      await answer(id, order[0] ?? '');
      await refused(id, order[1] ?? '', 'E_APPROVAL_SAME_PERSON');
      expect(codeOf(await use(50, id))).toBe('E_APPROVAL_PENDING');
      await answer(id, 'bo');
      expect(codeOf(await use(50, id))).toBe('result');
    }
  });
});

describe('law 7: who answered is judged again when the answer is used', () => {
  const change = async (approvals: object, tool: object = {}) => law.enthrone(catalogOf(approvals, tool));

  it.each<[string, object, object]>([
    ['other approvers', { approvers: ['cy'] }, {}],
    ['two persons', { persons: 2 }, {}],
    ['another presence', { presence: ['terminal'] }, {}],
    ['two persons for the tool', {}, { approvals: { persons: 2 } }],
    ['that the agent is theirs', { people: { bo: { agents: ['a'] } } }, {}],
  ])('%s', async (_what, approvals, tool) => {
    const id = await ask();
    await answer(id, 'bo');
    await change(approvals, tool);
    expect(codeOf(await use(50, id))).toBe('E_APPROVER');
    expect(await ask(), 'unnamed, it is asked anew').not.toBe(id);
    expect(effects).toEqual([]);
    await change({});
    expect(codeOf(await use(50, id)), 'and good again under the rules it was given by').toBe('result');
  });

  it('is not voided by a rule about something else', async () => {
    const id = await ask();
    await answer(id, 'bo');
    await change({ timeout: '1h', people: { ...PEOPLE, dee: {} } }, { timeout: '5s' });
    expect(codeOf(await use())).toBe('result');
  });
});

describe('law 7: time that has passed has passed', () => {
  it('also where the clock is set back, asked about or answered', async () => {
    const [unanswered, unused] = [await ask(1), await ask(2)];
    await answer(unused, 'bo');
    law.advance(APPROVAL_LIFE_MS);
    await refused(unanswered, 'bo', 'E_APPROVAL_EXPIRED');
    expect(codeOf(await use(2, unused))).toBe('E_APPROVAL_EXPIRED');
    law.setBack(APPROVAL_LIFE_MS);
    await refused(unanswered, 'bo', 'E_APPROVAL_USED');
    expect(codeOf(await use(2, unused))).toBe('E_APPROVAL_EXPIRED');
    expect(codeOf(await use(1, unanswered))).toBe('E_APPROVAL_EXPIRED');
    expect(effects).toEqual([]);
    expect(await eventsOf('approval.expired')).toHaveLength(2);
  });

  it('and a clock that is set back meanwhile gives nobody more of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -3_600_000, max: 300_000 }), { maxLength: 8 }), async (jumps) => {
        await open();
        const id = await ask();
        await answer(id, 'bo');
        let passedMs = 0;
        for (const jump of jumps) {
          law.advance(60_000);
          passedMs += 60_000;
          law.setBack(-jump);
          await law.world.store.listApprovals(TENANT, 'pending', 1);
        }
        const came = codeOf(await use(50, id));
        if (passedMs >= APPROVAL_LIFE_MS) expect(came).toBe('E_APPROVAL_EXPIRED');
        if (jumps.every((jump) => jump <= 0) && passedMs < APPROVAL_LIFE_MS) expect(came).toBe('result');
      }),
      { numRuns: 60, seed: 9 },
    );
    await open();
    const id = await ask();
    await answer(id, 'bo');
    for (let minutes = 0; minutes < 15; minutes++) {
      law.advance(60_000);
      law.setBack(60_000);
    }
    expect(codeOf(await use(50, id))).toBe('E_APPROVAL_EXPIRED');
  });
});

describe('whoever floods people', () => {
  it('is refused by its own code, in one run, whether they answer or not', async () => {
    for (let i = 0; i < 50; i++) await ask(i);
    const { code } = (await use(50)) as { code: string };
    expect(code).toBe('E_APPROVAL_FLOOD');
    const waiting = await law.truth.listApprovals(TENANT, 'pending', 100);
    for (const { id } of waiting) await answer(id, 'bo', { approve: false });
    for (let i = 50; i < 100; i++) await answer(await ask(i), 'bo', { approve: false });
    expect(codeOf(await use(100))).toBe('E_APPROVAL_FLOOD');
    expect((await eventsOf('call.refused')).filter(({ body }) => body['code'] === 'E_APPROVAL_FLOOD')).toHaveLength(2);
    law.advance(600_000);
    expect(codeOf(await use(100))).toBe('E_APPROVAL_PENDING');
  });

  it('by guessing who may answer is not looked at after a while', async () => {
    await open({ approvers: ['ana'] });
    const id = await ask();
    for (let i = 0; i < 20; i++) await refused(id, 'mallory', 'E_APPROVER');
    await refused(id, 'mallory', 'E_APPROVAL_FLOOD');
    expect(await eventsOf('approval.refused')).toHaveLength(20);
    expect(await answer(id, 'ana'), 'others are not slowed down').toMatchObject({ state: 'approved' });
  });
});

describe('law 13: what an approver is shown is made of the call', () => {
  const PRESENCES: readonly Presence[] = ['terminal', 'passkey'];

  it('whatever the model writes into it, or says that it is for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 200, unit: 'grapheme' }), async (purpose) => {
        await open();
        const plain = await ask(1, 'law/wipe');
        const approval = await law.truth.readApproval(TENANT, plain);
        if (approval === undefined) throw new Error('nothing was asked');
        const without = await readCard(law.truth, law.world.catalog().manifest, approval);
        const { facts } = approval;
        if (facts === undefined) throw new Error('nothing is known of the call');
        const said = { ...approval, facts: { ...facts, quotation: purpose } };
        const { quotation, ...card } = await readCard(law.truth, law.world.catalog().manifest, said);
        expect(card).toEqual(without);
        expect(quotation).toBe(purpose);
        expect(card.needs).toMatchObject({ presence: PRESENCES, confirm: 'law/wipe', separated: true });
      }),
      { numRuns: 30, seed: 3 },
    );
  });

  it('and says how it differs from what was approved before', async () => {
    const first = await ask(50);
    await answer(first, 'bo');
    await use(50);
    law.advance(1);
    const second = await ask(500);
    const approval = await law.truth.readApproval(TENANT, second);
    if (approval === undefined) throw new Error('nothing was asked');
    const card = await readCard(law.truth, law.world.catalog().manifest, approval);
    expect(card).toMatchObject({
      action: 'a wants to pay: law/pay',
      comparedWith: first,
      changes: [{ path: '/amount', kind: 'changed', before: 50, now: 500 }],
    });
    // The answer to the one is nobody's answer to the other.
    expect(codeOf(await use(500, first))).toBe('E_APPROVAL_ARGS_CHANGED');
  });
});
