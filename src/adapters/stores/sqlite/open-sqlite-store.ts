import { type Clock, systemClock } from '../../../base/clock.ts';
import { limits } from '../../../base/limits.ts';
import type { Store } from '../../../ports/store.ts';
import { assertLimit } from '../record.ts';
import { startWorker } from './start-worker.ts';
import { flatten } from './wire.ts';

export interface SqliteStoreOptions {
  /** The store's file, made when there is none, on a local disk. Its folder must exist. */
  readonly path: string;
  /** Measures how long an answer takes. */
  readonly clock?: Clock;
  /** How long a commit or a read may take before it is rejected. `limits.commitTimeoutMs` unless told. */
  readonly timeoutMs?: number;
}

/**
 * Opens the embedded store: one SQLite file in a thread of its own. Commits that are waiting at the same time share one
 * sync of the disk. Several processes may have a file open; they write in turns, and each sees what the others committed.
 *
 * Besides refusals and faults, `commit` rejects with a `Bug` when a change carries what is not JSON; nothing of that
 * commit is written then. After a failed write to the disk, a damaged file or a crash of the thread, everything rejects
 * with that fault until the store is opened again.
 *
 * @throws Fault E_STORE when the file cannot be opened, or a process of another version has it open; E_STORE_CORRUPT when
 * it is damaged or is not a store; E_STORE_NEWER when a newer version wrote it.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const worker = await startWorker(
    options.path,
    options.timeoutMs ?? limits.commitTimeoutMs,
    options.clock ?? systemClock,
  );
  return {
    seals: true,
    async commit(changes, { alone = false } = {}) {
      const commit = flatten(changes);
      if ('ok' in commit) return commit;
      const answer = await worker.commit(commit, alone);
      if ('ok' in answer) return answer;
      return 'seqs' in answer ? { ok: true, ...answer } : { ok: true, seqs: answer };
    },
    async readEvents(query) {
      assertLimit(query.limit);
      return worker.read('readEvents', query);
    },
    readRun: (tenant, runId) => worker.read('readRun', tenant, runId),
    readRunKeys: (tenant, runIds) => worker.read('readRunKeys', tenant, runIds),
    async listRuns(query) {
      assertLimit(query.limit);
      return worker.read('listRuns', query);
    },
    readApproval: (tenant, approvalId) => worker.read('readApproval', tenant, approvalId),
    async listApprovals(tenant, state, limit, after) {
      assertLimit(limit);
      return worker.read('listApprovals', tenant, state, limit, after);
    },
    readLastSpent: (tenant, agent, tool, beforeMs) => worker.read('readLastSpent', tenant, agent, tool, beforeMs),
    async listOverdue(tenant, nowMs, limit) {
      assertLimit(limit);
      return worker.read('listOverdue', tenant, nowMs, limit);
    },
    listDelegations: (tenant, nowMs) => worker.read('listDelegations', tenant, nowMs),
    readTierReview: (tenant) => worker.read('readTierReview', tenant),
    async listNotices(tenant, nowMs, limit) {
      assertLimit(limit);
      return worker.read('listNotices', tenant, nowMs, limit);
    },
    async listAsked(tenant, nowMs, limit) {
      assertLimit(limit);
      return worker.read('listAsked', tenant, nowMs, limit);
    },
    async listAbandonedIntents(limit) {
      assertLimit(limit);
      return worker.read('listAbandonedIntents', limit);
    },
    readMeters: (meters, nowMs) => worker.read('readMeters', meters, nowMs),
    readPin: (tool) => worker.read('readPin', tool),
    listPins: (server) => worker.read('listPins', server),
    async listWritten(tenant, afterSeq, limit) {
      assertLimit(limit);
      return worker.read('listWritten', tenant, afterSeq, limit);
    },
    readBundle: (bundle) => worker.read('readBundle', bundle),
    readContent: (digest) => worker.read('readContent', digest),
    async readBreakers(limit, scopes) {
      assertLimit(limit);
      return worker.read('readBreakers', limit, scopes);
    },
    listIsolations: () => worker.read('listIsolations'),
    readIsolationState: () => worker.read('readIsolationState'),
    async listOpenIntents(limit) {
      assertLimit(limit);
      return worker.read('listOpenIntents', limit);
    },
    readPerson: (tenant, id) => worker.read('readPerson', tenant, id),
    async listPeople(tenant, limit, after) {
      assertLimit(limit);
      return worker.read('listPeople', tenant, limit, after);
    },
    readSession: (hash) => worker.read('readSession', hash),
    async listSessions(tenant, person, limit) {
      assertLimit(limit);
      return worker.read('listSessions', tenant, person, limit);
    },
    readKey: (hash) => worker.read('readKey', hash),
    async listKeys(tenant, limit) {
      assertLimit(limit);
      return worker.read('listKeys', tenant, limit);
    },
    readSignIn: (tenant, name) => worker.read('readSignIn', tenant, name),
    readActiveBundle: () => worker.read('readActiveBundle'),
    listSinks: (tenant) => worker.read('listSinks', tenant),
    async listPutAside(tenant, sink, afterSeq, limit) {
      assertLimit(limit);
      return worker.read('listPutAside', tenant, sink, afterSeq, limit);
    },
    close: () => worker.close(),
  };
}
