import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import type { Approval } from '../../../model/approval.ts';
import type { StoredEvent } from '../../../model/event.ts';
import { readMeter } from '../../../model/meter.ts';
import type { PutAside } from '../../../model/sink.ts';
import type { Change, CommitResult, Store } from '../../../ports/store.ts';
import { assertLimit, refuseTooLarge } from '../record.ts';
import type { StoreRefusal } from '../refusals.ts';
import { isOverdue } from './apply-approval.ts';
import { applyChange } from './apply-change.ts';
import { keyOf } from './change-people.ts';
import { type Instance, type MemoryState, newMemoryState } from './memory-state.ts';
import type { Undo } from './put.ts';

/**
 * A store that keeps everything in this process and nothing beyond it. **Not durable**: an acknowledged commit is gone
 * when the process is. For tests and simulation; it passes the same conformance suite as the durable stores.
 *
 * Stores that are opened on the same state share it, as several processes share a file: when one is closed, as a crash
 * would close it, the intents it left open are abandoned to the others.
 *
 * A commit takes effect before `commit` returns, so a simulation's order of events depends on nothing but its calls.
 */
export function openMemoryStore(state: MemoryState = newMemoryState()): Store {
  const self: Instance = Symbol('a memory store');
  state.live.add(self);

  const open = (): MemoryState => {
    if (!state.live.has(self)) throw new Fault('E_STORE', 'the store is closed');
    return state;
  };

  return {
    async commit(changes) {
      return commit(open(), self, changes);
    },
    async readEvents(query) {
      assertLimit(query.limit);
      const { events } = open();
      const found: StoredEvent[] = [];
      const last = events.length - 1;
      let chars = 0;
      for (let i = 0; i <= last && found.length < query.limit && chars < limits.pageChars; i++) {
        const event = events[query.newestFirst === true ? last - i : i];
        if (
          event !== undefined &&
          event.tenant === query.tenant &&
          event.seq > (query.afterSeq ?? 0) &&
          event.seq < (query.beforeSeq ?? Number.POSITIVE_INFINITY) &&
          (query.runId === undefined || event.runId === query.runId) &&
          (query.callId === undefined || event.callId === query.callId) &&
          (query.agent === undefined || event.agent === query.agent) &&
          (query.tool === undefined || event.tool === query.tool) &&
          (query.user === undefined || event.user === query.user) &&
          (query.kinds === undefined || query.kinds.includes(event.kind)) &&
          event.atMs >= (query.fromMs ?? Number.NEGATIVE_INFINITY) &&
          event.atMs < (query.toMs ?? Number.POSITIVE_INFINITY)
        ) {
          found.push(structuredClone(event));
          chars += JSON.stringify(event.body).length;
        }
      }
      return found;
    },
    async readRun(tenant, runId) {
      const run = open().runs.get(runId);
      return run?.principal.tenant === tenant ? structuredClone(run) : undefined;
    },
    async readRunKeys(tenant, runIds) {
      const { runs, runKeys } = open();
      return runIds.flatMap((runId) => {
        const run = runs.get(runId);
        if (run?.principal.tenant !== tenant) return [];
        return [{ runId, expiresAtMs: run.expiresAtMs, ...runKeys.get(runId) }];
      });
    },
    async listRuns({ tenant, user, expiredByMs = Number.POSITIVE_INFINITY, after = '', limit }) {
      assertLimit(limit);
      const { runs, runKeys } = open();
      return [...runs.values()]
        .map(({ id, principal, expiresAtMs }) => ({
          tenant: principal.tenant,
          runId: id,
          expiresAtMs,
          ...runKeys.get(id),
        }))
        .filter((run) => run.tenant === tenant && run.erasedAtMs === undefined && run.runId > after)
        .filter((run) => run.expiresAtMs <= expiredByMs && (user === undefined || run.user === user))
        .sort((a, b) => compare(a.runId, b.runId))
        .slice(0, limit)
        .map(({ tenant: _, ...run }) => run);
    },
    async readApproval(tenant, approvalId) {
      const approval = open().approvals.get(approvalId);
      return approval?.tenant === tenant ? structuredClone(approval) : undefined;
    },
    async listApprovals(tenant, approvalState, limit, after) {
      assertLimit(limit);
      const { approvals } = open();
      const last = after === undefined ? undefined : approvals.get(after);
      if (after !== undefined && last?.tenant !== tenant) return [];
      const found = [...approvals.values()]
        .filter((approval) => approval.tenant === tenant && approval.state === approvalState)
        .filter((approval) => last === undefined || newestFirst(last, approval) < 0)
        .sort(newestFirst)
        .slice(0, limit);
      const page: Approval[] = [];
      let chars = 0;
      for (const approval of found) {
        page.push(structuredClone(approval));
        chars += JSON.stringify(approval).length;
        if (chars >= limits.pageChars) break;
      }
      return page;
    },
    async listAsked(tenant, nowMs, limit) {
      assertLimit(limit);
      return [...open().approvals.values()]
        .filter((approval) => approval.tenant === tenant && ASKED.has(approval.state) && approval.expiresAtMs > nowMs)
        .sort(newestFirst)
        .slice(0, limit)
        .map(({ id, runId, callDigest }) => ({ approvalId: id, runId, callDigest }));
    },
    async readLastSpent(tenant, agent, tool, beforeMs) {
      const found = [...open().approvals.values()]
        .filter((approval) => approval.tenant === tenant && approval.agent === agent && approval.tool === tool)
        .filter((approval) => approval.state === 'consumed' && approval.askedAtMs < beforeMs)
        .sort(newestFirst)[0];
      return found && structuredClone(found);
    },
    async listOverdue(tenant, nowMs, limit) {
      assertLimit(limit);
      return [...open().approvals.values()]
        .filter((approval) => approval.tenant === tenant && isOverdue(approval, nowMs))
        .sort((a, b) => a.expiresAtMs - b.expiresAtMs || compare(a.id, b.id))
        .slice(0, limit)
        .map(({ id, runId, agent, tool }) => ({ approvalId: id, runId, agent, tool }));
    },
    async listDelegations(tenant, nowMs) {
      return [...open().delegations.values()]
        .filter((delegation) => delegation.tenant === tenant && nowMs < delegation.untilMs)
        .sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to))
        .map((delegation) => structuredClone(delegation));
    },
    async readTierReview(tenant) {
      const review = open().tierReviews.get(tenant);
      return review && structuredClone(review);
    },
    async listNotices(tenant, nowMs, limit) {
      assertLimit(limit);
      return [...open().notices.values()]
        .filter((notice) => notice.tenant === tenant && notice.dueAtMs <= nowMs)
        .sort((a, b) => a.dueAtMs - b.dueAtMs || compare(a.id, b.id))
        .slice(0, limit)
        .map((notice) => structuredClone(notice));
    },
    async listAbandonedIntents(limit) {
      assertLimit(limit);
      const { intents, live } = open();
      return [...intents.values()]
        .filter((intent) => intent.ran === undefined && !live.has(intent.openedBy))
        .sort((a, b) => a.atMs - b.atMs || compare(a.callId, b.callId))
        .slice(0, limit)
        .map(({ callId, tenant, runId, atMs }) => ({ callId, tenant, runId, atMs }));
    },
    async readMeters(meters, nowMs) {
      return meters.map(({ meter, windowMs }) => readMeter(open().meters.get(meter) ?? [], windowMs, nowMs));
    },
    async listOpenIntents(limit) {
      assertLimit(limit);
      const { intents, live, events } = open();
      const ofCall = new Map(
        events.flatMap((event) => (event.kind === 'call.intended' ? [[event.callId, event] as const] : [])),
      );
      return [...intents.values()]
        .filter((intent) => intent.ran === undefined && live.has(intent.openedBy))
        .sort((a, b) => a.atMs - b.atMs || compare(a.callId, b.callId))
        .slice(0, limit)
        .map(({ callId, tenant, runId, atMs }) => {
          const { agent = '', tool = '' } = ofCall.get(callId) ?? {};
          return { callId, tenant, runId, atMs, agent, tool };
        });
    },
    async readPin(tool) {
      const pin = open().pins.get(tool);
      return pin && structuredClone(pin);
    },
    async listPins(server) {
      return [...open().pins.values()]
        .filter(({ tool }) => tool.startsWith(`${server}/`))
        .sort((a, b) => compare(a.tool, b.tool))
        .map((pin) => structuredClone(pin));
    },
    async listWritten(tenant, afterSeq, limit) {
      assertLimit(limit);
      return [...open().written.values()]
        .filter((written) => written.tenant === tenant && written.seq > afterSeq)
        .sort((a, b) => a.seq - b.seq)
        .slice(0, limit)
        .map(({ seq, object }) => ({ seq, object }));
    },
    async readBundle(bundle) {
      const content = open().bundles.get(bundle);
      return content && { bundle, content: structuredClone(content) };
    },
    async readContent(digest) {
      const content = open().contents.get(digest);
      return content && structuredClone(content);
    },
    async readBreakers(limit, scopes) {
      assertLimit(limit);
      const { breakers } = open();
      if (scopes !== undefined) return scopes.flatMap((scope) => breakers.get(scope) ?? []).slice(0, limit);
      return [...breakers.values()].sort((a, b) => b.atMs - a.atMs || compare(a.scope, b.scope)).slice(0, limit);
    },
    async listIsolations() {
      return [...open().isolations.values()]
        .sort((a, b) => compare(a.scope, b.scope))
        .map((isolation) => structuredClone(isolation));
    },
    async readIsolationState() {
      const { isolationEpoch, isolationsSeen, live } = open();
      const seen = [...isolationsSeen].filter(([instance]) => live.has(instance));
      return { epoch: isolationEpoch, seen: seen.map(([, { epoch, atMs }]) => ({ pid: process.pid, epoch, atMs })) };
    },
    async readPerson(tenant, id) {
      const person = open().people.get(keyOf(tenant, id));
      return person && structuredClone(person);
    },
    async listPeople(tenant, limit, after = '') {
      assertLimit(limit);
      return [...open().people.values()]
        .filter((person) => person.tenant === tenant && compare(person.id, after) > 0)
        .sort((a, b) => compare(a.id, b.id))
        .slice(0, limit)
        .map((person) => structuredClone(person));
    },
    async readSession(hash) {
      const session = open().sessions.get(hash);
      return session && { ...session };
    },
    async listSessions(tenant, person, limit) {
      assertLimit(limit);
      return [...open().sessions.values()]
        .filter((session) => session.tenant === tenant && session.person === person)
        .sort((a, b) => b.openedAtMs - a.openedAtMs || compare(b.id, a.id))
        .slice(0, limit)
        .map((session) => ({ ...session }));
    },
    async readKey(hash) {
      const key = open().keys.get(hash);
      return key && structuredClone(key);
    },
    async listKeys(tenant, limit) {
      assertLimit(limit);
      return [...open().keys.values()]
        .filter((key) => key.tenant === tenant)
        .sort((a, b) => b.createdAtMs - a.createdAtMs || compare(b.id, a.id))
        .slice(0, limit)
        .map((key) => structuredClone(key));
    },
    async readSignIn(tenant, name) {
      const attempts = open().signIns.get(keyOf(tenant, name));
      return attempts && { ...attempts };
    },
    async readActiveBundle() {
      const { activeBundle, live } = open();
      if (activeBundle === undefined) return undefined;
      const { by, bundle, content, atMs } = activeBundle;
      const activator = live.has(by) ? { activator: { pid: process.pid } } : {};
      return { bundle, content: structuredClone(content), atMs, ...activator };
    },
    async listSinks(tenant) {
      const { sinks } = open();
      return [...sinks]
        .filter(([key]) => tenantOf(key) === tenant)
        .map(([, cursor]) => ({ ...cursor, putAside: listAside(state, tenant, cursor.sink).length }))
        .sort((a, b) => compare(a.sink, b.sink));
    },
    async listPutAside(tenant, sink, afterSeq, limit) {
      assertLimit(limit);
      return listAside(open(), tenant, sink)
        .filter(({ seq }) => seq > afterSeq)
        .slice(0, limit);
    },
    async close() {
      state.live.delete(self);
    },
  };
}

