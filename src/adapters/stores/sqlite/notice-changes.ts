import type { DatabaseSync } from 'node:sqlite';
import { recordOf } from '../record.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import type { OtherChange } from './wire.ts';

type Kind<K extends OtherChange['kind']> = Extract<OtherChange, { readonly kind: K }>;

/** The changes of what people have to be told: it waits, is taken up, and goes once it is closed. */
export interface NoticeChanges {
  add(change: Kind<'notice.add'>): StoreRefusal | undefined;
  claim(change: Kind<'notice.claim'>): StoreRefusal | undefined;
  close(change: Kind<'notice.close'>): StoreRefusal | undefined;
}

export function createNoticeChanges(db: DatabaseSync): NoticeChanges {
  const insert = db.prepare(
    `INSERT INTO notices (tenant, id, channel, kind, facts, at_ms, until_ms, attempts, due_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING`,
  );
  const claim = db.prepare(
    `UPDATE notices SET attempts = attempts + 1, due_at_ms = ? WHERE tenant = ? AND id = ? AND attempts = ?`,
  );
  const close = db.prepare('DELETE FROM notices WHERE tenant = ? AND id = ?');
  return {
    add(change) {
      const { tenant, id, channel, kind, atMs, untilMs } = change.notice;
      const { changes } = insert.run(tenant, id, channel, kind, recordOf(change) ?? '', atMs, untilMs, atMs);
      return changes === 1 ? undefined : refusals.noticeExists(id);
    },
    claim({ tenant, id, attempts, dueAtMs }) {
      return claim.run(dueAtMs, tenant, id, attempts).changes === 1 ? undefined : refusals.noticeTaken(id);
    },
    close({ tenant, id }) {
      return close.run(tenant, id).changes === 1 ? undefined : refusals.noticeTaken(id);
    },
  };
}
