import { newId } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { limits } from '../base/limits.ts';
import type { Approval } from '../model/approval.ts';
import type { Decision, Reason } from '../model/decision.ts';
import { commit } from './line/commit.ts';
import type { Decided } from './line/decide.ts';
import { Refusal, refuse } from './line/refusal.ts';
import { recordDecided } from './record.ts';
import type { World } from './world.ts';

/**
 * The approval this call may spend: the one named in the request, or one that answers the very same call of the same
 * run. Undefined when nobody has been asked yet. A pending, denied, expired or different one refuses, each by its code.
 */
export async function findApproval(world: World, decided: Decided): Promise<Approval | Refusal | undefined> {
  const { scanned, call } = decided.labelled.validated;
  const { run, request } = scanned.admitted;
  const id = request.approvalId ?? (await world.asked.find(run.id, call.digest));
  if (id === undefined) return undefined;
  const approval = await readApproval(world, run.principal.tenant, id);
  if (approval instanceof Refusal) return approval;
  const named = request.approvalId !== undefined;
  const { decision } = decided;
  if (approval === undefined || approval.runId !== run.id || approval.agent !== run.principal.agent) {
    return refuse('E_APPROVAL_USED', 'this run has no such approval');
  }
  if (approval.callDigest !== call.digest) {
    return new Refusal(
      [{ code: 'E_APPROVAL_ARGS_CHANGED', message: 'the tool or its arguments are not those that were approved' }],
      'E_APPROVAL_ARGS_CHANGED',
      { approvalId: approval.id, record: recordDecided(decided) },
    );
  }
  const expired = approval.expiresAtMs <= world.clock.nowMs();
  if (approval.state === 'pending' && !expired) return pending(approval.id, decided);
  if (approval.state === 'denied') return refuse('E_APPROVAL_DENIED', `denied by ${approval.answeredBy ?? 'a person'}`);
  if (approval.state === 'approved' && !expired) {
    if (answersTheSameQuestion(approval, decision)) return approval;
    if (named)
      return refuse('E_APPROVAL_ARGS_CHANGED', 'policy now asks for another reason than the one a person answered');
  }
  await world.asked.forget(run.id, call.digest, approval.id);
  if (!named) return undefined;
  return approval.state === 'consumed'
    ? refuse('E_APPROVAL_USED', 'this approval has been used')
    : refuse('E_APPROVAL_EXPIRED', 'nobody answered in time, or the answer was not used in time');
}

/** Opens an approval for this call, durably, and refuses the call until it is answered. */
export async function askForApproval(world: World, decided: Decided): Promise<Refusal> {
  const { scanned, tool, call } = decided.labelled.validated;
  const { run } = scanned.admitted;
  const { tenant, agent } = run.principal;
  const askedAtMs = world.clock.nowMs();
  const approval: Approval = {
    id: newId(world.clock, 'apr'),
    tenant,
    agent,
    runId: run.id,
    callId: call.id,
    tool: call.tool,
    pin: tool.pin,
    arguments: call.arguments,
    ...(call.input === undefined ? {} : { input: call.input }),
    callDigest: call.digest,
    nonce: Buffer.from(world.clock.randomBytes(16)).toString('hex'),
    reasons: decided.decision.reasons,
    askedAtMs,
    expiresAtMs: askedAtMs + world.approvalLifeMs(),
    state: 'pending',
  };
  const opened = await world.asked.open(run.id, call.digest, approval.id, () =>
    commit(world, [
      { kind: 'approval.open', approval, maxPendingPerRun: limits.pendingApprovalsPerRun },
      {
        kind: 'event.append',
        event: {
          id: newId(world.clock, 'evt'),
          kind: 'call.asked',
          tenant,
          runId: run.id,
          callId: call.id,
          agent,
          tool: call.tool,
          atMs: askedAtMs,
          body: {
            ...recordDecided(decided),
            approvalId: approval.id,
            expiresAtMs: approval.expiresAtMs,
          },
        },
      },
    ]),
  );
  if (opened instanceof Refusal) return opened;
  return pending(opened, decided);
}

/** A person's answer. The first one stands. Throws a `Fault` with the code that says why it cannot be taken. */
export async function answerApproval(
  world: Pick<World, 'store' | 'clock'>,
  answer: { readonly tenant: string; readonly approvalId: string; readonly approve: boolean; readonly by: string },
): Promise<Approval> {
  const nowMs = world.clock.nowMs();
  const before = await world.store.readApproval(answer.tenant, answer.approvalId);
  if (before === undefined) throw new Fault('E_NOT_FOUND', `there is no approval \`${answer.approvalId}\``);
  const result = await world.store.commit([
    { kind: 'approval.answer', ...answer, nowMs },
    {
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind: 'approval.answered',
        tenant: answer.tenant,
        runId: before.runId,
        callId: before.callId,
        agent: before.agent,
        tool: before.tool,
        atMs: nowMs,
        body: { approvalId: before.id, approve: answer.approve, by: answer.by, callDigest: before.callDigest },
      },
    },
  ]);
  if (!result.ok) throw new Fault(result.code, result.message);
  return {
    ...before,
    state: answer.approve ? 'approved' : 'denied',
    answeredBy: answer.by,
    answeredAtMs: nowMs,
  };
}

async function readApproval(world: World, tenant: string, id: string): Promise<Approval | Refusal | undefined> {
  try {
    return await world.store.readApproval(tenant, id);
  } catch {
    return refuse('E_STORE', 'the approval could not be read');
  }
}

function pending(approvalId: string, decided: Decided): Refusal {
  return new Refusal(
    [{ code: 'E_APPROVAL_PENDING', message: `waiting for a person: ${approvalId}` }, ...decided.decision.reasons],
    'E_APPROVAL_PENDING',
    { approvalId, record: recordDecided(decided) },
  );
}

/**
 * Whether every question of now is one the person answered. Fewer are answered too. A question is the policy and its
 * words: a policy without an id of its own is named by its place in the file, where another one may stand by now. What
 * flow objects to is named by the argument: its words tell where a value was seen, and change with all that is read.
 */
function answersTheSameQuestion(approval: Approval, decision: Decision): boolean {
  const question = ({ policy, code, path, message }: Reason) =>
    JSON.stringify(policy?.startsWith('flow.') ? [policy, code, path] : [policy, message]);
  const answered = new Set(approval.reasons.map(question));
  return decision.reasons.every((reason) => answered.has(question(reason)));
}
