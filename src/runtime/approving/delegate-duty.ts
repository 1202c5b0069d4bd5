import { newId } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { limits } from '../../base/limits.ts';
import type { Delegation } from '../../model/duty.ts';
import type { AnswerWorld } from './answer-approval.ts';
import { findPerson } from './duty.ts';
import { steadyNowMs } from './steady-time.ts';

export interface NewDelegation {
  readonly tenant: string;
  /** Whoever delegates, as whoever authenticated them calls them. */
  readonly from: string;
  readonly to: string;
  /** How whoever delegates showed that they are there: `terminal`, `passkey`, `session`, `application`. */
  readonly presence: string;
  /** Milliseconds from now; 0 ends what holds. */
  readonly lifeMs: number;
}

/**
 * Lets a deputy answer in somebody's place for a time: only what they may answer themselves, and nothing that was
 * delegated to them. Recorded. Throws a `Fault`: E_REQUEST_INVALID, E_STORE.
 */
export async function delegateDuty(world: AnswerWorld, wanted: NewDelegation): Promise<Delegation> {
  const { manifest } = world.catalog();
  const from = findPerson(manifest, wanted.from).name;
  const to = findPerson(manifest, wanted.to).name;
  if (from === to) throw new Fault('E_REQUEST_INVALID', `\`${to}\` is nobody else`);
  if (!(wanted.lifeMs >= 0 && wanted.lifeMs <= limits.delegationMs))
    throw new Fault('E_REQUEST_INVALID', `a deputy is named for up to ${limits.delegationMs / 86_400_000} days`);
  const atMs = steadyNowMs(world.clock);
  const { tenant, presence } = wanted;
  const delegation: Delegation = { tenant, from, to, untilMs: atMs + wanted.lifeMs };
  const result = await world.store.commit([
    { kind: 'duty.delegate', delegation },
    {
      kind: 'event.append',
      event: {
        id: newId(world.clock, 'evt'),
        kind: 'duty.delegated',
        tenant,
        atMs,
        body: { from, to, untilMs: delegation.untilMs, presence },
      },
    },
  ]);
  if (!result.ok) throw new Fault(result.code, result.message);
  return delegation;
}
