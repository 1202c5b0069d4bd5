import { newId } from '../../base/clock.ts';
import { limits } from '../../base/limits.ts';
import type { NewEvent } from '../../model/event.ts';
import { Intent } from '../../model/intent.ts';
import { scopesOf } from '../../model/isolation.ts';
import type { Change } from '../../ports/store.ts';
import { type Allowance, allow } from '../allowance.ts';
import { steadyNowMs } from '../approving/steady-time.ts';
import type { BreakerPass } from '../breaker-book.ts';
import { requireLineage } from '../lineage.ts';
import { listTakes } from '../list-takes.ts';
import { enterBreakers, learnBreakers, lookAgain, requireBreakers } from '../note-breakers.ts';
import { recordDecided } from '../record.ts';
import type { World } from '../world.ts';
import { commit } from './commit.ts';
import type { Decided } from './decide.ts';
import { findStop } from './find-stop.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Grant } from './settle.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1; // a timer that is set longer fires at once

/** Proof that the grant is durable: from here on the call may have an effect. */
export class Intended {
  readonly #intent: Intent;
  readonly grant: Grant;
  /** Takes the call out of its run's declared plan again, where it never ran. Absent: the run has none. */
  readonly undoStep: (() => void) | undefined;
  readonly allowance: Allowance;
  readonly pass: BreakerPass;

  constructor(
    grant: Grant,
    intent: Intent,
    undoStep: (() => void) | undefined,
    allowance: Allowance,
    pass: BreakerPass,
  ) {
    this.#intent = intent;
    this.grant = grant;
    this.undoStep = undoStep;
    this.allowance = allowance;
    this.pass = pass;
  }

  get intent(): Intent {
    return this.#intent;
  }
}

/**
 * Records the intent. Everything the grant rests on is required in the same transaction, so that time of check is time
 * of use: the run lives, nothing it touches is isolated, bundle and tool pin are still the reviewed ones, budgets and
 * rates have room for it, the approval is unspent, no breaker is open. Whether a file stops it is looked at here too, and once
 * more by `execute`.
 */
export async function intend(world: World, grant: Grant): Promise<Intended | Refusal> {
  const { decided, approval } = grant;
  const { scanned, tool, call } = decided.labelled.validated;
  const { run, catalog } = scanned.admitted;
  const { tenant, agent } = run.principal;
  const nowMs = world.runs.nowMs(run);
  const scopes = scopesOf({ tenant, agent, runId: run.id, tool: tool.name, lineage: run.lineage });
  const stopped = findStop(world, scopes);
  if (stopped !== undefined) return new Refusal(stopped.reasons, stopped.code, { record: recordDecided(decided) });
  const event: NewEvent = {
    id: newId(world.clock, 'evt'),
    kind: 'call.intended',
    tenant,
    runId: run.id,
    callId: call.id,
    agent,
    tool: call.tool,
    atMs: nowMs,
    body: {
      ...recordDecided(decided),
      ...(approval === undefined ? {} : { approvalId: approval.id }),
    },
  };
  const governed = { manifest: catalog.manifest, run, tool };
  let pass = enterBreakers(world, governed);
  if (pass instanceof Refusal && (await lookAgain(world, governed))) pass = enterBreakers(world, governed);
  if (pass instanceof Refusal) return withRecord(pass, decided);
  const timeout = decided.decision.obligations.find((obligation) => obligation.kind === 'timeout');
  const mostMs = Math.min(timeout?.timeoutMs ?? limits.callTimeoutMs, LONGEST_TIMER_MS);
  const takes = listTakes(world, catalog.manifest, run, tool, mostMs);
  const changes: Change[] = [
    { kind: 'run.require', tenant, agent, runId: run.id, nowMs, label: decided.labelled.label },
    ...requireLineage(run, nowMs),
    { kind: 'isolation.require', scopes },
    { kind: 'bundle.require', bundle: catalog.bundle },
    { kind: 'pin.require', tool: tool.name, pin: tool.pin },
    ...(takes.length === 0 ? [] : [{ kind: 'budget.take' as const, takes, nowMs }]),
    ...(approval === undefined
      ? []
      : [
          {
            kind: 'approval.consume' as const,
            tenant,
            agent,
            runId: run.id,
            approvalId: approval.id,
            callDigest: call.digest,
            nonce: approval.nonce,
            nowMs: steadyNowMs(world.clock),
          },
        ]),
    { kind: 'intent.open', callId: call.id, tenant, runId: run.id, atMs: nowMs },
    { kind: 'event.append', event },
    ...requireBreakers(world, pass, run),
  ];
  const { flow, assessment } = decided.labelled;
  const step = flow.begin(call.tool, call.arguments);
  // What deviated when it was decided on was permitted all the same, by a person.
  if (step?.deviates && !assessment.facts.reasons.some(({ code }) => code === 'E_PLAN_DEVIATES')) {
    step.undo();
    pass.cancel();
    return refuse('E_BUSY', 'another call of this run has taken this step of its plan meanwhile');
  }
  const recorded = await commit(world, changes);
  if (recorded instanceof Refusal) {
    step?.undo();
    pass.cancel();
    return withRecord(await learnBreakers(world, recorded, pass, governed), decided);
  }
  world.guards.loops.granted(run.id, call.id, call.digest);
  const allowance = allow(takes, recorded.taken, nowMs);
  const deadlineMs = Math.min(mostMs, allowance.callMs ?? mostMs);
  const intent = new Intent(recorded.seqs[0] ?? 0, call, tool, deadlineMs);
  return new Intended(grant, intent, step?.undo, allowance, pass);
}

function withRecord({ reasons, code, retryAfterMs }: Refusal, decided: Decided): Refusal {
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new Refusal(reasons, code, { record: recordDecided(decided), ...wait });
}
