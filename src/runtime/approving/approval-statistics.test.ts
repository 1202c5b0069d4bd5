import { expect, it } from 'vitest';
import { digestBytes } from '../../base/digest.ts';
import type { Approval } from '../../model/approval.ts';
import { computeStatistics } from './approval-statistics.ts';

const approval = (policy: string, state: Approval['state'], tookMs?: number): Approval => ({
  id: 'apr_1',
  tenant: 'default',
  agent: 'a',
  runId: 'run_1',
  callId: 'call_1',
  tool: 'mail/send',
  pin: digestBytes('pin'),
  arguments: {},
  callDigest: digestBytes('call'),
  nonce: '',
  reasons: [
    { code: 'E_APPROVAL_PENDING', message: `${policy} asks`, policy, place: { file: 'c.yaml', line: 3, column: 1 } },
  ],
  askedAtMs: 1_000,
  expiresAtMs: 901_000,
  state,
  ...(tookMs === undefined
    ? {}
    : {
        answers: [{ by: 'ana', groups: [], presence: 'terminal', approve: state !== 'denied', atMs: 1_000 + tookMs }],
        answeredBy: 'ana',
        answeredAtMs: 1_000 + tookMs,
      }),
});

it('says how often each rule is approved, how long people take, and which rule to narrow', () => {
  const of = (count: number, ...about: Parameters<typeof approval>) =>
    Array.from({ length: count }, () => approval(...about));
  const rules = computeStatistics([
    ...of(39, 'always', 'consumed', 2_000),
    ...of(1, 'always', 'denied', 10_000),
    ...of(3, 'always', 'expired'),
    ...of(19, 'nearly', 'approved', 500),
    ...of(1, 'nearly', 'denied', 100),
    ...of(5, 'seldom', 'approved', 700),
    ...of(1, 'never', 'pending'),
  ]);
  expect(rules).toEqual([
    {
      rule: 'always',
      place: { file: 'c.yaml', line: 3, column: 1 },
      asked: 43,
      approved: 39,
      denied: 1,
      unanswered: 3,
      approveRate: 0.975,
      medianAnswerMs: 2_000,
      shouldNarrow: true,
    },
    expect.objectContaining({ rule: 'nearly', approveRate: 0.95, medianAnswerMs: 500, shouldNarrow: false }),
    expect.objectContaining({ rule: 'seldom', approveRate: 1, shouldNarrow: false }),
    expect.objectContaining({ rule: 'never', asked: 1, approved: 0, unanswered: 0, shouldNarrow: false }),
  ]);
  expect(rules[3]).not.toHaveProperty('approveRate');
});

it('counts one answer to a plan once, and no denial by a stop, nor a question that waits for a second person', () => {
  const id = 'plan_1';
  const plan = { id, digest: digestBytes(id), members: [] };
  const planned = Array.from({ length: 30 }, () => ({ ...approval('rule', 'approved', 5), plan }));
  expect(computeStatistics(planned)).toMatchObject([{ asked: 1, approved: 1, shouldNarrow: false }]);
  const stopped = { answeredBy: 'stop:ana', answeredAtMs: 800_000 };
  expect(
    computeStatistics([
      { ...approval('rule', 'denied'), ...stopped },
      { ...approval('rule', 'approved', 5), state: 'denied', ...stopped },
      approval('rule', 'pending', 5),
    ]),
  ).toMatchObject([{ asked: 3, approved: 1, denied: 0, unanswered: 0, approveRate: 1, medianAnswerMs: 5 }]);
});

it('counts an answer that was not used in time as an answer', () => {
  expect(computeStatistics([approval('rule', 'expired', 5)])).toMatchObject([{ approved: 1, unanswered: 0 }]);
});
