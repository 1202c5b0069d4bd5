import type { Approval } from '../model/approval.ts';
import type { Decision, Reason } from '../model/decision.ts';
import { dutyOf, isEnough } from './approving/duty.ts';
import { expireOne } from './approving/expire-approvals.ts';
import { openQuestion } from './approving/open-question.ts';
import { steadyNowMs } from './approving/steady-time.ts';
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
    return refuse('E_APPROVAL_UNKNOWN', 'this run has no such approval');
  }
  if (approval.callDigest !== call.digest) {
    return new Refusal(
      [{ code: 'E_APPROVAL_ARGS_CHANGED', message: 'the tool or its arguments are not those that were approved' }],
      'E_APPROVAL_ARGS_CHANGED',
      { approvalId: approval.id, record: recordDecided(decided) },
    );
  }
  const nowMs = steadyNowMs(world.clock);
  const expired = approval.expiresAtMs <= nowMs;
  if (approval.state === 'pending' && !expired) return pending(approval.id, decided);
  if (approval.state === 'denied') return refuse('E_APPROVAL_DENIED', `denied by ${approval.answeredBy ?? 'a person'}`);
  if (approval.state === 'approved' && !expired) {
    const isSame = answersTheSameQuestion(approval, decision);
    if (isSame && isStillEnough(approval, decided)) return approval;
    if (named)
      return isSame
        ? refuse('E_APPROVER', 'who approved it may not, or are not enough, by the rules of now')
        : refuse('E_APPROVAL_ARGS_CHANGED', 'policy now asks for another reason than the one a person answered');
  }
  if (expired) await closeExpired(world, approval, nowMs);
  await world.asked.forget(run.id, call.digest, approval.id);
  if (!named) return undefined;
  return approval.state === 'consumed'
    ? refuse('E_APPROVAL_USED', 'this approval has been used')
    : refuse('E_APPROVAL_EXPIRED', 'nobody answered in time, or the answer was not used in time');
}

/** Opens an approval for this call, durably, and refuses the call until it is answered. */
export async function askForApproval(world: World, decided: Decided): Promise<Refusal> {
  const { approval, changes } = openQuestion(world, decided);
  const { runId, callDigest, id } = approval;
  const opened = await world.asked.open(runId, callDigest, id, () => commit(world, changes));
  if (opened instanceof Refusal) return opened;
  world.noticed?.();
  return pending(opened, decided);
}

/** Whether those who approved may do so by the rules of now, and are enough. */
function isStillEnough(approval: Approval, decided: Decided): boolean {
  const { tool, scanned } = decided.labelled.validated;
  const { manifest } = scanned.admitted.catalog;
  const asked = { agent: approval.agent, user: approval.facts?.user };
  return isEnough(manifest, dutyOf(manifest, tool.name), approval.answers ?? [], asked);
}

/** A time that has passed has passed for good, also where the clock is set back. */
async function closeExpired(world: World, approval: Approval, nowMs: number): Promise<void> {
  const { id, tenant, runId, agent, tool } = approval;
  await expireOne(world, tenant, { approvalId: id, runId, agent, tool }, nowMs).catch(() => {}); // refused all the same
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
