import { z } from 'zod';
import { Fault } from '../base/fault.ts';
import { agentNameSchema } from '../model/principal.ts';
import type { Run } from '../model/run.ts';
import { startChild } from '../runtime/start-child.ts';
import type { Gateway } from './gateway.ts';

/** What a run is started with from another one. */
export interface Delegate {
  readonly agent: string;
  readonly task?: string;
  readonly lifetimeMs?: number;
}

const delegateSchema = z.strictObject({
  agent: agentNameSchema,
  task: z.string().max(1_024).default(''),
  lifetimeMs: z.int().positive().optional(),
});

/** Starts a run from another one. Throws a `Fault`: what `startChild` does, and E_REQUEST_INVALID. */
export async function delegateRun(gateway: Gateway, parent: Run, child: Delegate): Promise<Run> {
  const parsed = delegateSchema.safeParse(child);
  if (!parsed.success) throw new Fault('E_REQUEST_INVALID', z.prettifyError(parsed.error));
  const { agent, task, lifetimeMs } = parsed.data;
  const { tenant } = parent.principal;
  const life = lifetimeMs === undefined ? {} : { lifeMs: lifetimeMs };
  return startChild(gateway.world, { tenant, parentId: parent.id, agent, task, ...life });
}
