import { z } from 'zod';

/** What people are told of besides questions. */
export type AlertName =
  /** A call that nobody may make was let through. */
  | 'canary.permitted'
  /** Whether it would be let through could not be tried. */
  | 'canary.silent'
  /** So many calls of a run were refused that further ones are not looked at for a while. */
  | 'calls.refused'
  | 'effect.unconfirmed'
  | 'escape.attempted'
  | 'review.overdue'
  /** A breaker ended or paused a run. */
  | 'run.ended'
  | 'run.paused'
  | 'tool.failed';

export const alertsSchema = z.strictObject({
  channels: z
    .array(z.string().min(1).max(128))
    .meta({
      description:
        'The channels by which people are told of alerts and incidents, by their names under `channels`; those of `approvals` unless told.',
      examples: [['security-chat']],
    })
    .optional(),
});
