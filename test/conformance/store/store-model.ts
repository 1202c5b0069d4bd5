import { isDeepStrictEqual } from 'node:util';
import type { ErrorCode } from '../../../src/base/errors.ts';
import type { Approval, ApprovalAnswer } from '../../../src/model/approval.ts';
import type { BreakerMark } from '../../../src/model/breaker.ts';
import type { Delegation, TierReview } from '../../../src/model/duty.ts';
import type { NewEvent } from '../../../src/model/event.ts';
import type { Isolation } from '../../../src/model/isolation.ts';
import { joinLabels } from '../../../src/model/label.ts';
import type { WaitingNotice } from '../../../src/model/notice.ts';
import type { Run } from '../../../src/model/run.ts';
import type { Change, Ran } from '../../../src/ports/store.ts';

/** What a store must hold after some commits, in the plainest form: the yardstick of the property test. */
export interface ModelState {
  events: NewEvent[];
  runs: Record<string, Run & { endedAtMs?: number; pausedFor?: string }>;
  intents: Record<string, { atMs: number; ran?: Ran }>;
  approvals: Record<string, Approval>;
  isolations: Record<string, Omit<Isolation, 'scope'>>;
  isolationEpoch: number;
  breakers: Record<string, BreakerMark>;
  pins: Record<string, { pin: string; atMs: number }>;
  delegations: Record<string, Delegation>;
  tierReviews: Record<string, TierReview>;
  notices: Record<string, WaitingNotice>;
  /** By tenant, in the order in which they were first written. */
  written: Record<string, string[]>;
  /** What was taken of each meter, each take by the start of the second it counts from. */
  meters: Record<string, { second: number; taken: number }[]>;
  bundle: string | undefined;
  /** How far sinks are, by tenant and name. */
  sinks: Record<string, number>;
  /** Reasons, by tenant, sink and event. */
  aside: Record<string, string>;
}

export const emptyModel: ModelState = {
  events: [],
  runs: {},
  intents: {},
  approvals: {},
  isolations: {},
  isolationEpoch: 0,
  breakers: {},
  pins: {},
  delegations: {},
  tierReviews: {},
  notices: {},
  written: {},
  meters: {},
  bundle: undefined,
  sinks: {},
  aside: {},
};

class Refused extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode) {
    super(code);
    this.code = code;
  }
}

function require(holds: boolean, code: ErrorCode): asserts holds {
  if (!holds) throw new Refused(code);
}

/** The state after a commit, or the state as it was and the code it is refused with. */
export function commitToModel(before: ModelState, changes: readonly Change[]): { state: ModelState; code?: ErrorCode } {
  const state = structuredClone(before);
  try {
    for (const change of changes) make(state, change);
    return { state };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { state: before, code: error.code };
  }
}

