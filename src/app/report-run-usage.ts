import { z } from 'zod';
import { Fault } from '../base/fault.ts';
import { spendSchema } from '../model/budget.ts';
import type { Run } from '../model/run.ts';
import { reportUsage } from '../runtime/report-usage.ts';
import type { Gateway } from './gateway.ts';

/** What a model used, as the application knows it: `spend` as `0.031 USD`. */
export interface Usage {
  readonly tokens?: number;
  readonly spend?: string;
  readonly model?: string;
}

const usageSchema = z.strictObject({
  tokens: z.int().min(0).max(1_000_000_000).optional(),
  spend: spendSchema.optional(),
  model: z.string().min(1).max(256).optional(),
});

/** Counts a report of the host application. Throws a `Fault`: E_REQUEST_INVALID, E_RUN_UNKNOWN, E_STORE. */
export async function reportRunUsage(gateway: Gateway, run: Run, usage: Usage): Promise<void> {
  const parsed = usageSchema.safeParse(usage);
  if (!parsed.success) throw new Fault('E_REQUEST_INVALID', z.prettifyError(parsed.error));
  const { tokens, spend, model } = parsed.data;
  await reportUsage(gateway.world, {
    tenant: run.principal.tenant,
    runId: run.id,
    by: 'host',
    ...(tokens === undefined ? {} : { tokens }),
    ...(spend === undefined ? {} : { spend }),
    ...(model === undefined ? {} : { model }),
  });
}
