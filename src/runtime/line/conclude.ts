import { newId } from '../../base/clock.ts';
import { errorEntry } from '../../base/errors.ts';
import { joinLabels } from '../../model/label.ts';
import { commitNoted, noteConcluded } from '../note-breakers.ts';
import { recordLabel } from '../record.ts';
import { recordOutcome } from '../record-outcome.ts';
import { takeIn } from '../take-in.ts';
import type { World } from '../world.ts';
import type { CallAnswer } from './call-answer.ts';
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
  const { intended, tookMs } = verified.executed;
  const { call } = intended.intent;
  const { label, flow, validated } = intended.grant.decided.labelled;
  const { run } = validated.scanned.admitted;
  const { tenant, agent } = run.principal;
  const atMs = world.clock.nowMs();
  const { ran } = verified;
  const id = newId(world.clock, 'evt');
  const { result, redactions, scan, bytes = 0 } = verified.inspected;
  const taken = takeIn(world, verified);
  const runLabel = world.runs.raise(run, joinLabels(label, verified.label));
  const written = world.runs.flows.isFull(tenant) ? [] : taken.written;
  world.guards.loops.answered(run.id, call.id, verified.inspected.digest);
  const code = result instanceof Refusal ? result.code : undefined;
  const noting = noteConcluded(run, validated.tool, intended.pass, code);
  const recorded = await commitNoted(world, noting, (noted) => [
    { kind: 'intent.close', callId: call.id, ran, atMs },
    { kind: 'run.label', runId: run.id, label: runLabel },
    // What a run reads may come back by it to those it was started from, at any time.
    ...(run.lineage ?? []).map(({ runId }) => ({ kind: 'run.label' as const, runId, label: runLabel })),
    ...noted,
    ...intended.allowance.settle({ bytes: result instanceof Refusal ? 0 : bytes, tookMs, atMs }),
    ...(written.length === 0 ? [] : [{ kind: 'written.add' as const, tenant, objects: written, runId: run.id, atMs }]),
    {
      kind: 'event.append',
      event: {
        id,
        kind: 'call.completed',
        tenant,
        runId: run.id,
        callId: call.id,
        agent,
        tool: call.tool,
        atMs,
        body: { ...recordOutcome(verified), label: recordLabel(runLabel) },
      },
    },
  ]);
  // What nobody will see is not put to use; what was read counts all the same.
  if (!(recorded instanceof Refusal)) await taken.index();
  world.runs.flows.observed(run, flow, taken.written);
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
  const receipt = { event: id, seq: recorded.seqs.at(-1) ?? 0 };
  if (result instanceof Refusal) {
    return new Outcome({
      kind: 'refused',
      callId: call.id,
      code: result.code,
      reasons: result.reasons,
      toModel: errorEntry(result.code).toModel,
      ran,
      receipt,
      ...(result.protocolError === undefined ? {} : { protocolError: result.protocolError }),
    });
  }
  return new Outcome({
    kind: 'result',
    callId: call.id,
    result,
    redactions,
    receipt,
    ...(scan === undefined ? {} : { scan: scan.shown }),
  });
}
