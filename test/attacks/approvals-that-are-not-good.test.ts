import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';
import type { Principal } from '../../src/model/principal.ts';
import { toolName } from '../../src/model/tool.ts';
import { answerApproval } from '../../src/runtime/approving/answer-approval.ts';
import { call } from '../../src/runtime/call.ts';
import type { CallAnswer } from '../../src/runtime/line/call-answer.ts';
import { APPROVAL_LIFE_MS, counting, type LawWorld, lawCatalog, lawTool, openLawWorld } from '../laws/law-world.ts';

/*
 * Every way to use an answer that is not good for it: each is refused with a code of its own, recorded, and, made again and
 * again, no longer looked at after a while.
 */

const TENANT = 'default';
const A: Principal = { tenant: TENANT, agent: 'a' };
const pay = lawTool('pay', { amount: { type: 'integer' } });
const codeOf = (answer: CallAnswer): ErrorCode | 'ok' => (answer.kind === 'result' ? 'ok' : answer.code);

interface Case {
  readonly law: LawWorld;
  readonly runId: string;
  /** An approval that a person has given to paying 50. */
  readonly approvalId: string;
  use(amount?: number, principal?: Principal, approvalId?: string): Promise<CallAnswer>;
}

async function open(): Promise<Case> {
  const law = await openLawWorld({
    catalog: lawCatalog({
      tools: [pay],
      manifest: {
        version: 1,
        tools: { [toolName(pay)]: { effect: 'write', consequence: 'low' } },
        breakers: { run: { failures: 'off' } },
        agents: { a: { tools: { 'law/pay': { approval: 'required' } } } },
      },
    }),
    call: counting([]),
  });
  const { world } = law;
  const run = await world.runs.start({ principal: A, task: 'law', prompt: [], attested: true });
  const asked = await call(world, { principal: A, runId: run.id, tool: 'law/pay', arguments: { amount: 50 } });
  const approvalId = (asked.kind === 'refused' ? asked.approvalId : undefined) ?? '';
  await answerApproval(world, { tenant: TENANT, approvalId, approve: true, by: 'p', presence: 'terminal' });
  return {
    law,
    runId: run.id,
    approvalId,
    use: (amount = 50, principal = A, id = approvalId) =>
      call(world, { principal, runId: run.id, tool: 'law/pay', arguments: { amount }, approvalId: id }),
  };
}

type Attack = (opened: Case) => Promise<() => Promise<CallAnswer>>;

const attacks: readonly (readonly [string, ErrorCode, Attack])[] = [
  [
    'used once more',
    'E_APPROVAL_USED',
    async ({ use }) => {
      expect(codeOf(await use())).toBe('ok');
      return () => use();
    },
  ],
  [
    'for $500 in place of $50',
    'E_APPROVAL_ARGS_CHANGED',
    async ({ use }) =>
      () =>
        use(500),
  ],
  [
    'after its time',
    'E_APPROVAL_EXPIRED',
    async ({ law, use }) => {
      law.advance(APPROVAL_LIFE_MS);
      return () => use();
    },
  ],
  [
    'after its time, with the clock set back to before',
    'E_APPROVAL_EXPIRED',
    async ({ law, use }) => {
      law.advance(APPROVAL_LIFE_MS);
      law.setBack(APPROVAL_LIFE_MS);
      return () => use();
    },
  ],
  [
    'before its time, with the clock set far ahead',
    'E_APPROVAL_EXPIRED',
    async ({ law, use }) => {
      law.setBack(-APPROVAL_LIFE_MS);
      return () => use();
    },
  ],
  [
    'that nobody asked for',
    'E_APPROVAL_UNKNOWN',
    async ({ use }) =>
      () =>
        use(50, A, 'apr_none'),
  ],
  [
    'of another tenant',
    'E_RUN_UNKNOWN',
    async ({ use }) =>
      () =>
        use(50, { tenant: 'other', agent: 'a' }),
  ],
  [
    'of another agent',
    'E_RUN_UNKNOWN',
    async ({ use }) =>
      () =>
        use(50, { tenant: TENANT, agent: 'b' }),
  ],
];

describe('an approval', () => {
  it.each(attacks)('%s: %s, recorded, and not looked at for ever', async (_name, code, prepare) => {
    const opened = await open();
    const attempt = await prepare(opened);
    const { law } = opened;
    for (let i = 0; i < 3; i++) expect(await attempt()).toMatchObject({ kind: 'refused', code, ran: 'no' });
    const recorded = async () => {
      let count = 0;
      for (const tenant of [TENANT, 'other']) {
        for (let afterSeq = 0; ; ) {
          const page = await law.truth.readEvents({ tenant, kinds: ['call.refused'], afterSeq, limit: 1_000 });
          const last = page.at(-1);
          if (last === undefined) break;
          count += page.filter(({ body }) => body['code'] === code).length;
          afterSeq = last.seq;
        }
      }
      return count;
    };
    expect(await recorded()).toBe(3);
    let codes = new Set<unknown>();
    for (let left = limits.refusalsPerMinute; left > 0; left -= 100)
      codes = new Set((await Promise.all(Array.from({ length: 100 }, attempt))).map(codeOf));
    codes.add(codeOf(await attempt()));
    expect(codes).toContain('E_REFUSALS');
    const most = await recorded();
    await Promise.all(Array.from({ length: 200 }, attempt));
    expect(await recorded(), 'whatever is tried behind that').toBe(most);
  });
});
