import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { durationSchema } from '../model/duration.ts';

/** `POST /v1/runs/:id/plans`: calls that people are asked about in one question, each exactly as it will be made. */
export const planSchema = z.strictObject({
  calls: z
    .array(
      z.strictObject({
        tool: z.string().min(3).max(limits.toolNameChars),
        arguments: z.record(z.string(), z.unknown()).default({}),
        purpose: z.string().max(limits.quotationChars).optional(),
      }),
    )
    .min(1)
    .max(limits.pendingApprovalsPerRun),
});

/** What asking about a plan came to, where no call of it is refused. */
export const plannedSchema = z.object({
  /** `permitted`: policy lets every call pass as it is. */
  status: z.enum(['pending', 'permitted']),
  plan: z.string().optional(),
  /** By the call's place in the plan; null where it needs no answer. */
  approvals: z.array(z.string().nullable()),
});
export type PlannedBody = z.infer<typeof plannedSchema>;

/** `POST /v1/duties`: a person lets somebody answer in their place for a time. */
export const dutySchema = z.strictObject({
  to: z.string().min(1).max(128),
  /** As in the config: `8h`; `0s` ends what holds. */
  for: durationSchema.refine((ms) => ms <= limits.delegationMs, `up to ${limits.delegationMs / 86_400_000}d`),
});

export const delegatedSchema = z.object({ from: z.string(), to: z.string(), until: z.iso.datetime() });
export type DelegatedBody = z.infer<typeof delegatedSchema>;
