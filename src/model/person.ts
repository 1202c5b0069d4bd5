import { z } from 'zod';

/** What a person may be. Each is a set of permissions; `permissions` below is the whole of it. */
export const roles = ['viewer', 'approver', 'operator', 'security', 'admin'] as const;
export type Role = (typeof roles)[number];
export const roleSchema = z.enum(roles);
export const rolesSchema = z
  .array(roleSchema)
  .max(roles.length)
  .transform((given) => roles.filter((role) => given.includes(role)));

/**
 * Who may do what. What is not here nobody may do. Nobody has two hats by accident: an admin who wants to answer
 * approvals gives themselves the role, and that stands in the record.
 */
export const permissions = {
  /** Approvals, decisions, events, runs, and what is stopped. */
  'record.read': ['viewer', 'approver', 'operator', 'security', 'admin'],
  'approval.answer': ['approver'],
  stop: ['operator', 'security', 'admin'],
  resume: ['operator', 'security', 'admin'],
  /** Lets back what was stopped for an incident. */
  'incident.close': ['security', 'admin'],
  'people.read': ['security', 'admin'],
  /** Accounts, their roles, keys and sessions. */
  'people.change': ['admin'],
  /** Tools, servers, tokens and keys of the gateway itself. */
  'gateway.change': ['security', 'admin'],
  /** One’s own password, passkeys and sessions. */
  self: ['viewer', 'approver', 'operator', 'security', 'admin'],
} as const satisfies Readonly<Record<string, readonly Role[]>>;
export type Permission = keyof typeof permissions;

export function mayDo(has: readonly Role[], permission: Permission): boolean {
  return permissions[permission].some((role) => has.includes(role));
}

const NAME = /^[a-z0-9][a-z0-9._@+-]{0,127}$/i;
/** The name of an account. Of organisations’ people it begins with `oidc:`, so that neither can be taken for the other. */
export const personIdSchema = z
  .string()
  .max(200)
  .refine(
    (name) => NAME.test(name.startsWith('oidc:') ? name.slice('oidc:'.length) : name),
    'letters, digits, `.`, `_`, `@`, `+` and `-` only',
  );

/** Whether an organisation signs them in, and says what they may do. */
export const isOfOrganisation = (id: string): boolean => id.startsWith('oidc:');

/** What is kept of a password: nothing that gives it back. Bytes are base64url. */
export interface PasswordHash {
  readonly algorithm: 'scrypt';
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: string;
  readonly hash: string;
  readonly setAtMs: number;
}

/** An authenticator of a person. Bytes are base64url. */
export interface Passkey {
  readonly id: string;
  /** COSE, as the authenticator gave it. */
  readonly publicKey: string;
  /** How often it has signed, where it counts. */
  readonly counter: number;
  readonly name: string;
  readonly transports: readonly string[];
  readonly addedAtMs: number;
}

/** An account. */
export interface Person {
  readonly tenant: string;
  readonly id: string;
  readonly roles: readonly Role[];
  /** As the organisation names them; the manifest’s approvers may be groups. */
  readonly groups: readonly string[];
  readonly disabled: boolean;
  /** Who they are at this machine’s terminal. */
  readonly localUser?: string;
  readonly password?: PasswordHash;
  readonly passkeys: readonly Passkey[];
  /** When their organisation last signed them in. */
  readonly vouchedAtMs?: number;
  /** Counts what voids codes that were issued before: a password that was set, everything revoked, something taken away. */
  readonly codesFrom?: number;
  /**
   * Who else has held what lets somebody in under this name (made the account, handed out a code, set a password, issued a
   * key), and until when they count as the same person as it where it takes two.
   */
  readonly handledBy?: readonly { readonly by: string; readonly untilMs: number }[];
  readonly createdAtMs: number;
  /** Counts the changes of the account, from 1. */
  readonly revision: number;
}

/** How somebody signed in. */
export type SignInMethod = 'password' | 'passkey' | 'oidc' | 'enrolment';

/** A sign-in that goes on. Its token is not kept, only the digest. */
export interface Session {
  readonly id: string;
  /** SHA-256 of the token, hex. */
  readonly hash: string;
  readonly tenant: string;
  readonly person: string;
  readonly method: SignInMethod;
  readonly openedAtMs: number;
  readonly usedAtMs: number;
  /** When a passkey was last touched in it. */
  readonly passkeyAtMs?: number;
  /** Unused for this long it has ended. */
  readonly idleMs: number;
  readonly expiresAtMs: number;
}

/** A key for programs of a person: it may do what it was given and they still may. */
export interface ApiKey {
  readonly id: string;
  /** The first characters, by which people tell keys apart. */
  readonly prefix: string;
  /** SHA-256 of the key, hex. */
  readonly hash: string;
  readonly tenant: string;
  readonly person: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly revokedAtMs?: number;
}

export function isLive(session: Session, nowMs: number): boolean {
  return nowMs < session.expiresAtMs && nowMs < session.usedAtMs + session.idleMs;
}

/** Attempts to sign in under one name. */
export interface SignInAttempts {
  readonly failures: number;
  readonly lockedUntilMs: number;
}

const FREE_ATTEMPTS = 5;
const FIRST_LOCK_MS = 30_000;
const LONGEST_LOCK_MS = 3_600_000;

/** The next attempt counted, or undefined where none may be made now. From the fifth on each doubles the wait. */
export function countAttempt(before: SignInAttempts | undefined, nowMs: number): SignInAttempts | undefined {
  if (before !== undefined && nowMs < before.lockedUntilMs) return undefined;
  const failures = (before?.failures ?? 0) + 1;
  const over = failures - FREE_ATTEMPTS;
  const lockMs = over < 0 ? 0 : Math.min(LONGEST_LOCK_MS, FIRST_LOCK_MS * 2 ** Math.min(over, 20));
  return { failures, lockedUntilMs: nowMs + lockMs };
}
