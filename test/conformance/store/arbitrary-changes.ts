import fc from 'fast-check';
import type { Change } from '../../../src/ports/store.ts';
import { addNotice, bundleA, bundleB, callDigest, pinA, sampleApproval, sampleEvent, sampleRun } from './samples.ts';

// Few names and few moments, so that commits run into each other.
const tenant = fc.constantFrom('acme', 'other');
const agent = fc.constantFrom('support', 'sales');
const runId = fc.constantFrom('run_1', 'run_2');
const callId = fc.constantFrom('call_1', 'call_2', 'call_3');
const approvalId = fc.constantFrom('apr_1', 'apr_2', 'apr_3');
const scope = fc.constantFrom('all', 'agent:acme/support', 'run:run_1');
const meter = fc.constantFrom('calls/a', 'calls/b', 'rate/a');
const bundle = fc.constantFrom(bundleA, bundleB);
const person = fc.constantFrom('ana', 'bo', 'cy');
const noticeId = fc.constantFrom('ntc_1', 'ntc_2');
const ms = fc.integer({ min: 0, max: 60 });
const breakerScope = fc.constantFrom('tool:acme/mail/send', 'run:acme/run_1');
const breakerMark = fc.record({
  state: fc.constantFrom('closed' as const, 'open' as const, 'half-open' as const),
  failures: fc.constant(1),
  atMs: fc.nat(1),
});
const sink = fc.constantFrom('soc', 'log');
const seq = fc.integer({ min: 0, max: 3 });

