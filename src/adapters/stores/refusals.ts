import type { ErrorCode } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { MeterTake } from '../../model/meter.ts';

/** Why a commit was refused: the failed condition's code, and one sentence for the people who run Chaperone. */
export interface StoreRefusal {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryAfterMs?: number;
}

const refuse = (code: ErrorCode, message: string): StoreRefusal => ({ ok: false, code, message });

/** Every way in which a change's condition can fail to hold, in the same words whichever store says it. */
export const refusals = {
  runExists: (runId: string) => refuse('E_STORE_CORRUPT', `run ${runId} exists already`),
  runUnknown: (runId: string) => refuse('E_RUN_UNKNOWN', `there is no run ${runId} for this principal`),
  runEnded: (runId: string) => refuse('E_RUN_ENDED', `run ${runId} has ended`),
  runExpired: (runId: string) => refuse('E_RUN_ENDED', `run ${runId} is past its expiry`),
  runPaused: (runId: string, reason: string) => refuse('E_RUN_PAUSED', `run ${runId} is paused: ${reason}`),
  isolated: (scope: string) => refuse('E_ISOLATED', `${scope} is isolated`),
  breakerOpen: (scope: string) => refuse('E_BREAKER_OPEN', `the breaker of ${scope} is open`),
  breakerTurned: (scope: string) => refuse('E_BUSY', `the breaker of ${scope} changed meanwhile; look again`),
  stopKnown: (scope: string, by: string) => refuse('E_BUSY', `${scope} is stopped by ${by} already`),
  notIsolated: (scope: string) => refuse('E_NOT_ISOLATED', `${scope} is not isolated`),
  samePerson: (scope: string, by: string) =>
    refuse('E_SECOND_PERSON', `${by} is among those who stopped ${scope}; somebody else has to let it back`),
  incidentOpen: (scope: string) =>
    refuse('E_INCIDENT_OPEN', `${scope} was stopped for an incident; say its cause and which control was changed`),
  stopUnseen: (scope: string, by: readonly string[]) =>
    refuse(
      'E_STOP_UNSEEN',
      `${scope} was stopped once more since it was looked at; those who stopped it: ${by.join(', ')}`,
    ),
  personChanged: (id: string) => refuse('E_BUSY', `the account ${id} was changed meanwhile; look again`),
  lastAdmin: (id: string) => refuse('E_LAST_ADMIN', `${id} is the last admin; make another one first`),
  sessionExists: (id: string) => refuse('E_STORE_CORRUPT', `session ${id} exists already`),
  sessionEnded: () => refuse('E_SESSION_ENDED', 'the session has ended'),
  keyExists: (id: string) => refuse('E_STORE_CORRUPT', `key ${id} exists already`),
  keyUnknown: (id: string) => refuse('E_NOT_FOUND', `there is no key ${id}`),
  signInLocked: (name: string) => refuse('E_SIGN_IN', `${name} has failed too often, and is locked for a while`),
  ticketSpent: () => refuse('E_TICKET', 'it was used already, or has expired'),
  labelRaised: (runId: string) => refuse('E_BUSY', `run ${runId} has read more since; decide again`),
  pinExists: (tool: string) => refuse('E_BUSY', `${tool} was pinned meanwhile; look again`),
  bundleChanged: () => refuse('E_BUNDLE_REPLACED', 'another bundle is active now; decide again'),
  toolDrifted: (tool: string) => refuse('E_TOOL_DRIFTED', `${tool} is not as it was when it was last reviewed`),
  meterEmpty: (
    { name, code, amount, atLeast = amount, max = 0, meter }: MeterTake,
    { used, retryAfterMs }: { readonly used: number; readonly retryAfterMs?: number },
  ): StoreRefusal => ({
    ...refuse(
      code,
      `${name}: ${used} of ${max} are used${atLeast > 1 ? `, and ${atLeast} are asked for` : ''} (${meter})`,
    ),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }),
  intentExists: (callId: string) => refuse('E_STORE_CORRUPT', `call ${callId} has an intent already`),
  intentNotOpen: (callId: string) => refuse('E_STORE_CORRUPT', `call ${callId} has no open intent`),
  approvalExists: (id: string) => refuse('E_STORE_CORRUPT', `approval ${id} exists already`),
  approvalsPending: (runId: string, max: number) =>
    refuse(
      'E_APPROVAL_FLOOD',
      `run ${runId} has ${max} approvals waiting for a person, which is as many as it may have`,
    ),
  approvalsAsked: (runId: string, max: number) =>
    refuse('E_APPROVAL_FLOOD', `run ${runId} has asked ${max} times lately, which is as often as it may`),
  approvalSamePerson: (id: string, by: string) =>
    refuse('E_APPROVAL_SAME_PERSON', `${by} has answered for approval ${id} already; it takes another person`),
  approvalNotOverdue: (id: string) =>
    refuse('E_APPROVAL_USED', `approval ${id} does not wait, or its time has not passed`),
  noticeExists: (id: string) => refuse('E_STORE_CORRUPT', `notice ${id} exists already`),
  noticeTaken: (id: string) => refuse('E_BUSY', `notice ${id} was delivered or taken up meanwhile`),
  approvalUsed: (id: string) => refuse('E_APPROVAL_USED', `approval ${id} was already used or does not exist`),
  approvalNotPending: (id: string) =>
    refuse('E_APPROVAL_USED', `approval ${id} was already answered or does not exist`),
  approvalExpired: (id: string) => refuse('E_APPROVAL_EXPIRED', `approval ${id} expired`),
  approvalArgumentsChanged: (id: string) => refuse('E_APPROVAL_ARGS_CHANGED', `approval ${id} is for a different call`),
  sinkMoved: (sink: string) => refuse('E_BUSY', `sink ${sink} was told more meanwhile`),
  notPutAside: (sink: string, seq: number) => refuse('E_NOT_FOUND', `event ${seq} is not put aside for sink ${sink}`),
  recordTooLarge: (kind: string) =>
    refuse('E_LIMIT', `${kind} carries a record of more than ${limits.recordBytes} bytes`),
  tooManyWaiting: () => refuse('E_BUSY', `${limits.commitsWaiting} commits are waiting for the store`),
};
