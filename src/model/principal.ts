import { z } from 'zod';

const name = z.string().min(1).max(128);

/** The name of an agent, as the manifest and tokens write it. */
export const agentNameSchema = name.regex(/^[a-z0-9][a-z0-9._-]*$/i, 'letters, digits, `.`, `_` and `-` only');

/** The human an agent works for, as the host application attests. Attributes are facts a rule can compare with. */
export const userSchema = z.strictObject({
  id: name,
  groups: z.array(name).max(256).default([]),
  attributes: z.record(name, z.union([z.string().max(1024), z.number(), z.boolean()])).default({}),
});
export type User = z.infer<typeof userSchema>;

/** Who acts. `onBehalfOf` narrows what the agent may do; it never widens it. */
export interface Principal {
  readonly tenant: string;
  readonly agent: string;
  readonly onBehalfOf?: User;
}
