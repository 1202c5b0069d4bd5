import { z } from 'zod';

/** How long a regime has records kept at least, in days. A year and half a year are counted at their longest. */
export const RETENTION_FLOORS = {
  'cert-in': 180,
  'eu-ai-act': 184,
  dpdp: 366,
} as const;

const regimes = Object.keys(RETENTION_FLOORS) as (keyof typeof RETENTION_FLOORS)[]; // its own keys

export const retentionSchema = z.strictObject({
  days: z
    .int()
    .min(1)
    .max(36_500)
    .optional()
    .meta({
      description: 'After how many days `chaperone evidence purge` erases what runs said; for ever unless told.',
      examples: [400],
    }),
  regimes: z
    .array(z.enum(regimes))
    .default([])
    .meta({
      description:
        'Whose rules apply: nothing is purged sooner than the longest of them says (`cert-in` 180 days, `eu-ai-act` 184, `dpdp` 366).',
      examples: [['eu-ai-act', 'dpdp']],
    }),
});
export type Retention = z.infer<typeof retentionSchema>;

/** How old something has to be before it may be erased, days. */
export function retentionFloor({ regimes }: Retention): number {
  return Math.max(0, ...regimes.map((regime) => RETENTION_FLOORS[regime]));
}
