import { z } from 'zod';
import { agentNameSchema } from '../model/principal.ts';

/**
 * The claims of the tokens a gateway issues. Three kinds that never stand in for one another: an agent calls tools, a
 * host application starts runs and attests the user and the prompt, a person answers approvals and reads records.
 */
const idSchema = z.string().min(1).max(128);

/** Written by the signer. The token was verified before these are read. */
const registered = {
  iss: z.string(),
  aud: z.string(),
  exp: z.int().nonnegative(),
  nbf: z.int().nonnegative(),
  iat: z.int().nonnegative(),
  jti: z.string(),
};

/** `sub` is the agent. With `run`, good for that run only. */
export const agentTokenSchema = z.strictObject({
  ...registered,
  kind: z.literal('agent'),
  sub: agentNameSchema,
  tenant: agentNameSchema,
  run: idSchema.optional(),
});
/** `sub` names the host application. */
export const hostTokenSchema = z.strictObject({
  ...registered,
  kind: z.literal('host'),
  sub: idSchema.optional(),
  tenant: agentNameSchema,
});
/** `sub` is the person who answers. */
export const personTokenSchema = z.strictObject({
  ...registered,
  kind: z.literal('person'),
  sub: idSchema,
  tenant: agentNameSchema,
});

export const tokenClaimsSchema = z.discriminatedUnion('kind', [agentTokenSchema, hostTokenSchema, personTokenSchema]);
export type TokenClaims = z.infer<typeof tokenClaimsSchema>;
export type TokenKind = TokenClaims['kind'];

/** What an issuer chooses; the signer adds the rest. */
export type NewTokenClaims =
  | { readonly kind: 'agent'; readonly sub: string; readonly tenant: string; readonly run?: string }
  | { readonly kind: 'host'; readonly sub?: string; readonly tenant: string }
  | { readonly kind: 'person'; readonly sub: string; readonly tenant: string };
