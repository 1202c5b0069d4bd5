import { describe, expect, it } from 'vitest';
import { Bug } from '../../../src/base/assert.ts';
import { limits } from '../../../src/base/limits.ts';
import { addNotice, answer, claimNotice, consume, deny, sampleApproval } from './samples.ts';
import type { StorePlaces } from './store-places.ts';

/** What reading approvals, who answers for whom, and what people are still to be told must do. */
export function describeQuestions(name: string, { openStore }: StorePlaces): void {
  describe(`${name}: reading questions to people`, () => {
    it('lists the calls a person was asked about and may still be, the newest first, without what they carry', async () => {
      const store = await openStore();
      for (let i = 1; i <= 5; i++) {
        const approval = sampleApproval({ id: `apr_${i}`, askedAtMs: i, expiresAtMs: i === 5 ? 50 : 1e12 });
        await store.commit([{ kind: 'approval.open', approval, maxPendingPerRun: 10 }]);
      }
      await store.commit([answer, { ...deny, approvalId: 'apr_2' }, consume]);
      const asked = async (nowMs: number, limit = 10) =>
        (await store.listAsked('acme', nowMs, limit)).map(({ approvalId }) => approvalId);
      expect(await asked(49)).toEqual(['apr_5', 'apr_4', 'apr_3', 'apr_2']);
      expect(await asked(50), 'over in the millisecond in which it expires').toEqual(['apr_4', 'apr_3', 'apr_2']);
      expect(await asked(50, 1)).toEqual(['apr_4']);
      expect(await store.listAsked('other', 0, 10)).toEqual([]);
      const { runId, callDigest } = sampleApproval();
      expect(await store.listAsked('acme', 50, 1)).toEqual([{ approvalId: 'apr_4', runId, callDigest }]);
      await expect(store.listAsked('acme', 0, 0)).rejects.toThrow(Bug);
    });

    it('ends a page of approvals early when they carry much, and never without one', async () => {
      const store = await openStore();
      const text = 'x'.repeat(limits.pageChars / 2);
      for (let i = 1; i <= 3; i++) {
        const approval = sampleApproval({ id: `apr_${i}`, askedAtMs: i, arguments: { text } });
        await store.commit([{ kind: 'approval.open', approval, maxPendingPerRun: 10 }]);
      }
      const page = await store.listApprovals('acme', 'pending', 10);
      expect(page.map(({ id }) => id)).toEqual(['apr_3', 'apr_2']);
      const rest = await store.listApprovals('acme', 'pending', 10, 'apr_2');
      expect(rest.map(({ id }) => id)).toEqual(['apr_1']);
    });

    it('gives approvals back by state, the newest question first', async () => {
      const store = await openStore();
      for (let i = 1; i <= 4; i++) {
        const approval = sampleApproval({ id: `apr_${i}`, askedAtMs: i === 4 ? 3 : i });
        await store.commit([{ kind: 'approval.open', approval, maxPendingPerRun: 10 }]);
      }
      const ids = async (state: 'pending' | 'approved' | 'denied' | 'consumed', limit = 10) =>
        (await store.listApprovals('acme', state, limit)).map((approval) => approval.id);
      expect(await ids('pending')).toEqual(['apr_4', 'apr_3', 'apr_2', 'apr_1']);
      expect(await ids('pending', 2)).toEqual(['apr_4', 'apr_3']);
      const pageAfter = async (after: string, tenant = 'acme') =>
        (await store.listApprovals(tenant, 'pending', 2, after)).map((approval) => approval.id);
      expect(await Promise.all(['apr_4', 'apr_3', 'apr_1', 'apr_9'].map((after) => pageAfter(after)))).toEqual([
        ['apr_3', 'apr_2'],
        ['apr_2', 'apr_1'],
        [],
        [],
      ]);
      expect(await pageAfter('apr_4', 'other')).toEqual([]);
      await store.commit([answer, { ...deny, approvalId: 'apr_2' }, { ...answer, approvalId: 'apr_3' }, consume]);
      expect(await Promise.all([ids('pending'), ids('approved'), ids('denied'), ids('consumed')])).toEqual([
        ['apr_4'],
        ['apr_3'],
        ['apr_2'],
        ['apr_1'],
      ]);
      expect(await store.readApproval('acme', 'apr_2')).toStrictEqual({
        ...sampleApproval({ id: 'apr_2', askedAtMs: 2 }),
        state: 'denied',
        answers: [deny.answer],
        answeredBy: 'ops@acme',
        answeredAtMs: 10,
      });
      expect(await store.readApproval('acme', 'apr_9')).toBeUndefined();
    });

    it('gives back the last approval that was spent on the same tool by the same agent', async () => {
      const store = await openStore();
      for (let i = 1; i <= 3; i++) {
        const approvalId = `apr_${i}`;
        const approval = sampleApproval({ id: approvalId, askedAtMs: i });
        await store.commit([
          { kind: 'approval.open', approval, maxPendingPerRun: 10 },
          { ...answer, approvalId },
          ...(i === 3 ? [] : [{ ...consume, approvalId }]),
        ]);
      }
      const last = async (beforeMs: number, tool: 'mail/send' | 'mail/read' = 'mail/send', agent = 'support') =>
        (await store.readLastSpent('acme', agent, tool, beforeMs))?.id;
      expect(await Promise.all([last(9), last(2), last(1)])).toEqual(['apr_2', 'apr_1', undefined]);
      expect(await last(9, 'mail/read')).toBeUndefined();
      expect(await last(9, 'mail/send', 'sales')).toBeUndefined();
      expect(await store.readLastSpent('other', 'support', 'mail/send', 9)).toBeUndefined();
    });

    it('lists what expired and nobody denied or spent, what expired first at first', async () => {
      const store = await openStore();
      for (const [i, expiresAtMs] of [50, 40, 30, 60, 45].entries()) {
        const approval = sampleApproval({ id: `apr_${i}`, expiresAtMs });
        await store.commit([{ kind: 'approval.open', approval, maxPendingPerRun: 10 }]);
      }
      await store.commit([
        { ...answer, approvalId: 'apr_1' },
        { ...deny, approvalId: 'apr_2' },
        { ...answer, approvalId: 'apr_4' },
        { ...consume, approvalId: 'apr_4' },
      ]);
      const overdue = async (nowMs: number, limit = 10) =>
        (await store.listOverdue('acme', nowMs, limit)).map(({ approvalId }) => approvalId);
      expect(await Promise.all([overdue(39), overdue(40), overdue(59), overdue(60, 2)])).toEqual([
        [],
        ['apr_1'],
        ['apr_1', 'apr_0'],
        ['apr_1', 'apr_0'],
      ]);
      expect(await store.listOverdue('other', 60, 10)).toEqual([]);
      expect((await store.listOverdue('acme', 60, 1))[0]).toStrictEqual({
        approvalId: 'apr_1',
        runId: 'run_1',
        agent: 'support',
        tool: 'mail/send',
      });
    });

    it('lists delegations that hold, the last between two persons in place of the one before', async () => {
      const store = await openStore();
      const delegate = (from: string, to: string, untilMs: number, tenant = 'acme') =>
        store.commit([{ kind: 'duty.delegate', delegation: { tenant, from, to, untilMs } }]);
      await delegate('bo', 'ana', 20);
      await delegate('ana', 'cy', 30);
      await delegate('ana', 'bo', 40);
      await delegate('ana', 'cy', 10);
      await delegate('x', 'y', 99, 'other');
      expect(await store.listDelegations('acme', 10)).toEqual([
        { tenant: 'acme', from: 'ana', to: 'bo', untilMs: 40 },
        { tenant: 'acme', from: 'bo', to: 'ana', untilMs: 20 },
      ]);
      expect(await store.listDelegations('acme', 40)).toEqual([]);
    });

    it('lists notices that are due, the longest due first, until they are closed', async () => {
      const store = await openStore();
      for (const [id, atMs] of [
        ['b', 7],
        ['a', 7],
        ['c', 3],
        ['d', 50],
      ] as const)
        await store.commit([{ ...addNotice, notice: { ...addNotice.notice, id, atMs } }]);
      const due = async (nowMs: number, limit = 10) =>
        (await store.listNotices('acme', nowMs, limit)).map(({ id }) => id);
      expect(await Promise.all([due(2), due(7), due(99), due(99, 1)])).toEqual([
        [],
        ['c', 'a', 'b'],
        ['c', 'a', 'b', 'd'],
        ['c'],
      ]);
      await store.commit([{ ...claimNotice, id: 'c', dueAtMs: 60 }]);
      await store.commit([{ kind: 'notice.close', tenant: 'acme', id: 'a' }]);
      expect(await due(59)).toEqual(['b', 'd']);
      expect((await store.listNotices('acme', 60, 10)).at(-1)).toStrictEqual({
        ...addNotice.notice,
        id: 'c',
        atMs: 3,
        attempts: 1,
        dueAtMs: 60,
      });
      expect(await store.listNotices('other', 99, 10)).toEqual([]);
    });
  });
}
