import type { ErrorCode } from '../../../src/base/errors.ts';
import type { Change } from '../../../src/ports/store.ts';
import {
  activateA,
  addNotice,
  advanceSink,
  answer,
  bundleA,
  bundleB,
  claimNotice,
  closeIntent,
  closeNotice,
  consume,
  deny,
  eraseRun,
  isolateAgent,
  openApproval,
  openIntent,
  openRun,
  openSink,
  pinA,
  putAside,
  requireRun,
  sampleApproval,
  sampleRun,
  takeUp,
} from './samples.ts';

/** One change, the commits before it, and the code it is refused with; no code means that it is accepted. */
export interface ConditionCase {
  readonly says: string;
  readonly before: readonly Change[];
  readonly change: Change;
  readonly code?: ErrorCode;
}

const expire = { kind: 'approval.expire', tenant: 'acme', nowMs: 50 } as const satisfies Change;
const expireOne = { ...expire, approvalId: 'apr_1' } as const satisfies Change;
const two = { ...answer, persons: 2 } as const satisfies Change;
const secondAnswer = { ...two, answer: { ...two.answer, by: 'bo@acme' } } as const satisfies Change;
const setPin = { kind: 'pin.set', tool: 'mail/send', pin: pinA, descriptor: {}, atMs: 1 } as const satisfies Change;
const secondApproval = {
  kind: 'approval.open',
  approval: sampleApproval({ id: 'apr_2', nonce: 'ff' }),
  maxPendingPerRun: 1,
} as const satisfies Change;

