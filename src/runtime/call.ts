import { newId } from '../base/clock.ts';
import { admit } from './line/admit.ts';
import { answer, answerRefusal } from './line/answer.ts';
import type { CallAnswer } from './line/call-answer.ts';
import type { CallRequest } from './line/call-request.ts';
import { conclude } from './line/conclude.ts';
import { decide } from './line/decide.ts';
import { execute } from './line/execute.ts';
import { intend } from './line/intend.ts';
import { label } from './line/label.ts';
import { Refusal, refuse } from './line/refusal.ts';
import { scan } from './line/scan.ts';
import { settle } from './line/settle.ts';
import { validate } from './line/validate.ts';
import { verify } from './line/verify.ts';
import type { World } from './world.ts';

/**
 * Runs one call from request to answer. Never throws: a bug on the way is a denial too, and since nothing after the
 * intent can throw (`execute` and `verify` answer whatever happens), a bug means that nothing ran.
 */
export async function call(world: World, request: CallRequest): Promise<CallAnswer> {
  const callId = request.keyed?.callId ?? newId(world.clock, 'call');
  try {
    return await walk(world, request, callId, 1);
  } catch (error) {
    world.onBug(error, callId);
    return answerRefusal(world, request, callId, refuse('E_INTERNAL', `a bug stopped this call: ${callId}`));
  }
}

/**
 * The straight line: the life of one call. Each stage takes the proof that the one before it made, so leaving one out
 * does not compile. Before `intend` nothing has an effect; after it, whatever happens is recorded.
 */
async function walk(world: World, request: CallRequest, callId: string, retries: number): Promise<CallAnswer> {
  const refused = (refusal: Refusal) => answerRefusal(world, request, callId, refusal);

  const admitted = await admit(world, request, callId);
  if (admitted instanceof Refusal) return refused(admitted);
  using _ = admitted;

  const scanned = await scan(world, admitted);
  if (scanned instanceof Refusal) return refused(scanned);
  const validated = validate(world, scanned);
  if (validated instanceof Refusal) return refused(validated);
  const labelled = await label(world, validated);
  if (labelled instanceof Refusal) return refused(labelled);
  const decided = decide(world, labelled);
  const grant = await settle(world, decided);
  if (grant instanceof Refusal) return refused(grant);
  const intended = await intend(world, grant);
  if (intended instanceof Refusal) {
    const isOutdated = intended.code === 'E_BUSY' || intended.code === 'E_BUNDLE_REPLACED';
    if (!isOutdated || retries === 0) return refused(intended);
    // What it was decided on has changed meanwhile, and nothing ran: it is decided again, on what holds now.
    world.runs.forget(request.runId);
    return walk(world, { ...request, retriedFor: intended.code }, callId, retries - 1);
  }

  const executed = await execute(world, intended);
  const verified = await verify(world, executed);
  const outcome = await conclude(world, verified);
  return answer(outcome);
}