const arbitraryChange: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({ tenant, runId, callId, agent, atMs: ms, i: fc.integer() })
    .map(({ i, ...over }): Change => ({ kind: 'event.append', event: sampleEvent({ ...over, body: { i } }) })),
  fc.record({ id: runId, tenant, agent, expiresAtMs: ms }).map(
    ({ id, expiresAtMs, ...principal }): Change => ({
      kind: 'run.open',
      run: sampleRun({ id, principal, expiresAtMs }),
    }),
  ),
  fc.record({ kind: fc.constant('run.end' as const), tenant, runId, atMs: ms }),
  fc.record({
    kind: fc.constant('run.pause' as const),
    tenant,
    runId,
    reason: fc.constantFrom('odd', 'again'),
    atMs: ms,
  }),
  fc.record({ kind: fc.constant('run.resume' as const), tenant, runId }),
  fc.record({
    kind: fc.constant('run.label' as const),
    runId,
    label: fc.record({
      integrity: fc.constantFrom('trusted' as const, 'untrusted' as const),
      secrecy: fc.constantFrom('public' as const, 'secret' as const),
      origins: fc.subarray(['mail/read', 'web/fetch']),
    }),
  }),
  fc.record({
    kind: fc.constant('written.add' as const),
    tenant,
    objects: fc.array(fc.constantFrom('note#1', 'note#2', 'mail#1', 'value#email:a@b.test'), { maxLength: 3 }),
    runId,
    atMs: ms,
  }),
  fc.record({ kind: fc.constant('run.require' as const), tenant, agent, runId, nowMs: ms }),
  fc.record({ kind: fc.constant('isolation.require' as const), scopes: fc.array(scope, { maxLength: 3 }) }),
  fc.record(
    {
      kind: fc.constant('isolation.set' as const),
      scope,
      reason: fc.constantFrom('odd', 'checked'),
      by: person,
      incident: fc.boolean(),
      atMs: ms,
      ifAbsent: fc.constant(true as const),
    },
    { requiredKeys: ['kind', 'scope', 'reason', 'by', 'incident', 'atMs'] },
  ),
  fc.record(
    {
      kind: fc.constant('isolation.lift' as const),
      scope,
      by: person,
      names: fc.subarray(['ana', 'bo', 'cy']),
      seen: fc.integer({ min: 1, max: 4 }),
      settled: fc.boolean(),
    },
    { requiredKeys: ['kind', 'scope', 'by', 'seen', 'settled'] },
  ),
  fc.record({ kind: fc.constant('breaker.require' as const), scopes: fc.array(breakerScope, { maxLength: 3 }) }),
  fc.record({
    kind: fc.constant('breaker.turn' as const),
    scope: breakerScope,
    from: fc.option(breakerMark, { nil: undefined }),
    to: fc.option(breakerMark, { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('breaker.forget' as const), beforeMs: fc.nat(2) }),
  fc.record({ kind: fc.constant('isolation.seen' as const), epoch: fc.nat(3), atMs: ms }),
  fc.record({ kind: fc.constant('approval.cancel' as const), scope, by: person, nowMs: ms }),
  fc.record({
    kind: fc.constant('pin.require' as const),
    tool: fc.constantFrom('mail/send' as const, 'mail/read' as const),
    pin: fc.constantFrom(pinA, bundleB),
  }),
  fc
    .record({
      tool: fc.constantFrom('mail/send' as const, 'mail/read' as const),
      pin: fc.constantFrom(pinA, bundleB),
      ms,
    })
    .map(({ ms: atMs, ...pin }): Change => ({ kind: 'pin.set', ...pin, descriptor: {}, atMs, ifAbsent: true })),
  fc
    .record({
      takes: fc.array(
        fc.record({
          meter,
          amount: fc.nat(3),
          max: fc.option(fc.nat(4), { nil: undefined }),
          atLeast: fc.option(fc.nat(2), { nil: undefined }),
        }),
        { maxLength: 3 },
      ),
      nowMs: fc.integer({ min: 0, max: 300_000 }),
    })
    .map(
      ({ takes, nowMs }): Change => ({
        kind: 'budget.take',
        takes: takes.map(({ meter: name, amount, max, atLeast }) => ({
          meter: name,
          amount,
          ...(name === 'rate/a' && { windowMs: 60_000 }),
          ...(max !== undefined && { max }),
          ...(atLeast !== undefined && max !== undefined && atLeast <= amount && { atLeast }),
          name,
          code: name === 'rate/a' ? ('E_RATE' as const) : ('E_BUDGET' as const),
        })),
        nowMs,
      }),
    ),
  fc.record({ meter: fc.constantFrom('calls/a', 'calls/b'), amount: fc.nat(3) }).map(
    (give): Change => ({
      kind: 'budget.give',
      gives: [{ ...give, takenAtMs: 5 }],
    }),
  ),
  fc.record({ kind: fc.constant('approval.expire' as const), tenant, nowMs: ms }),
  fc.record({ kind: fc.constant('bundle.require' as const), bundle }),
  fc.record({ kind: fc.constant('sink.open' as const), tenant, sink, seq, atMs: ms }),
  fc.record({ kind: fc.constant('sink.advance' as const), tenant, sink, from: seq, to: seq, atMs: ms }),
  fc.record({ kind: fc.constant('sink.putAside' as const), tenant, sink, seq, reason: fc.string(), atMs: ms }),
  fc.record({ kind: fc.constant('sink.takeUp' as const), tenant, sink, seq }),
  bundle.map((b): Change => ({ kind: 'bundle.activate', bundle: b, content: { is: b }, atMs: 1 })),
  fc.record({ kind: fc.constant('intent.open' as const), callId, tenant, runId, atMs: ms }),
  fc.record({
    kind: fc.constant('intent.close' as const),
    callId,
    ran: fc.constantFrom('yes' as const, 'no' as const, 'unknown' as const),
    atMs: ms,
  }),
  fc.record({ id: approvalId, tenant, agent, runId, askedAtMs: ms, expiresAtMs: ms }).map(
    (over): Change => ({
      kind: 'approval.open',
      approval: sampleApproval(over),
      maxPendingPerRun: 2,
      maxAsked: { count: 3, sinceMs: 20 },
    }),
  ),
  fc
    .record({
      tenant,
      approvalId,
      persons: fc.integer({ min: 1, max: 3 }),
      by: person,
      approve: fc.boolean(),
      atMs: ms,
    })
    .chain(({ by, approve, atMs, ...over }) =>
      fc.option(person, { nil: undefined }).map((onDutyOf): Change => {
        const given = { by, ...(onDutyOf === undefined ? {} : { onDutyOf }), groups: [], approve, atMs };
        return { kind: 'approval.answer', ...over, answer: { ...given, presence: 'terminal' } };
      }),
    ),
  fc.record({ kind: fc.constant('approval.expire' as const), tenant, nowMs: ms, approvalId }),
  fc
    .record({ tenant, from: person, to: person, untilMs: ms })
    .map((delegation): Change => ({ kind: 'duty.delegate', delegation })),
  fc
    .record({ tenant, digest: bundle, by: person, atMs: ms })
    .map((review): Change => ({ kind: 'tiers.review', review })),
  fc
    .record({ id: noticeId, tenant, atMs: ms, untilMs: ms })
    .map((over): Change => ({ kind: 'notice.add', notice: { ...addNotice.notice, ...over } })),
  fc.record({ kind: fc.constant('notice.claim' as const), tenant, id: noticeId, attempts: fc.nat(2), dueAtMs: ms }),
  fc.record({ kind: fc.constant('notice.close' as const), tenant, id: noticeId }),
  fc.record({
    kind: fc.constant('approval.consume' as const),
    tenant,
    agent,
    runId,
    approvalId,
    callDigest: fc.constantFrom(callDigest, bundleA),
    nonce: fc.constant(sampleApproval().nonce),
    nowMs: ms,
  }),
  fc.record({
    kind: fc.constant('pin.set' as const),
    tool: fc.constantFrom('mail/send' as const, 'mail/read' as const),
    pin: fc.constantFrom(pinA, bundleB),
    descriptor: fc.constant({}),
    atMs: ms,
  }),
);

/** Commits of up to five changes, on names that clash. */
export const arbitraryCommits: fc.Arbitrary<Change[][]> = fc.array(fc.array(arbitraryChange, { maxLength: 5 }), {
  minLength: 1,
  maxLength: 60,
});
