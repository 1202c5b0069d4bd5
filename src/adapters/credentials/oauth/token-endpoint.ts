import { z } from 'zod';
import type { Clock } from '../../../base/clock.ts';
import { limits } from '../../../base/limits.ts';
import { Secret } from '../../../base/secret.ts';
import { askIssuer, failed } from '../ask-issuer.ts';

/** A client of an authorization server. Without a secret it is a public one. */
export interface OAuthClient {
  readonly name: string;
  readonly tokenUrl: string;
  readonly revokeUrl?: string;
  readonly clientId: string;
  readonly readSecret?: () => Promise<Secret>;
  /** Certificates that it may have besides those of known authorities, PEM. */
  readonly readTrust?: () => Promise<string | undefined>;
}

/** What a token endpoint answered with. */
export interface TokenAnswer {
  readonly accessToken: Secret;
  readonly expiresAtMs?: number;
  readonly scopes?: readonly string[];
  readonly refreshToken?: Secret;
}

const answerSchema = z.object({
  access_token: z.string().min(1).max(16_384),
  token_type: z.string().regex(/^(bearer|n_a|dpop)$/i),
  expires_in: z.number().positive().optional(),
  scope: z.string().optional(),
  refresh_token: z.string().min(1).max(16_384).optional(),
});

/**
 * Asks a token endpoint. Redirects are not followed, for the secret must not travel on. Rejects with a `Fault`
 * E_CREDENTIAL that says which status it was, and nothing of what the server wrote.
 */
export async function askForToken(
  client: OAuthClient,
  form: Readonly<Record<string, string>>,
  clock: Clock,
): Promise<TokenAnswer> {
  const text = await post(client, client.tokenUrl, form);
  const parsed = answerSchema.safeParse(readJson(text));
  if (!parsed.success) throw failed(client, 'the token endpoint answered with something else than a token');
  const { access_token, expires_in, scope, refresh_token } = parsed.data;
  const reference = `cred:${client.name}`;
  return {
    accessToken: new Secret(reference, access_token),
    ...(expires_in === undefined ? {} : { expiresAtMs: clock.nowMs() + expires_in * 1_000 }),
    ...(scope === undefined ? {} : { scopes: scope.split(' ').filter(Boolean) }),
    ...(refresh_token === undefined ? {} : { refreshToken: new Secret(reference, refresh_token) }),
  };
}

/** Has a token taken back (RFC 7009). Undefined where the client has no address for that. */
export function revoker(client: OAuthClient): ((token: string) => Promise<void>) | undefined {
  const { revokeUrl } = client;
  if (revokeUrl === undefined) return undefined;
  return async (token) => {
    const signal = AbortSignal.timeout(limits.credentialTimeoutMs);
    await post(client, revokeUrl, { token, token_type_hint: 'access_token' }, signal);
  };
}

async function post(
  client: OAuthClient,
  url: string,
  form: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<string> {
  const secret = await client.readSecret?.();
  const encoded = new URLSearchParams({ ...form, ...(secret === undefined ? { client_id: client.clientId } : {}) });
  return askIssuer({
    name: client.name,
    who: 'the authorization server',
    method: 'POST',
    url,
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(secret === undefined ? {} : { authorization: basic(client.clientId, secret) }),
    },
    body: encoded.toString(),
    trust: await client.readTrust?.(),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** RFC 6749 encodes both parts before they are joined. */
function basic(clientId: string, secret: Secret): string {
  const encode = (text: string) => new URLSearchParams({ _: text }).toString().slice(2);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret.reveal())}`).toString('base64')}`;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
