import type { Approval } from '../../../model/approval.ts';
import type { RecordKeys } from '../../../ports/record-keys.ts';
import type { Store } from '../../../ports/store.ts';
import { KeyRing } from './key-ring.ts';
import { openApproval, openEvent, openRun } from './open-records.ts';

type Reads = Omit<Store, 'commit'>;

/** Opens what is read from a sealed store. Rejects with a `Fault` E_RECORD_KEY where a key cannot be had. */
export function openSealedReads(inner: Reads, keys: RecordKeys): Reads {
  return openReads(inner, new KeyRing(inner, keys), (read) => read());
}

/** @param inTurn runs a read when everything that was handed over before is with the store */
export function openReads(
  inner: Reads,
  ring: KeyRing,
  inTurn: <Answer>(read: () => Promise<Answer>) => Promise<Answer>,
): Reads {
  async function openApprovals(tenant: string, approvals: readonly Approval[]): Promise<readonly Approval[]> {
    const sealed = approvals.filter((approval) => approval.sealed !== undefined);
    if (sealed.length === 0) return approvals;
    const found = await ring.read(
      tenant,
      sealed.map(({ runId }) => runId),
    );
    return approvals.map((approval) => openApproval(approval, found));
  }

  return {
    async readEvents({ user, ...query }) {
      const named = user === undefined ? query : { ...query, user: await ring.nameUser(query.tenant, user) };
      const events = await inTurn(() => inner.readEvents(named));
      const found = await ring.read(
        query.tenant,
        events.flatMap(({ runId, body }) => (runId !== undefined && 'sealed' in body ? [runId] : [])),
      );
      return events.map((event) => openEvent(event, found));
    },
    async readRun(tenant, runId) {
      const run = await inTurn(() => inner.readRun(tenant, runId));
      return run?.sealed === undefined ? run : openRun(run, await ring.read(tenant, [runId]));
    },
    readRunKeys: (tenant, runIds) => inTurn(() => inner.readRunKeys(tenant, runIds)),
    async listRuns({ user, ...query }) {
      const named = user === undefined ? query : { ...query, user: await ring.nameUser(query.tenant, user) };
      return inTurn(() => inner.listRuns(named));
    },
    async readApproval(tenant, approvalId) {
      const approval = await inTurn(() => inner.readApproval(tenant, approvalId));
      const [opened] = approval === undefined ? [] : await openApprovals(tenant, [approval]);
      return opened;
    },
    async listApprovals(tenant, state, limit, after) {
      return openApprovals(tenant, await inTurn(() => inner.listApprovals(tenant, state, limit, after)));
    },
    async readLastSpent(tenant, agent, tool, beforeMs) {
      const approval = await inTurn(() => inner.readLastSpent(tenant, agent, tool, beforeMs));
      const [opened] = approval === undefined ? [] : await openApprovals(tenant, [approval]);
      return opened;
    },
    listOverdue: (tenant, nowMs, limit) => inTurn(() => inner.listOverdue(tenant, nowMs, limit)),
    listDelegations: (tenant, nowMs) => inTurn(() => inner.listDelegations(tenant, nowMs)),
    readTierReview: (tenant) => inTurn(() => inner.readTierReview(tenant)),
    listNotices: (tenant, nowMs, limit) => inTurn(() => inner.listNotices(tenant, nowMs, limit)),
    listAsked: (tenant, nowMs, limit) => inTurn(() => inner.listAsked(tenant, nowMs, limit)),
    listAbandonedIntents: (limit) => inTurn(() => inner.listAbandonedIntents(limit)),
    readMeters: (meters, nowMs) => inTurn(() => inner.readMeters(meters, nowMs)),
    readPin: (tool) => inTurn(() => inner.readPin(tool)),
    listPins: (server) => inTurn(() => inner.listPins(server)),
    listWritten: (tenant, afterSeq, limit) => inTurn(() => inner.listWritten(tenant, afterSeq, limit)),
    readBundle: (bundle) => inTurn(() => inner.readBundle(bundle)),
    readContent: (digest) => inTurn(() => inner.readContent(digest)),
    listOpenIntents: (limit) => inTurn(() => inner.listOpenIntents(limit)),
    readBreakers: (limit, scopes) => inTurn(() => inner.readBreakers(limit, scopes)),
    listIsolations: () => inTurn(() => inner.listIsolations()),
    readIsolationState: () => inTurn(() => inner.readIsolationState()),
    readPerson: (tenant, id) => inTurn(() => inner.readPerson(tenant, id)),
    listPeople: (tenant, limit, after) => inTurn(() => inner.listPeople(tenant, limit, after)),
    readSession: (hash) => inTurn(() => inner.readSession(hash)),
    listSessions: (tenant, person, limit) => inTurn(() => inner.listSessions(tenant, person, limit)),
    readKey: (hash) => inTurn(() => inner.readKey(hash)),
    listKeys: (tenant, limit) => inTurn(() => inner.listKeys(tenant, limit)),
    readSignIn: (tenant, name) => inTurn(() => inner.readSignIn(tenant, name)),
    readActiveBundle: () => inTurn(() => inner.readActiveBundle()),
    listSinks: (tenant) => inTurn(() => inner.listSinks(tenant)),
    listPutAside: (tenant, sink, afterSeq, limit) => inTurn(() => inner.listPutAside(tenant, sink, afterSeq, limit)),
    close: () => inTurn(() => inner.close()),
  };
}
