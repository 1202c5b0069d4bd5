import { limits } from '../../../base/limits.ts';
import type { Store } from '../../../ports/store.ts';
import { assertLimit } from '../record.ts';
import { createReader } from './create-reader.ts';
import { openDatabaseReadOnly } from './open-database.ts';
import { explain } from './to-fault.ts';
import type { Reader } from './wire.ts';

/** A store that can be looked at and not changed. */
export type ReadOnlyStore = Omit<Store, 'commit'>;

/**
 * Opens a store's file for looking at it, also while another process has it open; each read sees what is committed at
 * that moment. Reads run on the calling thread: this is for commands, not for a gateway.
 *
 * @throws Fault E_NOT_FOUND when there is no file; E_STORE when it cannot be opened; E_STORE_CORRUPT when it is damaged or
 * is not a store; E_STORE_NEWER when a newer version wrote it.
 */
export async function openSqliteStoreReadOnly({ path }: { readonly path: string }): Promise<ReadOnlyStore> {
  const { db, live, close } = openDatabaseReadOnly(path, limits.commitTimeoutMs);
  const reader = createReader(db, live);

  async function read<Answer>(ask: (reader: Reader) => Answer): Promise<Answer> {
    try {
      return ask(reader);
    } catch (error) {
      throw explain(error, path);
    }
  }

  return {
    async readEvents(query) {
      assertLimit(query.limit);
      return read((from) => from.readEvents(query));
    },
    readRun: (tenant, runId) => read((from) => from.readRun(tenant, runId)),
    readRunKeys: (tenant, runIds) => read((from) => from.readRunKeys(tenant, runIds)),
    async listRuns(query) {
      assertLimit(query.limit);
      return read((from) => from.listRuns(query));
    },
    readApproval: (tenant, approvalId) => read((from) => from.readApproval(tenant, approvalId)),
    async listApprovals(tenant, state, limit, after) {
      assertLimit(limit);
      return read((from) => from.listApprovals(tenant, state, limit, after));
    },
    readLastSpent: (tenant, agent, tool, beforeMs) => read((from) => from.readLastSpent(tenant, agent, tool, beforeMs)),
    async listOverdue(tenant, nowMs, limit) {
      assertLimit(limit);
      return read((from) => from.listOverdue(tenant, nowMs, limit));
    },
    listDelegations: (tenant, nowMs) => read((from) => from.listDelegations(tenant, nowMs)),
    readTierReview: (tenant) => read((from) => from.readTierReview(tenant)),
    async listNotices(tenant, nowMs, limit) {
      assertLimit(limit);
      return read((from) => from.listNotices(tenant, nowMs, limit));
    },
    async listAsked(tenant, nowMs, limit) {
      assertLimit(limit);
      return read((from) => from.listAsked(tenant, nowMs, limit));
    },
    async listAbandonedIntents(limit) {
      assertLimit(limit);
      return read((from) => from.listAbandonedIntents(limit));
    },
    readMeters: (meters, nowMs) => read((from) => from.readMeters(meters, nowMs)),
    readPin: (tool) => read((from) => from.readPin(tool)),
    listPins: (server) => read((from) => from.listPins(server)),
    async listWritten(tenant, afterSeq, limit) {
      assertLimit(limit);
      return read((from) => from.listWritten(tenant, afterSeq, limit));
    },
    readBundle: (bundle) => read((from) => from.readBundle(bundle)),
    readContent: (digest) => read((from) => from.readContent(digest)),
    async readBreakers(limit, scopes) {
      assertLimit(limit);
      return read((from) => from.readBreakers(limit, scopes));
    },
    listIsolations: () => read((from) => from.listIsolations()),
    readIsolationState: () => read((from) => from.readIsolationState()),
    async listOpenIntents(limit) {
      assertLimit(limit);
      return read((from) => from.listOpenIntents(limit));
    },
    readPerson: (tenant, id) => read((from) => from.readPerson(tenant, id)),
    async listPeople(tenant, limit, after) {
      assertLimit(limit);
      return read((from) => from.listPeople(tenant, limit, after));
    },
    readSession: (hash) => read((from) => from.readSession(hash)),
    async listSessions(tenant, person, limit) {
      assertLimit(limit);
      return read((from) => from.listSessions(tenant, person, limit));
    },
    readKey: (hash) => read((from) => from.readKey(hash)),
    async listKeys(tenant, limit) {
      assertLimit(limit);
      return read((from) => from.listKeys(tenant, limit));
    },
    readSignIn: (tenant, name) => read((from) => from.readSignIn(tenant, name)),
    readActiveBundle: () => read((from) => from.readActiveBundle()),
    listSinks: (tenant) => read((from) => from.listSinks(tenant)),
    async listPutAside(tenant, sink, afterSeq, limit) {
      assertLimit(limit);
      return read((from) => from.listPutAside(tenant, sink, afterSeq, limit));
    },
    async close() {
      close();
    },
  };
}
