import { newId } from '../../base/clock.ts';
import type { Approval } from '../../model/approval.ts';
import type { Manifest } from '../../model/manifest.ts';
import type { Change } from '../../ports/store.ts';
import type { World } from '../world.ts';
import type { Duty } from './duty.ts';

/** That approvers have to be told of a question, by each of the duty's channels: written with the question itself. */
export function notifyApprovers(
  { clock }: Pick<World, 'clock'>,
  manifest: Manifest,
  approval: Approval,
  duty: Pick<Duty, 'channels' | 'persons'>,
): readonly Change[] {
  const { id, tenant, agent, tool, facts, askedAtMs, expiresAtMs, plan } = approval;
  return duty.channels
    .filter((channel) => Object.hasOwn(manifest.channels, channel))
    .map((channel) => ({
      kind: 'notice.add',
      notice: {
        id: newId(clock, 'ntc'),
        tenant,
        channel,
        kind: 'approval.asked',
        facts: {
          approval: id,
          agent,
          tool,
          effect: facts?.effect ?? 'write',
          consequence: facts?.consequence ?? 'high',
          persons: duty.persons,
          ...(plan === undefined ? {} : { calls: plan.members.length }),
        },
        atMs: askedAtMs,
        untilMs: expiresAtMs,
      },
    }));
}