const READ_OUTSIDE = { integrity: 'untrusted', secrecy: 'internal', origins: ['mail/read'] } as const;
export const conditionCases: readonly ConditionCase[] = [
  { says: 'a run may be opened', before: [], change: openRun },
  { says: 'a run id is used once', before: [openRun], change: openRun, code: 'E_STORE_CORRUPT' },
  {
    says: 'a run id is used once across tenants',
    before: [openRun],
    change: { kind: 'run.open', run: sampleRun({ principal: { tenant: 'other', agent: 'support' } }) },
    code: 'E_STORE_CORRUPT',
  },
  { says: 'a live run may be required', before: [openRun], change: requireRun },
  { says: 'an unknown run is refused', before: [], change: requireRun, code: 'E_RUN_UNKNOWN' },
  {
    says: 'another tenant’s run is unknown',
    before: [openRun],
    change: { ...requireRun, tenant: 'other' },
    code: 'E_RUN_UNKNOWN',
  },
  {
    says: 'another agent’s run is unknown',
    before: [openRun],
    change: { ...requireRun, agent: 'other' },
    code: 'E_RUN_UNKNOWN',
  },
  {
    says: 'a run ends with the millisecond it expires in',
    before: [openRun],
    change: { ...requireRun, nowMs: 100 },
    code: 'E_RUN_ENDED',
  },
  {
    says: 'an ended run is refused',
    before: [openRun, { kind: 'run.end', tenant: 'acme', runId: 'run_1', atMs: 7 }],
    change: requireRun,
    code: 'E_RUN_ENDED',
  },
  {
    says: 'a run may be ended twice',
    before: [openRun, { kind: 'run.end', tenant: 'acme', runId: 'run_1', atMs: 7 }],
    change: { kind: 'run.end', tenant: 'acme', runId: 'run_1', atMs: 8 },
  },
  {
    says: 'an unknown run cannot be ended',
    before: [],
    change: { kind: 'run.end', tenant: 'acme', runId: 'run_1', atMs: 7 },
    code: 'E_RUN_UNKNOWN',
  },
  {
    says: 'another tenant’s run cannot be ended',
    before: [openRun],
    change: { kind: 'run.end', tenant: 'other', runId: 'run_1', atMs: 7 },
    code: 'E_RUN_UNKNOWN',
  },
  { says: 'a run may be erased', before: [openRun], change: eraseRun },
  { says: 'a run may be erased twice', before: [openRun, eraseRun], change: eraseRun },
  { says: 'an erased run has ended', before: [openRun, eraseRun], change: requireRun, code: 'E_RUN_ENDED' },
  { says: 'an unknown run cannot be erased', before: [], change: eraseRun, code: 'E_RUN_UNKNOWN' },
  {
    says: 'another tenant’s run cannot be erased',
    before: [openRun],
    change: { ...eraseRun, tenant: 'other' },
    code: 'E_RUN_UNKNOWN',
  },
  {
    says: 'an unknown run cannot be labelled',
    before: [],
    change: { kind: 'run.label', runId: 'run_1', label: sampleRun().label },
    code: 'E_RUN_UNKNOWN',
  },
  {
    says: 'a run that has read more than was decided on is refused',
    before: [openRun, { kind: 'run.label', runId: 'run_1', label: READ_OUTSIDE }],
    change: { ...requireRun, label: sampleRun().label },
    code: 'E_BUSY',
  },
  {
    says: 'a label does not get better by being set',
    before: [
      openRun,
      { kind: 'run.label', runId: 'run_1', label: READ_OUTSIDE },
      { kind: 'run.label', runId: 'run_1', label: sampleRun().label },
    ],
    change: { ...requireRun, label: sampleRun().label },
    code: 'E_BUSY',
  },
  {
    says: 'a run that has read what was decided on is not refused',
    before: [openRun, { kind: 'run.label', runId: 'run_1', label: READ_OUTSIDE }],
    change: { ...requireRun, label: READ_OUTSIDE },
  },
  {
    says: 'nothing isolated, nothing refused',
    before: [],
    change: { kind: 'isolation.require', scopes: ['all', 'agent:acme/support'] },
  },
  {
    says: 'one isolated scope among several is enough',
    before: [isolateAgent],
    change: { kind: 'isolation.require', scopes: ['all', 'tenant:acme', 'agent:acme/support'] },
    code: 'E_ISOLATED',
  },
  {
    says: 'a scope is matched whole',
    before: [isolateAgent],
    change: { kind: 'isolation.require', scopes: ['all', 'agent:acme/support2', 'agent:acme'] },
  },
  {
    says: 'a resumed scope is not isolated',
    before: [isolateAgent, { ...isolateAgent, isolated: false }],
    change: { kind: 'isolation.require', scopes: ['agent:acme/support'] },
  },
  {
    says: 'a tool without a pin is pinned where it has none',
    before: [],
    change: { kind: 'pin.set', tool: 'mail/send', pin: pinA, descriptor: {}, atMs: 1, ifAbsent: true },
  },
  {
    says: 'a tool is not pinned over another pin where it has one',
    before: [{ kind: 'pin.set', tool: 'mail/send', pin: bundleB, descriptor: {}, atMs: 1 }],
    change: { kind: 'pin.set', tool: 'mail/send', pin: pinA, descriptor: {}, atMs: 2, ifAbsent: true },
    code: 'E_BUSY',
  },
  {
    says: 'the pin a tool has does no harm to be set again',
    before: [{ kind: 'pin.set', tool: 'mail/send', pin: pinA, descriptor: {}, atMs: 1 }],
    change: { kind: 'pin.set', tool: 'mail/send', pin: pinA, descriptor: {}, atMs: 2, ifAbsent: true },
  },
  { says: 'no scopes, no isolation', before: [isolateAgent], change: { kind: 'isolation.require', scopes: [] } },
  {
    says: 'no bundle is active at first',
    before: [],
    change: { kind: 'bundle.require', bundle: bundleA },
    code: 'E_BUNDLE_REPLACED',
  },
  {
    says: 'the active bundle may be required',
    before: [activateA],
    change: { kind: 'bundle.require', bundle: bundleA },
  },
  {
    says: 'a replaced bundle is refused',
    before: [activateA, { ...activateA, bundle: bundleB }],
    change: { kind: 'bundle.require', bundle: bundleA },
    code: 'E_BUNDLE_REPLACED',
  },
  {
    says: 'a bundle may be activated again',
    before: [activateA, { ...activateA, bundle: bundleB }, activateA],
    change: { kind: 'bundle.require', bundle: bundleA },
  },
  {
    says: 'a reviewed pin may be required',
    before: [setPin],
    change: { kind: 'pin.require', tool: 'mail/send', pin: pinA },
  },
  {
    says: 'another pin than the reviewed one is refused',
    before: [setPin, { ...setPin, pin: bundleB }],
    change: { kind: 'pin.require', tool: 'mail/send', pin: pinA },
    code: 'E_TOOL_DRIFTED',
  },
  {
    says: 'a tool that was never pinned is refused',
    before: [setPin],
    change: { kind: 'pin.require', tool: 'mail/read', pin: pinA },
    code: 'E_TOOL_DRIFTED',
  },
  { says: 'an intent may be opened', before: [], change: openIntent },
  { says: 'a call has one intent', before: [openIntent], change: openIntent, code: 'E_STORE_CORRUPT' },
  {
    says: 'a closed intent is not opened again',
    before: [openIntent, closeIntent],
    change: openIntent,
    code: 'E_STORE_CORRUPT',
  },
  { says: 'an open intent may be closed', before: [openIntent], change: closeIntent },
  { says: 'an unknown intent cannot be closed', before: [], change: closeIntent, code: 'E_STORE_CORRUPT' },
  {
    says: 'an intent is closed once',
    before: [openIntent, closeIntent],
    change: { ...closeIntent, ran: 'unknown' },
    code: 'E_STORE_CORRUPT',
  },
  { says: 'an approval may be opened', before: [], change: openApproval },
  { says: 'an approval id is used once', before: [openApproval], change: openApproval, code: 'E_STORE_CORRUPT' },
  {
    says: 'a run has so many questions pending',
    before: [openApproval],
    change: secondApproval,
    code: 'E_APPROVAL_FLOOD',
  },
  { says: 'an answered question is not pending', before: [openApproval, answer], change: secondApproval },
  {
    says: 'an expired question is not pending',
    before: [openApproval],
    change: { ...secondApproval, approval: sampleApproval({ id: 'apr_2', askedAtMs: 50, expiresAtMs: 90 }) },
  },
  {
    says: 'another run’s question does not count',
    before: [openApproval],
    change: { ...secondApproval, approval: sampleApproval({ id: 'apr_2', runId: 'run_2' }) },
  },
  { says: 'a pending approval may be answered', before: [openApproval], change: answer },
  { says: 'an unknown approval cannot be answered', before: [], change: answer, code: 'E_APPROVAL_USED' },
  {
    says: 'another tenant’s approval cannot be answered',
    before: [openApproval],
    change: { ...answer, tenant: 'other' },
    code: 'E_APPROVAL_USED',
  },
  {
    says: 'an approval is answered once',
    before: [openApproval, deny],
    change: answer,
    code: 'E_APPROVAL_USED',
  },
  {
    says: 'an expired approval cannot be answered',
    before: [openApproval],
    change: { ...answer, answer: { ...answer.answer, atMs: 50 } },
    code: 'E_APPROVAL_EXPIRED',
  },
  {
    says: 'an approval that was marked expired cannot be answered any more',
    before: [openApproval, expire],
    change: answer,
    code: 'E_APPROVAL_USED',
  },
  {
    says: 'an approval that was marked expired is not pending',
    before: [openApproval, expire],
    change: { ...secondApproval, maxPendingPerRun: 1 },
  },
  {
    says: 'an approval whose time has not passed is not marked expired',
    before: [openApproval, { ...expire, nowMs: 49 }],
    change: answer,
  },
  {
    says: 'another tenant’s approval is not marked expired',
    before: [openApproval, { ...expire, tenant: 'other' }],
    change: answer,
  },
  {
    says: 'an approved approval that was marked expired cannot be spent, whatever the clock says then',
    before: [openApproval, answer, expire],
    change: consume,
    code: 'E_APPROVAL_USED',
  },
  {
    says: 'a denied approval is not marked expired',
    before: [openApproval, deny],
    change: expireOne,
    code: 'E_APPROVAL_USED',
  },
  { says: 'one approval may be marked expired', before: [openApproval], change: expireOne },
  {
    says: 'one approval is marked expired once',
    before: [openApproval, expireOne],
    change: expireOne,
    code: 'E_APPROVAL_USED',
  },
  {
    says: 'one approval is not marked expired before its time has passed',
    before: [openApproval],
    change: { ...expireOne, nowMs: 49 },
    code: 'E_APPROVAL_USED',
  },
  {
    says: 'another tenant’s approval cannot be marked expired',
    before: [openApproval],
    change: { ...expireOne, tenant: 'other' },
    code: 'E_APPROVAL_USED',
  },
  {
    says: 'one of two persons does not approve',
    before: [openApproval, two],
    change: consume,
    code: 'E_APPROVAL_USED',
  },
  { says: 'two of two persons do', before: [openApproval, two, secondAnswer], change: consume },
  {
    says: 'one person is not two',
    before: [openApproval, two],
    change: two,
    code: 'E_APPROVAL_SAME_PERSON',
  },
  {
    says: 'a person and their deputy are not two',
    before: [openApproval, two],
    change: { ...secondAnswer, answer: { ...secondAnswer.answer, onDutyOf: 'ops@acme' } },
    code: 'E_APPROVAL_SAME_PERSON',
  },
  {
    says: 'a deputy does not answer again for themselves',
    before: [openApproval, { ...two, answer: { ...two.answer, by: 'bo@acme', onDutyOf: 'ops@acme' } }],
    change: secondAnswer,
    code: 'E_APPROVAL_SAME_PERSON',
  },
  {
    says: 'one no after one yes denies',
    before: [openApproval, two, { ...two, answer: deny.answer }],
    change: secondAnswer,
    code: 'E_APPROVAL_USED',
  },
  {
    says: 'a run asks so often within a time',
    before: [openApproval, deny],
    change: { ...secondApproval, maxAsked: { count: 1, sinceMs: -1 } },
    code: 'E_APPROVAL_FLOOD',
  },
  {
    says: 'what was asked before that time does not count',
    before: [openApproval, deny],
    change: { ...secondApproval, maxAsked: { count: 1, sinceMs: 0 } },
  },
  { says: 'a notice may be added', before: [], change: addNotice },
  { says: 'a notice id is used once', before: [addNotice], change: addNotice, code: 'E_STORE_CORRUPT' },
  { says: 'a notice may be taken up', before: [addNotice], change: claimNotice },
  {
    says: 'a notice is taken up once at a time',
    before: [addNotice, claimNotice],
    change: claimNotice,
    code: 'E_BUSY',
  },
  {
    says: 'a notice may be taken up again',
    before: [addNotice, claimNotice],
    change: { ...claimNotice, attempts: 1 },
  },
  { says: 'an unknown notice cannot be taken up', before: [], change: claimNotice, code: 'E_BUSY' },
  {
    says: 'another tenant’s notice cannot be taken up',
    before: [addNotice],
    change: { ...claimNotice, tenant: 'other' },
    code: 'E_BUSY',
  },
  { says: 'a notice may be closed', before: [addNotice, claimNotice], change: closeNotice },
  { says: 'a notice is closed once', before: [addNotice, closeNotice], change: closeNotice, code: 'E_BUSY' },
  {
    says: 'another tenant’s notice cannot be closed',
    before: [addNotice],
    change: { ...closeNotice, tenant: 'other' },
    code: 'E_BUSY',
  },
  { says: 'an approved approval may be spent', before: [openApproval, answer], change: consume },
  { says: 'a pending approval cannot be spent', before: [openApproval], change: consume, code: 'E_APPROVAL_USED' },
  {
    says: 'a denied approval cannot be spent',
    before: [openApproval, deny],
    change: consume,
    code: 'E_APPROVAL_USED',
  },
  {
    says: 'an approval is spent once',
    before: [openApproval, answer, consume],
    change: consume,
    code: 'E_APPROVAL_USED',
  },
  { says: 'an unknown approval cannot be spent', before: [], change: consume, code: 'E_APPROVAL_USED' },
  {
    says: 'an approval is spent before it expires',
    before: [openApproval, answer],
    change: { ...consume, nowMs: 50 },
    code: 'E_APPROVAL_EXPIRED',
  },
  {
    says: 'an approval fits one call',
    before: [openApproval, answer],
    change: { ...consume, callDigest: bundleA },
    code: 'E_APPROVAL_ARGS_CHANGED',
  },
  ...(['tenant', 'agent', 'runId', 'nonce'] as const).map(
    (field): ConditionCase => ({
      says: `an approval is spent only with its own ${field}`,
      before: [openApproval, answer],
      change: { ...consume, [field]: 'other' },
      code: 'E_APPROVAL_USED',
    }),
  ),
  { says: 'a sink is told from where it was', before: [openSink], change: advanceSink },
  { says: 'a sink that was never opened is told nothing', before: [], change: advanceSink, code: 'E_BUSY' },
  { says: 'a sink is told once', before: [openSink, advanceSink], change: advanceSink, code: 'E_BUSY' },
  {
    says: 'opening a sink again leaves it where it is',
    before: [openSink, advanceSink, openSink],
    change: { ...advanceSink, from: 2, to: 3 },
  },
  {
    says: 'another tenant’s sink of that name is another one',
    before: [openSink],
    change: { ...advanceSink, tenant: 'other' },
    code: 'E_BUSY',
  },
  { says: 'what was put aside is taken up', before: [putAside], change: takeUp },
  { says: 'what was put aside is taken up once', before: [putAside, takeUp], change: takeUp, code: 'E_NOT_FOUND' },
  { says: 'putting it aside again is no harm', before: [putAside], change: { ...putAside, reason: 'other' } },
  ...(['tenant', 'sink', 'seq'] as const).map(
    (field): ConditionCase => ({
      says: `what was put aside is taken up only with its own ${field}`,
      before: [putAside],
      change: { ...takeUp, [field]: field === 'seq' ? 9 : 'other' },
      code: 'E_NOT_FOUND',
    }),
  ),
];
