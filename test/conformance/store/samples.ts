import { digestBytes } from '../../../src/base/digest.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { Approval } from '../../../src/model/approval.ts';
import type { NewEvent } from '../../../src/model/event.ts';
import type { Person } from '../../../src/model/person.ts';
import type { Run } from '../../../src/model/run.ts';
import type { Change } from '../../../src/ports/store.ts';

/** Times in the samples are small numbers: runs start at 0 and end at 100, approvals expire at 50. */
export const bundleA = digestBytes('bundle a');
export const bundleB = digestBytes('bundle b');
export const pinA = digestBytes('pin a');
export const callDigest = digestBytes('call');

export function sampleRun(over: Partial<Run> = {}): Run {
  return {
    id: 'run_1',
    principal: {
      tenant: 'acme',
      agent: 'support',
      onBehalfOf: { id: 'ana', groups: ['sales'], attributes: { level: 3 } },
    },
    task: 'answer mail',
    prompt: [{ kind: 'user', text: 'Grüße an Zoë 🐝, please' }],
    attested: true,
    label: { integrity: 'trusted', secrecy: 'public', origins: [] },
    startedAtMs: 0,
    expiresAtMs: 100,
    ...over,
  };
}

export function sampleEvent(over: Partial<NewEvent> = {}): NewEvent {
  return {
    id: 'evt_1',
    kind: 'call.intended',
    tenant: 'acme',
    runId: 'run_1',
    callId: 'call_1',
    agent: 'support',
    tool: 'mail/send',
    atMs: 1_700_000_000_123,
    body: { z: [1, 2.5, -0, 1e21, null, true], text: 'naïve “quotes” \u0000 \u2028 🐝', nested: { b: {}, a: [] } },
    ...over,
  };
}

export function append(over: Partial<NewEvent> = {}): Change {
  return { kind: 'event.append', event: sampleEvent(over) };
}

/** `count` appends, told apart by a number in the body. */
export function appendMany(count: number, over: Partial<NewEvent> = {}): Change[] {
  return Array.from({ length: count }, (_, i) => append({ ...over, id: `evt_${i}`, body: { i } }));
}

export function sampleApproval(over: Partial<Approval> = {}): Approval {
  const args: JsonObject = { to: ['bo@example.com'] };
  return {
    id: 'apr_1',
    tenant: 'acme',
    agent: 'support',
    runId: 'run_1',
    callId: 'call_1',
    tool: 'mail/send',
    pin: pinA,
    arguments: args,
    callDigest,
    nonce: '00112233445566778899aabbccddeeff',
    reasons: [{ code: 'E_APPROVAL_PENDING', message: 'medium consequence' }],
    askedAtMs: 0,
    expiresAtMs: 50,
    state: 'pending',
    ...over,
  };
}

