import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { type IsolationScope, parseScope } from '../model/isolation.ts';
import { agentNameSchema } from '../model/principal.ts';

/** What a person names to be stopped or let back: exactly one of these. */
const targetMembers = {
  all: z.literal(true).optional(),
  /** The whole tenant of whoever asks. */
  tenant: z.literal(true).optional(),
  agent: agentNameSchema.optional(),
  run: z.string().min(1).max(128).optional(),
  server: z.string().min(1).max(64).optional(),
  /** `server/tool` */
  tool: z.string().min(3).max(limits.toolNameChars).optional(),
};
const NAMES = ['all', 'tenant', 'agent', 'run', 'server', 'tool'] as const;
const reasonSchema = z.string().trim().min(1).max(limits.reasonChars);

export type StopTarget = { readonly [Name in (typeof NAMES)[number]]?: string | true | undefined };

const namesOne = (target: StopTarget) => NAMES.filter((name) => target[name] !== undefined).length === 1;
const ONE = `exactly one of ${NAMES.map((name) => `\`${name}\``).join(', ')}`;

/** `POST /v1/stop` */
export const stopSchema = z
  .strictObject({
    ...targetMembers,
    reason: reasonSchema,
    /** Whether it is let back only with a recorded cause and a change of a control. */
    incident: z.boolean().default(false),
    /** Says what would be met, and stops nothing. */
    preview: z.boolean().default(false),
  })
  .refine(namesOne, ONE);

/** `POST /v1/resume` */
export const resumeSchema = z
  .strictObject({
    ...targetMembers,
    reason: reasonSchema,
    /** What they have seen that stops it, as `GET /v1/isolations` says. Without it nothing is let back. */
    seen: z.string().min(1).max(64).optional(),
    /** What led to the incident. */
    cause: reasonSchema.optional(),
    /** Which control was changed, so that it does not happen again. */
    control: reasonSchema.optional(),
  })
  .refine(namesOne, ONE);

/** The scope that a tenant's person names, or undefined where nothing can be of that name. */
export function scopeOf(tenant: string, target: StopTarget): IsolationScope | undefined {
  const { all, agent, run, server, tool } = target;
  if (all !== undefined) return { kind: 'all' };
  if (target.tenant !== undefined) return parseScope(`tenant:${target.tenant === true ? tenant : target.tenant}`);
  if (agent !== undefined) return parseScope(`agent:${tenant}/${agent}`);
  if (run !== undefined) return parseScope(`run:${run}`);
  if (server !== undefined) return parseScope(`server:${tenant}/${server}`);
  return tool === undefined ? undefined : parseScope(`tool:${tenant}/${tool}`);
}

const callUnderWaySchema = z.object({
  callId: z.string(),
  runId: z.string(),
  agent: z.string(),
  tool: z.string(),
  since: z.iso.datetime(),
});

/** What a stop met. `inFlight` cannot be recalled. */
export const stoppedSchema = z.object({
  scope: z.string(),
  stopped: z.boolean(),
  message: z.string(),
  inFlight: z.array(callUnderWaySchema),
  /** How many questions to people, and unused answers, it denied. */
  approvals: z.int().nonnegative(),
  /** Credentials that were leased within it: taken back by their issuer, or not, and then good until they expire. */
  leases: z.object({ returned: z.int(), standing: z.int() }).optional(),
  /** How long it took until every gateway on the data folder had seen it; it was in force before that. */
  effect: z
    .object({ commitMs: z.number(), gateways: z.int(), seenMs: z.number().optional(), missing: z.array(z.int()) })
    .optional(),
});
export type StoppedBody = z.infer<typeof stoppedSchema>;

export const resumedSchema = z.object({ scope: z.string(), stopped: z.literal(false) });

export const isolationsSchema = z.object({
  isolations: z.array(
    z.object({
      scope: z.string(),
      reason: z.string(),
      since: z.iso.datetime(),
      by: z.array(z.string()),
      incident: z.boolean(),
      seen: z.string(),
    }),
  ),
  /** Files that stop something, whatever the record says. */
  switches: z.array(z.object({ scope: z.string(), file: z.string(), seen: z.string(), broken: z.string().optional() })),
});
export type IsolationsBody = z.infer<typeof isolationsSchema>;
