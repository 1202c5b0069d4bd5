import { assert } from '../../base/assert.ts';
import { newId } from '../../base/clock.ts';
import { digestJson } from '../../base/digest.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { errorEntry } from '../../base/errors.ts';
import type { ApprovalPlan } from '../../model/approval.ts';
import type { Reason } from '../../model/decision.ts';
import type { Principal } from '../../model/principal.ts';
import { admit } from '../line/admit.ts';
import { answerRefusal } from '../line/answer.ts';
import type { CallRequest } from '../line/call-request.ts';
import { commit } from '../line/commit.ts';
import { type Decided, decide } from '../line/decide.ts';
import { label } from '../line/label.ts';
import { Refusal, refuse } from '../line/refusal.ts';
import { scan } from '../line/scan.ts';
import { validate } from '../line/validate.ts';
import { recordDecided } from '../record.ts';
import type { World } from '../world.ts';
import { dutyOf } from './duty.ts';
import { openQuestion } from './open-question.ts';
import { steadyNowMs } from './steady-time.ts';

export interface AskedPlan {
  readonly principal: Principal;
  readonly runId: string;
  /** Each call once, exactly as it will be made. */
  readonly calls: readonly Pick<CallRequest, 'tool' | 'arguments' | 'purpose'>[];
}

/** What asking about a plan came to. */
export type PlanAnswer =
  | {
      readonly kind: 'asked';
      readonly planId: string;
      /** Of the first question: to answer it answers all. */
      readonly approvalId: string;
      /** By the index of the call; undefined where policy permits it without a person. */
      readonly approvals: readonly (string | undefined)[];
    }
  /** Policy permits every call as it is. */
  | { readonly kind: 'permitted' }
  | {
      readonly kind: 'refused';
      /** Which of the calls it was. */
      readonly index: number;
      readonly code: ErrorCode;
      readonly reasons: readonly Reason[];
      readonly toModel: string;
    };

/**
 * Asks one question about several calls: one answer is about all of them, exactly as they are, each to run once, in
 * whatever order, or not at all. Anything else asks again, and each is decided again when it is made. A plan with a call
 * that policy denies is not asked about. Nothing runs. Never throws.
 */
export async function askPlan(world: World, { principal, runId, calls }: AskedPlan): Promise<PlanAnswer> {
  const judged: Decided[] = [];
  for (const [index, call] of calls.entries()) {
    const request: CallRequest = { principal, runId, ...call };
    const callId = newId(world.clock, 'call');
    const decided = await judge(world, request, callId).catch((error: unknown) => {
      world.onBug(error, callId);
      return refuse('E_INTERNAL', `a bug stopped this call: ${callId}`);
    });
    const refusal = decided instanceof Refusal ? decided : objectTo(decided, judged);
    if (refusal !== undefined) return refused(index, await answerRefusal(world, request, callId, refusal));
    if (!(decided instanceof Refusal)) judged.push(decided);
  }
  const asking = judged.filter(({ decision }) => decision.verdict === 'ask');
  if (asking.length === 0) return { kind: 'permitted' };
  const ids = new Map(asking.map((decided) => [decided, newId(world.clock, 'apr')]));
  const plan: ApprovalPlan = {
    id: newId(world.clock, 'plan'),
    digest: digestJson(asking.map(({ labelled }) => labelled.validated.call.digest)),
    members: [...ids.values()],
  };
  const expiresAtMs = steadyNowMs(world.clock) + Math.min(...asking.map(lifeOf));
  const questions = [...ids].map(([decided, id]) => openQuestion(world, decided, { id, plan, expiresAtMs }));
  const written = await commit(
    world,
    questions.flatMap(({ changes }) => changes),
  );
  if (written instanceof Refusal) {
    const [first] = judged;
    const index = first === undefined ? 0 : judged.indexOf(asking[0] ?? first);
    return {
      kind: 'refused',
      index,
      code: written.code,
      reasons: written.reasons,
      toModel: errorEntry(written.code).toModel,
    };
  }
  for (const { approval } of questions) world.asked.replace(runId, approval.callDigest, approval.id);
  world.noticed?.();
  return {
    kind: 'asked',
    planId: plan.id,
    approvalId: plan.members[0] ?? '',
    approvals: judged.map((decided) => ids.get(decided)),
  };
}

/** As far as a call is judged before anything of it happens. */
async function judge(world: World, request: CallRequest, callId: string): Promise<Decided | Refusal> {
  const admitted = await admit(world, request, callId);
  if (admitted instanceof Refusal) return admitted;
  using _ = admitted;
  const scanned = await scan(world, admitted);
  if (scanned instanceof Refusal) return scanned;
  const validated = validate(world, scanned);
  if (validated instanceof Refusal) return validated;
  const labelled = await label(world, validated);
  return labelled instanceof Refusal ? labelled : decide(world, labelled);
}

/** Why this call cannot be part of the plan. */
function objectTo(decided: Decided, before: readonly Decided[]): Refusal | undefined {
  const { decision, labelled } = decided;
  if (decision.verdict === 'deny') {
    const code = decision.reasons[0]?.code ?? 'E_DENIED';
    return new Refusal(decision.reasons, code === 'PERMITTED' ? 'E_DENIED' : code, { record: recordDecided(decided) });
  }
  const { digest } = labelled.validated.call;
  const isTwice = before.some((other) => other.labelled.validated.call.digest === digest);
  return isTwice ? refuse('E_REQUEST_INVALID', 'the plan has this call twice; an approval is for one') : undefined;
}

function lifeOf({ labelled }: Decided): number {
  const { tool, scanned } = labelled.validated;
  return dutyOf(scanned.admitted.catalog.manifest, tool.name).timeoutMs;
}

function refused(index: number, answer: Awaited<ReturnType<typeof answerRefusal>>): PlanAnswer {
  assert(answer.kind === 'refused', 'a refusal is answered as one');
  const { code, reasons, toModel } = answer;
  return { kind: 'refused', index, code, reasons, toModel };
}
