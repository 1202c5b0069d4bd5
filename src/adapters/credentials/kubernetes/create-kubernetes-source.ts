import { z } from 'zod';
import { type Clock, newId } from '../../../base/clock.ts';
import { limits } from '../../../base/limits.ts';
import { Secret } from '../../../base/secret.ts';
import type { CredentialSource, LeasedCredential } from '../../../ports/credentials.ts';
import { askIssuer, askIssuerForJson, failed, type IssuerRequest } from '../ask-issuer.ts';
import { joinFields } from '../join-fields.ts';

interface ClusterOptions {
  readonly name: string;
  /** Where the API server answers. */
  readonly url: string;
  readonly namespace: string;
  readonly readLogin: () => Promise<Secret>;
  readonly readTrust?: () => Promise<string | undefined>;
  readonly clock: Clock;
}

/** A token of a service account, made for each lease. */
export interface ServiceAccountOptions extends ClusterOptions {
  readonly serviceAccount: string;
  readonly audience?: string;
  readonly lifetimeMs: number;
}

/** A value that the cluster keeps. */
export interface KeptSecretOptions extends ClusterOptions {
  readonly secret: string;
  readonly fields: readonly string[];
}

/** What is kept there may be replaced by anybody: after so long it is read again. */
const FRESH_MS = 300_000;

const madeSchema = z.object({ metadata: z.object({ uid: z.string().min(1) }) });
const tokenSchema = z.object({
  status: z.object({ token: z.string().min(1), expirationTimestamp: z.iso.datetime({ offset: true }) }),
});
const secretSchema = z.object({ data: z.record(z.string(), z.base64()) });

/**
 * A token for each lease (TokenRequest of `authentication.k8s.io/v1`). It is bound to a Secret that is made for it and
 * holds nothing: with that Secret the cluster takes the token back.
 */
export function createServiceAccountSource(options: ServiceAccountOptions): CredentialSource {
  const { name, serviceAccount, audience, lifetimeMs, clock } = options;
  return {
    async lease() {
      const bound = newId(clock, 'chaperone').replaceAll('_', '-').toLowerCase();
      const made = madeSchema.safeParse(
        await ask(options, 'POST', 'secrets', {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: bound, labels: { 'app.kubernetes.io/managed-by': 'chaperone' } },
        }),
      );
      if (!made.success) throw failed(options, 'the cluster answered with something else than a Secret');
      const revoke = () => remove(options, bound);
      try {
        const spec = {
          ...(audience === undefined ? {} : { audiences: [audience] }),
          expirationSeconds: Math.floor(lifetimeMs / 1_000),
          boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: bound, uid: made.data.metadata.uid },
        };
        const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
        const path = `serviceaccounts/${encodeURIComponent(serviceAccount)}/token`;
        const parsed = tokenSchema.safeParse(await ask(options, 'POST', path, request));
        if (!parsed.success) throw failed(options, 'the cluster answered with something else than a token');
        const { token, expirationTimestamp } = parsed.data.status;
        return {
          secret: new Secret(`cred:${name}`, token),
          expiresAtMs: Date.parse(expirationTimestamp),
          revoke,
          handle: new Secret(`cred:${name}`, bound),
        };
      } catch (error) {
        await revoke().catch(() => {});
        throw error;
      }
    },
    revoke: (handle) => remove(options, handle),
  };
}

/** The fields of a Secret of the cluster. They are the same for all, so nothing takes them back. */
export function createKeptSecretSource(options: KeptSecretOptions): CredentialSource {
  const { name, secret, fields, clock } = options;
  return {
    async lease(): Promise<LeasedCredential> {
      const path = `secrets/${encodeURIComponent(secret)}`;
      const parsed = secretSchema.safeParse(await ask(options, 'GET', path));
      if (!parsed.success) throw failed(options, 'the cluster answered with something else than a Secret');
      const decoded = Object.fromEntries(
        Object.entries(parsed.data.data).map(([field, text]) => [field, Buffer.from(text, 'base64').toString('utf8')]),
      );
      const value = joinFields(fields, decoded);
      if (value === undefined) throw failed(options, 'there is no such field in that Secret of the cluster');
      return { secret: new Secret(`cred:${name}`, value), freshUntilMs: clock.nowMs() + FRESH_MS };
    },
  };
}

async function ask(options: ClusterOptions, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  return askIssuerForJson({
    ...(await request(options, path)),
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function remove(options: ClusterOptions, name: string): Promise<void> {
  const signal = AbortSignal.timeout(limits.credentialTimeoutMs);
  await askIssuer({ ...(await request(options, `secrets/${name}`)), method: 'DELETE', signal });
}

async function request(options: ClusterOptions, path: string): Promise<Omit<IssuerRequest, 'signal'>> {
  const { name, url, namespace, readLogin, readTrust } = options;
  return {
    name,
    who: 'the cluster',
    url: `${url.replace(/\/+$/, '')}/api/v1/namespaces/${encodeURIComponent(namespace)}/${path}`,
    headers: {
      authorization: `Bearer ${(await readLogin()).reveal()}`,
      'content-type': 'application/json',
    },
    trust: await readTrust?.(),
  };
}
