import { Fault } from '../../src/base/fault.ts';
import type { Change, Store } from '../../src/ports/store.ts';
import { type Seeded, yieldSome } from './seeded.ts';

/**
 * A store that fails at every step there is: before anything is written, after it was written but before that is said,
 * and on reads. What it says it wrote, it wrote.
 */
export function faultyStore(inner: Store, seeded: Seeded, rate: () => number): Store {
  const failing = (when: string) => {
    if (seeded.chance(rate())) throw new Fault('E_STORE', `injected ${when}`);
  };
  const read =
    <Args extends unknown[], Result>(method: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await yieldSome(seeded);
      failing('read');
      return method(...args);
    };
  return {
    async commit(changes: readonly Change[]) {
      await yieldSome(seeded);
      failing('before the commit');
      const result = await inner.commit(changes);
      await yieldSome(seeded);
      failing('after the commit');
      return result;
    },
    readEvents: read((query) => inner.readEvents(query)),
    readLastSpent: read((tenant, agent, tool, beforeMs) => inner.readLastSpent(tenant, agent, tool, beforeMs)),
    listOverdue: read((tenant, nowMs, limit) => inner.listOverdue(tenant, nowMs, limit)),
    listDelegations: read((tenant, nowMs) => inner.listDelegations(tenant, nowMs)),
    readTierReview: read((tenant) => inner.readTierReview(tenant)),
    listNotices: read((tenant, nowMs, limit) => inner.listNotices(tenant, nowMs, limit)),
    listAsked: read((tenant, nowMs, limit) => inner.listAsked(tenant, nowMs, limit)),
    readRun: read((tenant, runId) => inner.readRun(tenant, runId)),
    readRunKeys: read((tenant, runIds) => inner.readRunKeys(tenant, runIds)),
    listRuns: read((query) => inner.listRuns(query)),
    readApproval: read((tenant, id) => inner.readApproval(tenant, id)),
    listApprovals: read((tenant, state, limit, after) => inner.listApprovals(tenant, state, limit, after)),
    listAbandonedIntents: read((limit) => inner.listAbandonedIntents(limit)),
    readMeters: read((meters, nowMs) => inner.readMeters(meters, nowMs)),
    readPin: read((tool) => inner.readPin(tool)),
    listPins: read((server) => inner.listPins(server)),
    listWritten: read((tenant, afterSeq, limit) => inner.listWritten(tenant, afterSeq, limit)),
    readBundle: read((bundle) => inner.readBundle(bundle)),
    readContent: read((digest) => inner.readContent(digest)),
    readBreakers: read((limit, scopes) => inner.readBreakers(limit, scopes)),
    listIsolations: read(() => inner.listIsolations()),
    readIsolationState: read(() => inner.readIsolationState()),
    listOpenIntents: read((limit) => inner.listOpenIntents(limit)),
    readPerson: read((tenant, id) => inner.readPerson(tenant, id)),
    listPeople: read((tenant, limit, after) => inner.listPeople(tenant, limit, after)),
    readSession: read((hash) => inner.readSession(hash)),
    listSessions: read((tenant, person, limit) => inner.listSessions(tenant, person, limit)),
    readKey: read((hash) => inner.readKey(hash)),
    listKeys: read((tenant, limit) => inner.listKeys(tenant, limit)),
    readSignIn: read((tenant, name) => inner.readSignIn(tenant, name)),
    readActiveBundle: read(() => inner.readActiveBundle()),
    listSinks: read((tenant) => inner.listSinks(tenant)),
    listPutAside: read((tenant, sink, afterSeq, limit) => inner.listPutAside(tenant, sink, afterSeq, limit)),
    close: () => inner.close(),
  };
}
