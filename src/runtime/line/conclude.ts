import { newId } from '../../base/clock.ts';
import { errorEntry } from '../../base/errors.ts';
import { recordOutcome } from '../record-outcome.ts';
import type { World } from '../world.ts';
import type { CallAnswer } from './call-answer.ts';
import { commit } from './commit.ts';
import { Refusal } from './refusal.ts';
import type { Verified } from './verify.ts';

/** Proof that what became of the intent is recorded: only now may anything be returned. */
export class Outcome {
  readonly #answer: CallAnswer;

  constructor(answer: CallAnswer) {
    this.#answer = answer;
  }

  get answer(): CallAnswer {
    return this.#answer;
  }
}

export async function conclude(world: World, verified: Verified): Promise<Outcome> {
  const { intended } = verified.executed;
  const { call } = intended.intent;
  const { run } = intended.grant.decided.labelled.validated.scanned.admitted;
  const { tenant, agent } = run.principal;
  const atMs = world.clock.nowMs();
  const { ran } = verified;
  const { result, redactions } = verified.inspected;
  const runLabel = world.runs.raise(run, verified.label);
  const recorded = await commit(world, [
    { kind: 'intent.close', callId: call.id, ran, atMs },
    { kind: 'run.label', runId: run.id, label: runLabel },
    {
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind: 'call.completed',
        tenant,
        runId: run.id,
        callId: call.id,
        agent,
        tool: call.tool,
        atMs,
        body: recordOutcome(verified),
      },
    },
  ]);
  if (recorded instanceof Refusal) {
    return new Outcome({
      kind: 'refused',
      callId: call.id,
      code: recorded.code,
      reasons: recorded.reasons,
      toModel: errorEntry('E_UPSTREAM_LOST').toModel,
      ran: ran === 'no' ? 'no' : 'unknown',
    });
  }
  if (result instanceof Refusal) {
    return new Outcome({
      kind: 'refused',
      callId: call.id,
      code: result.code,
      reasons: result.reasons,
      toModel: errorEntry(result.code).toModel,
      ran,
      ...(result.protocolError === undefined ? {} : { protocolError: result.protocolError }),
    });
  }
  return new Outcome({ kind: 'result', callId: call.id, result, redactions });
}
