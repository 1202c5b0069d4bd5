import type { Change } from '../../../ports/store.ts';
import { refusals, type StoreRefusal } from '../refusals.ts';
import type { MemoryState } from './memory-state.ts';
import { jsonCopy, put, type Undo } from './put.ts';

type NoticeChange = Extract<Change, { readonly kind: `notice.${string}` }>;

export function changeNotice(state: MemoryState, change: NoticeChange, undo: Undo): undefined | StoreRefusal {
  const { tenant, id } = change.kind === 'notice.add' ? change.notice : change;
  const key = JSON.stringify([tenant, id]);
  const known = state.notices.get(key);
  if (change.kind === 'notice.add') {
    if (known !== undefined) return refusals.noticeExists(id);
    return put(state.notices, key, { ...jsonCopy(change.notice), attempts: 0, dueAtMs: change.notice.atMs }, undo);
  }
  if (known === undefined) return refusals.noticeTaken(id);
  if (change.kind === 'notice.close') return put(state.notices, key, undefined, undo);
  if (known.attempts !== change.attempts) return refusals.noticeTaken(id);
  return put(state.notices, key, { ...known, attempts: known.attempts + 1, dueAtMs: change.dueAtMs }, undo);
}
