import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { type GovernedTool, pinTool, type Tool, toolName } from './tool.ts';

/** The server id under which Chaperone's own tool stands. No server can have it. */
export const OWN_SERVER = 'chaperone';

/** Who calls it, and nobody else does. No token and no manifest can have this name. */
export const CANARY_AGENT = 'chaperone:canary';

const tool: Tool = {
  server: OWN_SERVER,
  name: 'canary',
  description: 'Nobody may call it. That it cannot be called is tried again and again.',
  inputSchema: { type: 'object', properties: {}, additionalProperties: false },
};

/**
 * The tool that nobody is granted. Nothing stands behind it, so that even a call that is let through has no effect. It is
 * a write of low consequence: what permits too much permits this first.
 */
export const canaryTool: GovernedTool = {
  tool,
  name: toolName(tool),
  pin: pinTool(tool),
  effect: 'write',
  consequence: 'low',
  declared: true,
  sinks: [],
};

export const canarySchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether `chaperone up` tries it.'),
  every: durationSchema
    .refine((ms) => ms >= 1_000, 'a duration of at least `1s`')
    .default(300_000)
    .meta({
      description: 'How often; at the start and when rules change besides.',
      examples: ['5m'],
    }),
});
