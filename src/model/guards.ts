import { z } from 'zod';
import { durationSchema } from './duration.ts';

const OFF = z.literal('off');
const often = (max: number) => z.int().min(2).max(max);

/** When a run that goes in circles is stopped. Each is off where it is not given. */
export const loopsSchema = z.strictObject({
  same: often(250)
    .meta({ description: 'The same call may be made so often in a row.', examples: [10] })
    .optional(),
  cycle: often(30)
    .meta({ description: 'A sequence of up to 8 calls may be made so often in a row.', examples: [4] })
    .optional(),
  noProgress: often(100)
    .meta({
      description: 'The same call may bring the same result so often, whatever lies between.',
      examples: [5],
    })
    .optional(),
  onLoop: z
    .enum(['ask', 'deny'])
    .default('ask')
    .describe('What becomes of the next one: a person is asked, or it is denied.'),
});
export type LoopRules = Partial<Record<'same' | 'cycle' | 'noProgress', number | undefined>>;

const breaker = (failures: number) =>
  z
    .strictObject({
      failures: z
        .union([z.int().min(1).max(10_000), OFF])
        .default(failures)
        .meta({ description: 'So many failures in a row open it; `off`: nothing does.', examples: [5] }),
      rest: durationSchema
        .refine((ms) => ms >= 100, 'a duration of at least `100ms`')
        .default(30_000)
        .meta({ description: 'How long it stays open before one call is let through to see.', examples: ['30s'] }),
      onOpen: z
        .enum(['refuse', 'pause', 'end'])
        .default('refuse')
        .describe('What else opening it does to the run whose call opened it: nothing, pause it, or end it.'),
    })
    .prefault({});

/** One that is on. */
export interface BreakerRules {
  readonly failures: number;
  readonly rest: number;
  readonly onOpen: 'refuse' | 'pause' | 'end';
}

/** Circuit breakers. They are kept apart by tenant. */
export const breakersSchema = z.strictObject({
  tool: breaker(20).describe('For each tool: its server does not answer, or not as the tool promises.'),
  server: breaker(50).describe('For each server, all its tools together.'),
  run: breaker(100).describe('For each run: its calls fail or are denied, whatever the tool.'),
});