function make(state: ModelState, change: Change): void {
  switch (change.kind) {
    case 'event.append':
      state.events.push(change.event);
      return;
    case 'run.open':
      require(!(change.run.id in state.runs), 'E_STORE_CORRUPT');
      state.runs[change.run.id] = structuredClone(change.run);
      return;
    case 'run.end': {
      const run = state.runs[change.runId];
      require(run !== undefined && run.principal.tenant === change.tenant, 'E_RUN_UNKNOWN');
      run.endedAtMs ??= change.atMs;
      delete state.breakers[`run:${change.tenant}/${change.runId}`];
      return;
    }
    case 'run.erase': {
      const run = state.runs[change.runId];
      require(run !== undefined && run.principal.tenant === change.tenant, 'E_RUN_UNKNOWN');
      run.endedAtMs ??= change.atMs;
      delete state.breakers[`run:${change.tenant}/${change.runId}`];
      return;
    }
    case 'run.pause': {
      const run = state.runs[change.runId];
      require(run !== undefined && run.principal.tenant === change.tenant, 'E_RUN_UNKNOWN');
      run.pausedFor ??= change.reason;
      return;
    }
    case 'run.resume': {
      const run = state.runs[change.runId];
      require(run !== undefined && run.principal.tenant === change.tenant, 'E_RUN_UNKNOWN');
      delete run.pausedFor;
      return;
    }
    case 'run.label': {
      const run = state.runs[change.runId];
      require(run !== undefined, 'E_RUN_UNKNOWN');
      state.runs[change.runId] = { ...run, label: joinLabels(run.label, change.label) };
      return;
    }
    case 'written.add':
      for (const object of change.objects) {
        const written = state.written[change.tenant] ?? [];
        if (!written.includes(object)) state.written[change.tenant] = [...written, object];
      }
      return;
    case 'run.require': {
      const run = state.runs[change.runId];
      require(run !== undefined && run.principal.tenant === change.tenant, 'E_RUN_UNKNOWN');
      require(run.principal.agent === change.agent, 'E_RUN_UNKNOWN');
      require(run.endedAtMs === undefined && change.nowMs < run.expiresAtMs, 'E_RUN_ENDED');
      require(run.pausedFor === undefined, 'E_RUN_PAUSED');
      return;
    }
    case 'breaker.require':
      require(change.scopes.every(
        (scope) => (state.breakers[scope]?.state ?? 'closed') === 'closed',
      ), 'E_BREAKER_OPEN');
      return;
    case 'breaker.turn':
      require(isDeepStrictEqual(state.breakers[change.scope], change.from), 'E_BUSY');
      if (change.to === undefined) delete state.breakers[change.scope];
      else state.breakers[change.scope] = change.to;
      return;
    case 'breaker.forget':
      for (const [scope, { atMs }] of Object.entries(state.breakers))
        if (atMs < change.beforeMs) delete state.breakers[scope];
      return;
    case 'isolation.require':
      require(!change.scopes.some((scope) => scope in state.isolations), 'E_ISOLATED');
      return;
    case 'isolation.set': {
      const known = state.isolations[change.scope];
      const isKnown = known?.by.includes(change.by) === true && (known.incident || !change.incident);
      require(change.ifAbsent === undefined || !isKnown, 'E_BUSY');
      state.isolations[change.scope] = {
        reason: known?.reason ?? change.reason,
        atMs: known?.atMs ?? change.atMs,
        by: [...new Set([...(known?.by ?? []), change.by])],
        incident: change.incident || known?.incident === true,
        epoch: state.isolationEpoch + 1,
      };
      state.isolationEpoch += 1;
      return;
    }
    case 'isolation.lift': {
      const isolation = state.isolations[change.scope];
      require(isolation !== undefined, 'E_NOT_ISOLATED');
      require(![change.by, ...(change.names ?? [])].some((name) => isolation.by.includes(name)), 'E_SECOND_PERSON');
      require(change.settled || !isolation.incident, 'E_INCIDENT_OPEN');
      require(change.seen === isolation.epoch, 'E_STOP_UNSEEN');
      delete state.isolations[change.scope];
      state.isolationEpoch += 1;
      return;
    }
    case 'isolation.seen':
      return;
    case 'pin.require':
      require(state.pins[change.tool]?.pin === change.pin, 'E_TOOL_DRIFTED');
      return;
    case 'budget.take':
      for (const { meter, amount, max = Number.POSITIVE_INFINITY, atLeast, windowMs, code } of change.takes) {
        const now = windowMs === undefined ? 0 : Math.floor(change.nowMs / 1_000);
        // Nothing is older than a window and a second; what lies ahead of the clock counts from the next second.
        const counting = (state.meters[meter] ?? [])
          .filter(({ second }) => windowMs === undefined || second + 60 >= now)
          .map(({ second, taken }) => ({ second: Math.min(second, now + 1), taken }));
        const left = max - counting.reduce((all, { taken }) => all + taken, 0);
        require(left >= Math.max(1, atLeast ?? amount), code);
        const taken = Math.min(amount, left);
        if (taken > 0) state.meters[meter] = [...counting, { second: now, taken }];
      }
      return;
    case 'budget.give':
      for (const { meter, amount } of change.gives) {
        const all = (state.meters[meter] ?? []).reduce((sum, { taken }) => sum + taken, 0);
        state.meters[meter] = [{ second: 0, taken: Math.max(0, all - amount) }];
      }
      return;
    case 'bundle.require':
      require(state.bundle === change.bundle, 'E_BUNDLE_REPLACED');
      return;
    case 'content.keep':
      return;
    case 'bundle.activate':
      state.bundle = change.bundle;
      return;
    case 'intent.open':
      require(!(change.callId in state.intents), 'E_STORE_CORRUPT');
      state.intents[change.callId] = { atMs: change.atMs };
      return;
    case 'intent.close': {
      const intent = state.intents[change.callId];
      require(intent !== undefined && intent.ran === undefined, 'E_STORE_CORRUPT');
      intent.ran = change.ran;
      return;
    }
    case 'approval.open': {
      const { approval } = change;
      require(!(approval.id in state.approvals), 'E_STORE_CORRUPT');
      const waiting = Object.values(state.approvals).filter(
        (a) => a.runId === approval.runId && a.state === 'pending' && a.expiresAtMs > approval.askedAtMs,
      );
      require(waiting.length < change.maxPendingPerRun, 'E_APPROVAL_FLOOD');
      const { maxAsked } = change;
      const asked = Object.values(state.approvals).filter(
        (a) => a.runId === approval.runId && maxAsked !== undefined && a.askedAtMs > maxAsked.sinceMs,
      );
      require(maxAsked === undefined || asked.length < maxAsked.count, 'E_APPROVAL_FLOOD');
      state.approvals[approval.id] = approval;
      return;
    }
    case 'approval.answer': {
      const approval = state.approvals[change.approvalId];
      require(approval !== undefined && approval.tenant === change.tenant, 'E_APPROVAL_USED');
      require(approval.state === 'pending', 'E_APPROVAL_USED');
      const { answer } = change;
      require(answer.atMs < approval.expiresAtMs, 'E_APPROVAL_EXPIRED');
      const behind = ({ by, onDutyOf }: ApprovalAnswer) => [by, onDutyOf ?? by];
      const before = approval.answers ?? [];
      const isSame = before.flatMap(behind).some((person) => behind(answer).includes(person));
      require(!(answer.approve && isSame), 'E_APPROVAL_SAME_PERSON');
      const answers = [...before, answer];
      state.approvals[approval.id] = {
        ...approval,
        answers,
        state: !answer.approve ? 'denied' : answers.length >= change.persons ? 'approved' : 'pending',
        answeredBy: answer.by,
        answeredAtMs: answer.atMs,
      };
      return;
    }
    case 'approval.cancel':
      for (const approval of Object.values(state.approvals)) {
        if (approval.state !== 'pending' && approval.state !== 'approved') continue;
        const { tenant, agent, runId, tool } = approval;
        const [server] = tool.split('/');
        const within = [
          'all',
          `tenant:${tenant}`,
          `agent:${tenant}/${agent}`,
          `run:${runId}`,
          `server:${tenant}/${server}`,
          `tool:${tenant}/${tool}`,
        ];
        if (!within.includes(change.scope)) continue;
        state.approvals[approval.id] = {
          ...approval,
          state: 'denied',
          answeredBy: change.by,
          answeredAtMs: change.nowMs,
        };
      }
      return;
    case 'approval.expire': {
      const overdue = Object.values(state.approvals).filter(
        (approval) =>
          approval.tenant === change.tenant &&
          ['pending', 'approved'].includes(approval.state) &&
          change.nowMs >= approval.expiresAtMs &&
          (change.approvalId === undefined || change.approvalId === approval.id),
      );
      require(change.approvalId === undefined || overdue.length === 1, 'E_APPROVAL_USED');
      for (const approval of overdue) state.approvals[approval.id] = { ...approval, state: 'expired' };
      return;
    }
    case 'approval.consume': {
      const approval = state.approvals[change.approvalId];
      require(approval !== undefined && approval.tenant === change.tenant, 'E_APPROVAL_USED');
      require(approval.agent === change.agent && approval.runId === change.runId, 'E_APPROVAL_USED');
      require(approval.nonce === change.nonce && approval.state === 'approved', 'E_APPROVAL_USED');
      require(change.nowMs < approval.expiresAtMs, 'E_APPROVAL_EXPIRED');
      require(approval.callDigest === change.callDigest, 'E_APPROVAL_ARGS_CHANGED');
      state.approvals[approval.id] = { ...approval, state: 'consumed' };
      return;
    }
    case 'duty.delegate': {
      const { tenant, from, to } = change.delegation;
      state.delegations[JSON.stringify([tenant, from, to])] = change.delegation;
      return;
    }
    case 'tiers.review':
      state.tierReviews[change.review.tenant] = change.review;
      return;
    case 'notice.add': {
      const { notice } = change;
      require(!(`${notice.tenant} ${notice.id}` in state.notices), 'E_STORE_CORRUPT');
      state.notices[`${notice.tenant} ${notice.id}`] = { ...notice, attempts: 0, dueAtMs: notice.atMs };
      return;
    }
    case 'notice.claim': {
      const key = `${change.tenant} ${change.id}`;
      const notice = state.notices[key];
      require(notice !== undefined && notice.attempts === change.attempts, 'E_BUSY');
      state.notices[key] = { ...notice, attempts: notice.attempts + 1, dueAtMs: change.dueAtMs };
      return;
    }
    case 'notice.close': {
      const key = `${change.tenant} ${change.id}`;
      require(key in state.notices, 'E_BUSY');
      delete state.notices[key];
      return;
    }
    case 'pin.set':
      if (change.ifAbsent && state.pins[change.tool] !== undefined) {
        require(state.pins[change.tool]?.pin === change.pin, 'E_BUSY');
        return;
      }
      state.pins[change.tool] = { pin: change.pin, atMs: change.atMs };
      return;
    case 'sink.open':
      state.sinks[`${change.tenant} ${change.sink}`] ??= change.seq;
      return;
    case 'sink.advance': {
      const name = `${change.tenant} ${change.sink}`;
      require(state.sinks[name] === change.from, 'E_BUSY');
      state.sinks[name] = change.to;
      return;
    }
    case 'sink.putAside':
      state.aside[`${change.tenant} ${change.sink} ${change.seq}`] ??= change.reason;
      return;
    case 'sink.takeUp': {
      const name = `${change.tenant} ${change.sink} ${change.seq}`;
      require(name in state.aside, 'E_NOT_FOUND');
      delete state.aside[name];
    }
  }
}
