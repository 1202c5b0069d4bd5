import { newId } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { Approval, ApprovalPlan } from '../../model/approval.ts';
import type { MeterTake } from '../../model/meter.ts';
import type { Principal } from '../../model/principal.ts';
import type { Change } from '../../ports/store.ts';
import { meterUser } from '../budget-scopes.ts';
import type { Decided } from '../line/decide.ts';
import { recordDecided } from '../record.ts';
import type { World } from '../world.ts';
import { factsOf } from './approval-facts.ts';
import { dutyOf } from './duty.ts';
import { notifyApprovers } from './notify-approvers.ts';
import { steadyNowMs } from './steady-time.ts';

/** What one answer to several questions has in common. */
export interface PlannedQuestion {
  readonly id: string;
  readonly plan: ApprovalPlan;
  /** When the first of them would expire. */
  readonly expiresAtMs: number;
}

/**
 * A question about a call, and what has to be written for it to be asked: the question, that people have to be told, and
 * the record of it. Of a plan, people are told once.
 */
export function openQuestion(
  world: World,
  decided: Decided,
  planned?: PlannedQuestion,
): { readonly approval: Approval; readonly changes: readonly Change[] } {
  const { scanned, tool, call } = decided.labelled.validated;
  const { run, catalog } = scanned.admitted;
  const { tenant, agent } = run.principal;
  const askedAtMs = steadyNowMs(world.clock);
  const duty = dutyOf(catalog.manifest, tool.name);
  const approval: Approval = {
    id: planned?.id ?? newId(world.clock, 'apr'),
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
    facts: factsOf(decided),
    ...(planned === undefined ? {} : { plan: planned.plan }),
    askedAtMs,
    expiresAtMs: planned?.expiresAtMs ?? askedAtMs + duty.timeoutMs,
    state: 'pending',
  };
  const isTold = planned === undefined || planned.plan.members[0] === approval.id;
  return {
    approval,
    changes: [
      {
        kind: 'approval.open',
        approval,
        maxPendingPerRun: limits.pendingApprovalsPerRun,
        maxAsked: { count: limits.approvalsAsked, sinceMs: askedAtMs - limits.approvalsAskedMs },
      },
      { kind: 'budget.take', takes: askingTakes(world, run.principal), nowMs: askedAtMs },
      ...(isTold ? notifyApprovers(world, catalog.manifest, approval, duty) : []),
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
            ...(planned === undefined ? {} : { plan: { id: planned.plan.id, digest: planned.plan.digest } }),
          },
        },
      },
    ],
  };
}

/** Asking is limited beyond the run: whoever is asked too often looks no more, whichever run it is. */
function askingTakes({ keyDigest }: World, { tenant, agent, onBehalfOf }: Principal): readonly MeterTake[] {
  const take = (of: string, max: number, name: string): MeterTake => ({
    meter: `asked/${of}`,
    amount: 1,
    max,
    windowMs: limits.approvalsAskedMs,
    name,
    code: 'E_APPROVAL_FLOOD',
  });
  return [
    take(`agent:${tenant}/${agent}`, limits.approvalsAskedByAgent, 'questions of this agent'),
    ...(onBehalfOf === undefined
      ? []
      : [
          take(
            meterUser(keyDigest, tenant, onBehalfOf.id),
            limits.approvalsAskedForUser,
            'questions on behalf of this user',
          ),
        ]),
  ];
}
