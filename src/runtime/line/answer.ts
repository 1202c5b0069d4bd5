import { newId } from '../../base/clock.ts';
import { errorEntry } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { Change } from '../../ports/store.ts';
import { commitNoted, noteRefused } from '../note-breakers.ts';
import { recordRefusal } from '../record.ts';
import { recordOrigin } from '../record-origin.ts';
import { fitText } from '../record-parts.ts';
import { refusalKey } from '../refusal-book.ts';
import { tellPeople } from '../tell-people.ts';
import type { World } from '../world.ts';
import type { CallAnswer, Receipt } from './call-answer.ts';
import type { CallRequest } from './call-request.ts';
import type { Outcome } from './conclude.ts';
import { Refusal } from './refusal.ts';

/** The answer to a call that ran: there is none without a recorded outcome. */
export function answer(outcome: Outcome): CallAnswer {
  return outcome.answer;
}

/**
 * The answer to a call that ended before its intent, recorded first. If even that cannot be written the call is
 * refused all the same, with the store's fault as the reason. Of a run that is not looked at for a while (E_REFUSALS) the
 * first such refusal has a record of its own; those that follow it share one, which names each.
 */
export async function answerRefusal(
  world: World,
  request: CallRequest,
  callId: string,
  refusal: Refusal,
): Promise<CallAnswer> {
  const { refusals, jointRefusals } = world.guards;
  const key = refusalKey(world, request);
  const record = (together: readonly string[], told: readonly Change[]) =>
    commitRefusal(world, request, refusal, { callId, together, told });
  const isAlone = refusals.count(key, refusal.code) === 'alone';
  const told = isAlone && refusal.code === 'E_REFUSALS' ? tellRefused(world, request) : [];
  const recorded = await (isAlone ? record([], told) : jointRefusals.join(key, callId, (ids) => record(ids, [])));
  return recorded instanceof Refusal ? answerWith(callId, recorded) : answerWith(callId, refusal, recorded);
}

async function commitRefusal(
  world: World,
  request: CallRequest,
  refusal: Refusal,
  {
    callId,
    together,
    told,
  }: {
    readonly callId: string;
    /** Calls that were refused for the same reason, and stand in the same record. */
    readonly together: readonly string[];
    readonly told: readonly Change[];
  },
): Promise<Receipt | Refusal> {
  const id = newId(world.clock, 'evt');
  const recorded = await commitNoted(world, noteRefused(world, request, refusal.code), (noted) => [
    {
      kind: 'event.append',
      event: {
        id,
        kind: 'call.refused',
        tenant: request.principal.tenant,
        runId: request.runId,
        callId,
        agent: request.principal.agent,
        tool: fitText(request.tool, limits.toolNameChars),
        atMs: world.clock.nowMs(),
        body: {
          ...recordRefusal(refusal),
          ...recordOrigin(request, callId),
          ...(request.attempt === undefined ? {} : { attempt: { ...request.attempt } }),
          ...(together.length === 0 ? {} : { together }),
        },
      },
    },
    ...noted,
    ...told,
  ]);
  return recorded instanceof Refusal ? recorded : { event: id, seq: recorded.seqs[0] ?? 0 };
}

function tellRefused(world: World, request: CallRequest): readonly Change[] {
  const { tenant, agent } = request.principal;
  const { runId } = request;
  // A run that is not the caller's is named by them, and told to nobody.
  const run = refusalKey(world, request) === runId ? { run: runId } : {};
  return tellPeople(world, tenant, 'calls.refused', { agent, ...run });
}

function answerWith(callId: string, final: Refusal, receipt?: Receipt): CallAnswer {
  return {
    kind: 'refused',
    callId,
    code: final.code,
    reasons: final.reasons,
    toModel: errorEntry(final.code).toModel,
    ran: 'no',
    ...(receipt === undefined ? {} : { receipt }),
    ...(final.approvalId === undefined ? {} : { approvalId: final.approvalId }),
    ...(final.retryAfterMs === undefined ? {} : { retryAfterMs: final.retryAfterMs }),
  };
}