export const openRun: Change = { kind: 'run.open', run: sampleRun() };
export const openApproval: Change = { kind: 'approval.open', approval: sampleApproval(), maxPendingPerRun: 2 };
export const answer = {
  kind: 'approval.answer',
  tenant: 'acme',
  approvalId: 'apr_1',
  persons: 1,
  answer: { by: 'ops@acme', groups: ['ops'], presence: 'terminal', approve: true, atMs: 10 },
} as const satisfies Change;
export const deny = { ...answer, answer: { ...answer.answer, approve: false } } as const satisfies Change;
export const addNotice = {
  kind: 'notice.add',
  notice: {
    id: 'ntc_1',
    tenant: 'acme',
    channel: 'ops',
    kind: 'approval.asked',
    facts: { approval: 'apr_1' },
    atMs: 5,
    untilMs: 50,
  },
} as const satisfies Change;
export const claimNotice = {
  kind: 'notice.claim',
  tenant: 'acme',
  id: 'ntc_1',
  attempts: 0,
  dueAtMs: 30,
} as const satisfies Change;
export const closeNotice = { kind: 'notice.close', tenant: 'acme', id: 'ntc_1' } as const satisfies Change;
export const consume = {
  kind: 'approval.consume',
  tenant: 'acme',
  agent: 'support',
  runId: 'run_1',
  approvalId: 'apr_1',
  callDigest,
  nonce: '00112233445566778899aabbccddeeff',
  nowMs: 20,
} as const satisfies Change;
export const requireRun = {
  kind: 'run.require',
  tenant: 'acme',
  agent: 'support',
  runId: 'run_1',
  nowMs: 99,
} as const satisfies Change;
export const eraseRun = { kind: 'run.erase', tenant: 'acme', runId: 'run_1', atMs: 7 } as const satisfies Change;
export const pauseRun = {
  kind: 'run.pause',
  tenant: 'acme',
  runId: 'run_1',
  reason: 'it failed',
  atMs: 5,
} as const satisfies Change;
export const openIntent = {
  kind: 'intent.open',
  callId: 'call_1',
  tenant: 'acme',
  runId: 'run_1',
  atMs: 1,
} as const satisfies Change;
export const closeIntent = { kind: 'intent.close', callId: 'call_1', ran: 'yes', atMs: 2 } as const satisfies Change;
export const takeCalls = {
  kind: 'budget.take',
  takes: [{ meter: 'calls/run:run_1', amount: 1, max: 2, name: 'calls of this run', code: 'E_BUDGET' }],
  nowMs: 10,
} as const satisfies Change;
/** A window of a minute: slots of a second. */
export const takeRate = {
  kind: 'budget.take',
  takes: [{ meter: 'rate/a', amount: 1, max: 2, windowMs: 60_000, name: 'calls of `a`', code: 'E_RATE' }],
  nowMs: 10,
} as const satisfies Change;
export const isolateAgent = {
  kind: 'isolation.set',
  scope: 'agent:acme/support',
  reason: 'odd calls',
  by: 'ops',
  incident: false,
  atMs: 5,
} as const satisfies Change;
export const liftAgent = {
  kind: 'isolation.lift',
  scope: 'agent:acme/support',
  by: 'security',
  seen: 1,
  settled: false,
} as const satisfies Change;
export const openBreaker = {
  kind: 'breaker.turn',
  scope: 'tool:acme/mail/send',
  to: { state: 'open', failures: 3, atMs: 5 },
} as const satisfies Change;
export const tryBreaker = {
  ...openBreaker,
  from: openBreaker.to,
  to: { state: 'half-open', failures: 3, atMs: 9 },
} as const satisfies Change;
export const activateA = {
  kind: 'bundle.activate',
  bundle: bundleA,
  content: { rules: ['a'] },
  atMs: 3,
} as const satisfies Change;
export const openSink = { kind: 'sink.open', tenant: 'acme', sink: 'soc', seq: 0, atMs: 1 } as const satisfies Change;
export const advanceSink = {
  kind: 'sink.advance',
  tenant: 'acme',
  sink: 'soc',
  from: 0,
  to: 2,
  atMs: 2,
} as const satisfies Change;
export const putAside = {
  kind: 'sink.putAside',
  tenant: 'acme',
  sink: 'soc',
  seq: 2,
  reason: 'HTTP status 400',
  atMs: 3,
} as const satisfies Change;
export const takeUp = { kind: 'sink.takeUp', tenant: 'acme', sink: 'soc', seq: 2 } as const satisfies Change;

export function putPerson(over: Partial<Person> = {}): Change {
  const person: Person = {
    tenant: 'acme',
    id: 'ana',
    roles: ['viewer'],
    groups: ['sales'],
    disabled: false,
    passkeys: [],
    createdAtMs: 1,
    revision: 1,
    ...over,
  };
  return { kind: 'person.put', person };
}
export const openSession = {
  kind: 'session.open',
  session: {
    id: 'ses_1',
    hash: 'h',
    tenant: 'acme',
    person: 'ana',
    method: 'password',
    openedAtMs: 0,
    usedAtMs: 0,
    idleMs: 30,
    expiresAtMs: 60,
  },
} as const satisfies Change;
export const addKey = {
  kind: 'key.add',
  key: {
    id: 'key_1',
    prefix: 'chk_abc',
    hash: 'k',
    tenant: 'acme',
    person: 'ana',
    name: 'ci',
    roles: ['viewer'],
    createdAtMs: 1,
    expiresAtMs: 90,
  },
} as const satisfies Change;
export const attempt = { kind: 'sign-in.attempt', tenant: 'acme', name: 'ana', nowMs: 1 } as const satisfies Change;
export const spendTicket = { kind: 'ticket.spend', id: 'tkt_1', nowMs: 1, expiresAtMs: 50 } as const satisfies Change;
