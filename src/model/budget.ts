import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { durationSchema } from './duration.ts';

const COUNT_MAX = 1_000_000_000_000;
const MICRO = 1_000_000;

/** Money: `2 USD`, `0.031 USD`. Parsed to millionths of a dollar, so that it is counted without rounding. */
export const spendSchema = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,6})? USD$/, 'an amount such as `2 USD` or `0.031 USD`')
  .transform((text) => Math.round(Number.parseFloat(text) * MICRO));

/** As it is written: `2 USD`. */
export const printSpend = (micro: number): string => `${micro / MICRO} USD`;

const UNIT_BYTES = { B: 1, KB: 1_000, MB: 1_000_000, GB: 1_000_000_000 } as const;
const bytesSchema = z
  .string()
  .regex(/^\d{1,9}(B|KB|MB|GB)$/, 'a size such as `500KB`, `20MB` or `1GB`')
  .transform((text) => {
    const unit = text.replace(/^\d+/, '') as keyof typeof UNIT_BYTES; // the pattern admits only these units
    return Number.parseInt(text, 10) * UNIT_BYTES[unit];
  });

const used = {
  calls: z
    .int()
    .min(0)
    .max(COUNT_MAX)
    .meta({ description: 'Calls that may be granted.', examples: [50] })
    .optional(),
  resultBytes: bytesSchema
    .meta({ description: 'Bytes of results that tools may return, as JSON.', examples: ['20MB'] })
    .optional(),
  callTime: durationSchema
    .refine((ms) => ms >= 1_000, 'a duration of at least `1s`')
    .meta({ description: 'How long calls may take, added up: two at the same time count twice.', examples: ['2h'] })
    .optional(),
  tokens: z
    .int()
    .min(0)
    .max(COUNT_MAX)
    .meta({ description: 'Tokens of models, as the application reports them: advisory.', examples: [200_000] })
    .optional(),
  spend: spendSchema
    .meta({ description: 'Money, as the application reports it: advisory.', examples: ['2 USD'] })
    .optional(),
};

/** What all runs of somebody may use in any span of one length. */
const windowBudgetSchema = z.strictObject({
  per: durationSchema
    .refine((ms) => ms >= 1_000, 'a duration of at least `1s`')
    .default(86_400_000)
    .meta({ description: 'In any span of this length: not by the calendar.', examples: ['1d'] }),
  ...used,
});

/** What is said of one run, and of nobody else: what to write instead. */
export const ofOneRun: ReadonlyMap<string, string> = new Map([
  ['time', 'how long all calls may take together is `callTime`; how long a run lives is said of runs'],
  ['depth', 'how deep runs may be started from a run is said of runs'],
  ['fanOut', 'how many runs may be started from a run is said of runs'],
]);

const runBudgetShape = {
  ...used,
  time: durationSchema
    .refine((ms) => ms >= 1_000, 'a duration of at least `1s`')
    .meta({ description: 'How long the run lives, by the clock.', examples: ['10m'] })
    .optional(),
  depth: z
    .int()
    .min(0)
    .max(limits.delegationDepth)
    .meta({ description: 'How deep runs may be started from runs: 1 is a child, 2 a child of it.', examples: [3] })
    .optional(),
  fanOut: z
    .int()
    .min(0)
    .max(limits.delegationFanOut)
    .meta({ description: 'How many runs may be started from one run.', examples: [5] })
    .optional(),
};

/** What one run may use in its whole life, with all the runs that are started from it. */
export const runBudgetSchema = z.strictObject({
  ...runBudgetShape,
  allRuns: windowBudgetSchema.describe('How much all runs of this agent may use together.').optional(),
});
export type RunBudget = Omit<z.infer<typeof runBudgetSchema>, 'allRuns'>;

/** Budgets that hold beside those of agents: what is smaller decides. */
export const budgetsSchema = z.strictObject({
  run: z.strictObject(runBudgetShape).describe('How much each run may use.').optional(),
  agent: windowBudgetSchema.describe('How much each agent may use, all its runs together.').optional(),
  user: windowBudgetSchema.describe('How much each user may use, whichever agents work for them.').optional(),
  tenant: windowBudgetSchema.describe('How much everybody may use together.').optional(),
});

const PER_MS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** A rate: `10/hour`. Parsed to how many calls in how many milliseconds. */
export const rateSchema = z
  .string()
  .regex(/^[1-9]\d{0,8}\/(second|minute|hour|day)$/, 'a rate such as `5/second`, `30/minute`, `10/hour` or `100/day`')
  .transform((text) => {
    const [calls = '', unit = 'day'] = text.split('/');
    // the pattern admits only these units
    return { calls: Number.parseInt(calls, 10), windowMs: PER_MS[unit as keyof typeof PER_MS] };
  })
  .meta({
    description: 'How often the agent may call it: no more in any second, minute, hour or day.',
    examples: ['10/hour'],
  });
