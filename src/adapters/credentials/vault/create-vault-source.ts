import { z } from 'zod';
import type { Clock } from '../../../base/clock.ts';
import { limits } from '../../../base/limits.ts';
import { Secret } from '../../../base/secret.ts';
import type { CredentialSource, LeasedCredential } from '../../../ports/credentials.ts';
import { askIssuer, askIssuerForJson, failed } from '../ask-issuer.ts';
import { joinFields } from '../join-fields.ts';

/** What is read of a Vault or OpenBao, and as whom. */
export interface VaultOptions {
  readonly name: string;
  /** Where it answers: `https://vault.company.com:8200`. */
  readonly url: string;
  readonly namespace?: string;
  /** The path of its API, as `secret/data/github` or `database/creds/reader`. */
  readonly path: string;
  /** Sent with the request, where that takes any: it is written to the path then instead of read. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The fields that are the credential; several are joined by `:`. */
  readonly fields: readonly string[];
  /** The AppRole that `readLogin` gives the secret of. Without it that is a token. */
  readonly roleId?: string;
  readonly readLogin: () => Promise<Secret>;
  readonly readTrust?: () => Promise<string | undefined>;
  readonly clock: Clock;
}

/** What is kept there may be replaced by anybody: after so long it is read again. */
const FRESH_MS = 300_000;
const WHO = 'Vault';

const loginSchema = z.object({ auth: z.object({ client_token: z.string().min(1) }) });
const answerSchema = z.object({
  lease_id: z.string().default(''),
  lease_duration: z.number().nonnegative().default(0),
  data: z.record(z.string(), z.unknown()),
});
const versionedSchema = z.object({
  data: z.record(z.string(), z.unknown()),
  metadata: z.object({ version: z.number() }),
});

/**
 * What Vault or OpenBao keeps (KV, both versions) or makes for each lease (every engine that gives a `lease_id`). A lease
 * of theirs is taken back, and so is the token of a login, when ours ends.
 */
export function createVaultSource(options: VaultOptions): CredentialSource {
  return {
    async lease() {
      const token = await logIn(options);
      const wasMade = options.roleId !== undefined;
      try {
        const lease = await read(options, token);
        return wasMade ? endingLogin(options, token, lease) : lease;
      } catch (error) {
        if (wasMade) await endLogin(options, token).catch(() => {});
        throw error;
      }
    },
    async revoke(handle) {
      if (options.roleId === undefined) await revokeLease(options, await options.readLogin(), handle);
      else await endLogin(options, new Secret(`cred:${options.name}`, handle));
    },
  };
}

async function logIn(options: VaultOptions): Promise<Secret> {
  const { name, roleId, readLogin } = options;
  const login = await readLogin();
  if (roleId === undefined) return login;
  const parsed = loginSchema.safeParse(
    await askIssuerForJson({
      ...(await common(options)),
      method: 'POST',
      url: apiUrl(options, 'auth/approle/login'),
      body: JSON.stringify({ role_id: roleId, secret_id: login.reveal() }),
    }),
  );
  if (!parsed.success) throw failed(options, 'Vault answered the login with something else than a token');
  return new Secret(`cred:${name}`, parsed.data.auth.client_token);
}

async function read(options: VaultOptions, token: Secret): Promise<LeasedCredential> {
  const { name, path, parameters, fields, clock } = options;
  const parsed = answerSchema.safeParse(
    await askIssuerForJson({
      ...(await common(options, token)),
      method: parameters === undefined ? 'GET' : 'POST',
      url: apiUrl(options, path),
      ...(parameters === undefined ? {} : { body: JSON.stringify(parameters) }),
    }),
  );
  if (!parsed.success) throw failed(options, 'Vault answered with something else than a secret');
  const { lease_id, lease_duration, data } = parsed.data;
  const revoke = lease_id === '' ? undefined : () => revokeLease(options, token, lease_id);
  const versioned = versionedSchema.safeParse(data);
  const value = joinFields(fields, lease_id === '' && versioned.success ? versioned.data.data : data);
  if (value === undefined) {
    await revoke?.().catch(() => {});
    throw failed(options, `there is no ${fields.map((field) => `\`${field}\``).join(' and ')} at that path of Vault`);
  }
  const nowMs = clock.nowMs();
  return {
    secret: new Secret(`cred:${name}`, value),
    ...(lease_id === '' ? { freshUntilMs: nowMs + FRESH_MS } : {}),
    ...(lease_id === '' || lease_duration === 0 ? {} : { expiresAtMs: nowMs + lease_duration * 1_000 }),
    ...(revoke === undefined ? {} : { revoke, handle: new Secret(`cred:${name}`, lease_id) }),
  };
}

/** What was read with a token of its own: that is taken back as well, and takes its leases with it. */
function endingLogin(options: VaultOptions, token: Secret, lease: LeasedCredential): LeasedCredential {
  return { ...lease, revoke: () => endLogin(options, token), handle: token };
}

async function revokeLease(options: VaultOptions, token: Secret, leaseId: string): Promise<void> {
  // Synchronous: otherwise Vault only promises, and the credential is good until it gets round to it.
  const body = JSON.stringify({ lease_id: leaseId, sync: true });
  await change(options, token, 'PUT', 'sys/leases/revoke', body);
}

async function endLogin(options: VaultOptions, token: Secret): Promise<void> {
  await change(options, token, 'POST', 'auth/token/revoke-self');
}

async function change(
  options: VaultOptions,
  token: Secret,
  method: 'POST' | 'PUT',
  path: string,
  body?: string,
): Promise<void> {
  await askIssuer({
    ...(await common(options, token)),
    method,
    url: apiUrl(options, path),
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(limits.credentialTimeoutMs),
  });
}

async function common({ name, namespace, readTrust }: VaultOptions, token?: Secret) {
  return {
    name,
    who: WHO,
    trust: await readTrust?.(),
    headers: {
      'content-type': 'application/json',
      'x-vault-request': 'true',
      ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      ...(token === undefined ? {} : { 'x-vault-token': token.reveal() }),
    },
  };
}

function apiUrl({ url }: VaultOptions, path: string): string {
  return `${url.replace(/\/+$/, '')}/v1/${path.replace(/^\/+/, '')}`;
}