/** States in which an approval answers, or may yet answer, an identical call. */
const ASKED: ReadonlySet<Approval['state']> = new Set(['pending', 'approved', 'denied']);

const newestFirst = (a: Approval, b: Approval): number => b.askedAtMs - a.askedAtMs || compare(b.id, a.id);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The tenant of a key that begins with it. */
const tenantOf = (key: string): unknown => (JSON.parse(key) as unknown[])[0]; // written from a list in apply-change

function listAside({ putAside }: MemoryState, tenant: string, sink: string): readonly PutAside[] {
  return [...putAside]
    .filter(([key, aside]) => tenantOf(key) === tenant && aside.sink === sink)
    .map(([, aside]) => aside)
    .sort((a, b) => a.seq - b.seq);
}

/** Makes every change in turn; at the first refusal, and on a bug, takes back those before it. */
function commit(state: MemoryState, by: Instance, changes: readonly Change[]): CommitResult {
  const tooLarge = refuseTooLarge(changes);
  if (tooLarge) return tooLarge;
  const undo: Undo = [];
  const seqs: number[] = [];
  const taken: number[] = [];
  try {
    for (const change of changes) {
      const result = applyChange(state, by, change, undo);
      if (typeof result === 'number') seqs.push(result);
      else if (isTaken(result)) taken.push(...result);
      else if (result !== undefined) {
        takeBack(undo);
        return result;
      }
    }
  } catch (error) {
    takeBack(undo);
    throw error;
  }
  return taken.length === 0 ? { ok: true, seqs } : { ok: true, seqs, taken };
}

/** `Array.isArray` does not tell a list that may not be changed from anything else. */
const isTaken = (result: readonly number[] | StoreRefusal | undefined): result is readonly number[] =>
  Array.isArray(result);

function takeBack(undo: Undo): void {
  for (const step of undo.reverse()) step();
}
