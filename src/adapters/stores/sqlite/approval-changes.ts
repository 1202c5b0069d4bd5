import type { DatabaseSync } from 'node:sqlite';
import type { ApprovalAnswer } from '../../../model/approval.ts';
import { hasAnswered } from '../answers.ts';
import { recordOf } from '../record.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import type { OtherChange } from './wire.ts';

type Kind<K extends OtherChange['kind']> = Extract<OtherChange, { readonly kind: K }>;

/** The changes of an approval: pending, then approved, denied or expired; once approved, consumed once, or expired. */
export interface ApprovalChanges {
  open(change: Kind<'approval.open'>): StoreRefusal | undefined;
  answer(change: Kind<'approval.answer'>): StoreRefusal | undefined;
  expire(change: Kind<'approval.expire'>): StoreRefusal | undefined;
  consume(change: Kind<'approval.consume'>): StoreRefusal | undefined;
}

export function createApprovalChanges(db: DatabaseSync): ApprovalChanges {
  const exists = db.prepare('SELECT 1 FROM approvals WHERE id = ?');
  const countPending = db.prepare(
    `SELECT count(*) AS pending FROM approvals WHERE run_id = ? AND expires_at_ms > ? AND state = 'pending'`,
  );
  const countAsked = db.prepare('SELECT count(*) AS asked FROM approvals WHERE run_id = ? AND asked_at_ms > ?');
  const insert = db.prepare(
    `INSERT INTO approvals
       (id, tenant, agent, run_id, tool, state, nonce, call_digest, asked_at_ms, expires_at_ms, answered_by, answered_at_ms, record)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const selectPending = db.prepare(
    `SELECT expires_at_ms AS expiresAtMs, answers FROM approvals WHERE id = ? AND tenant = ? AND state = 'pending'`,
  );
  const answer = db.prepare(
    'UPDATE approvals SET state = ?, answers = ?, answered_by = ?, answered_at_ms = ? WHERE id = ?',
  );
  const expire = db.prepare(
    `UPDATE approvals SET state = 'expired'
     WHERE tenant = ? AND state IN ('pending', 'approved') AND expires_at_ms <= ?`,
  );
  const expireOne = db.prepare(
    `UPDATE approvals SET state = 'expired'
     WHERE id = ? AND tenant = ? AND state IN ('pending', 'approved') AND expires_at_ms <= ?`,
  );
  const selectApproved = db.prepare(
    `SELECT expires_at_ms AS expiresAtMs, call_digest AS callDigest FROM approvals
     WHERE id = ? AND tenant = ? AND agent = ? AND run_id = ? AND nonce = ? AND state = 'approved'`,
  );
  const consume = db.prepare(`UPDATE approvals SET state = 'consumed' WHERE id = ?`);

  return {
    open(change) {
      const { approval, maxPendingPerRun, maxAsked } = change;
      if (exists.get(approval.id) !== undefined) return refusals.approvalExists(approval.id);
      const pending = Number(countPending.get(approval.runId, approval.askedAtMs)?.['pending']);
      if (pending >= maxPendingPerRun) return refusals.approvalsPending(approval.runId, maxPendingPerRun);
      if (maxAsked !== undefined) {
        const asked = Number(countAsked.get(approval.runId, maxAsked.sinceMs)?.['asked']);
        if (asked >= maxAsked.count) return refusals.approvalsAsked(approval.runId, maxAsked.count);
      }
      insert.run(
        approval.id,
        approval.tenant,
        approval.agent,
        approval.runId,
        approval.tool,
        approval.state,
        approval.nonce,
        approval.callDigest,
        approval.askedAtMs,
        approval.expiresAtMs,
        approval.answeredBy ?? null,
        approval.answeredAtMs ?? null,
        recordOf(change) ?? '',
      );
      return undefined;
    },
    answer(change) {
      const pending = selectPending.get(change.approvalId, change.tenant);
      if (pending === undefined) return refusals.approvalNotPending(change.approvalId);
      const { by, approve, atMs } = change.answer;
      if (atMs >= Number(pending['expiresAtMs'])) return refusals.approvalExpired(change.approvalId);
      const before = readAnswers(pending['answers']);
      if (approve && hasAnswered(before, change.answer)) return refusals.approvalSamePerson(change.approvalId, by);
      const answers = [...before, change.answer];
      const approved = answers.length >= change.persons ? 'approved' : 'pending';
      answer.run(approve ? approved : 'denied', JSON.stringify(answers), by, atMs, change.approvalId);
      return undefined;
    },
    expire({ tenant, nowMs, approvalId }) {
      if (approvalId === undefined) {
        expire.run(tenant, nowMs);
        return undefined;
      }
      return expireOne.run(approvalId, tenant, nowMs).changes === 1
        ? undefined
        : refusals.approvalNotOverdue(approvalId);
    },
    consume(change) {
      const { tenant, agent, runId, approvalId, nonce } = change;
      const approved = selectApproved.get(approvalId, tenant, agent, runId, nonce);
      if (approved === undefined) return refusals.approvalUsed(approvalId);
      if (change.nowMs >= Number(approved['expiresAtMs'])) return refusals.approvalExpired(approvalId);
      if (approved['callDigest'] !== change.callDigest) return refusals.approvalArgumentsChanged(approvalId);
      consume.run(approvalId);
      return undefined;
    },
  };
}

function readAnswers(text: unknown): readonly ApprovalAnswer[] {
  return text === null ? [] : (JSON.parse(String(text)) as ApprovalAnswer[]); // written above from answers
}
