import { z } from 'zod';
import { limits } from '../base/limits.ts';
import { durationSchema } from '../model/duration.ts';
import { personIdSchema, roleSchema, rolesSchema } from '../model/person.ts';

const nameSchema = z.string().min(1).max(200);
const passwordSchema = z.string().min(1).max(1_024);
const ticketSchema = z.string().min(1).max(limits.tokenChars);
/** What an authenticator answered, as a browser gives it. */
const credentialSchema = z.looseObject({
  id: z.string().min(1).max(2_048),
  response: z.looseObject({ userHandle: z.string().max(512).nullish() }),
});
const timeSchema = z.iso.datetime();

/** `POST /v1/sign-in` */
export const signInSchema = z.strictObject({
  name: nameSchema,
  password: passwordSchema,
  /** Whether the session is a cookie; the token is not shown then. */
  cookie: z.boolean().default(false),
});

/** `POST /v1/sign-in/enrolment` */
export const enrolSchema = z.strictObject({ code: ticketSchema, cookie: z.boolean().default(false) });

/** `POST /v1/sign-in/passkey` */
export const passkeySignInSchema = z.strictObject({
  ticket: ticketSchema,
  response: credentialSchema,
  cookie: z.boolean().default(false),
});

/** `POST /v1/me/passkeys` */
export const newPasskeySchema = z.strictObject({
  ticket: ticketSchema,
  name: z.string().trim().min(1).max(128),
  response: credentialSchema,
});

/** `POST /v1/me/password` */
export const newPasswordSchema = z.strictObject({ password: passwordSchema });

/** `POST /v1/people` */
export const newPersonSchema = z.strictObject({
  name: personIdSchema.refine((name) => !name.startsWith('oidc:'), 'a name of here'),
  roles: rolesSchema,
});

/** `POST /v1/people/:id` */
export const changePersonSchema = z
  .strictObject({ roles: rolesSchema.optional(), disabled: z.boolean().optional() })
  .refine(({ roles, disabled }) => roles !== undefined || disabled !== undefined, '`roles` or `disabled`');

/** `POST /v1/keys` */
export const newKeySchema = z.strictObject({
  person: nameSchema,
  name: z.string().trim().min(1).max(128),
  roles: rolesSchema,
  lifetime: durationSchema.default(90 * 86_400_000),
});

/** A session that was opened. */
export const signedInSchema = z.object({
  person: z.string(),
  roles: z.array(roleSchema),
  /** Absent with a cookie. */
  token: z.string().optional(),
  /** With a cookie: what `x-chaperone-csrf` has to be. */
  csrf: z.string().optional(),
  expiresAt: timeSchema,
});
export type SignedInBody = z.infer<typeof signedInSchema>;

export const passkeyQuestionSchema = z.object({ options: z.record(z.string(), z.json()), ticket: z.string() });

export const personSchema = z.object({
  name: z.string(),
  roles: z.array(roleSchema),
  groups: z.array(z.string()),
  disabled: z.boolean(),
  hasPassword: z.boolean(),
  passkeys: z.array(z.object({ id: z.string(), name: z.string(), addedAt: timeSchema })),
  createdAt: timeSchema,
});
export type PersonBody = z.infer<typeof personSchema>;
export const peopleListSchema = z.object({ people: z.array(personSchema) });

const sessionSchema = z.object({
  id: z.string(),
  method: z.enum(['password', 'passkey', 'oidc', 'enrolment']),
  openedAt: timeSchema,
  usedAt: timeSchema,
  expiresAt: timeSchema,
});

/** Who one is here. */
export const meSchema = z.object({
  person: z.string(),
  roles: z.array(roleSchema),
  groups: z.array(z.string()),
  presence: z.enum(['terminal', 'passkey', 'session', 'token']),
  /** Of somebody with an account. */
  account: personSchema.optional(),
  sessions: z.array(sessionSchema),
});
export type MeBody = z.infer<typeof meSchema>;

export const keySchema = z.object({
  id: z.string(),
  prefix: z.string(),
  person: z.string(),
  name: z.string(),
  roles: z.array(roleSchema),
  createdAt: timeSchema,
  expiresAt: timeSchema,
  revokedAt: timeSchema.optional(),
});
export type KeyBody = z.infer<typeof keySchema>;
export const keysSchema = z.object({ keys: z.array(keySchema) });
/** The only time that the key itself is shown. */
export const issuedKeySchema = z.object({ key: keySchema, secret: z.string() });
export const codeSchema = z.object({ code: z.string(), expiresAt: timeSchema });
export const doneSchema = z.object({ done: z.literal(true) });
