import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
import type { Clock } from '../../../base/clock.ts';
import { Fault } from '../../../base/fault.ts';
import { limits } from '../../../base/limits.ts';
import { Secret } from '../../../base/secret.ts';

/** A client of an authorization server. Without a secret it is a public one. */
export interface OAuthClient {
  readonly name: string;
  readonly tokenUrl: string;
  readonly revokeUrl?: string;
  readonly clientId: string;
  readonly readSecret?: () => Promise<Secret>;
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
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const text = await post(client, client.tokenUrl, form, signal);
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
export function revoker(client: OAuthClient): ((token: Secret) => Promise<void>) | undefined {
  const { revokeUrl } = client;
  if (revokeUrl === undefined) return undefined;
  return async (token) => {
    const signal = AbortSignal.timeout(limits.credentialTimeoutMs);
    await post(client, revokeUrl, { token: token.reveal(), token_type_hint: 'access_token' }, signal);
  };
}

async function post(
  client: OAuthClient,
  url: string,
  form: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const secret = await client.readSecret?.();
  const encoded = new URLSearchParams({ ...form, ...(secret === undefined ? { client_id: client.clientId } : {}) });
  const body = Buffer.from(encoded.toString());
  const response = await send(client, new URL(url), body, signal, {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
    ...(secret === undefined ? {} : { authorization: basic(client.clientId, secret) }),
  });
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) {
    response.destroy();
    throw failed(client, `the authorization server answered with HTTP status ${status}`);
  }
  return readBody(client, response);
}

/** RFC 6749 encodes both parts before they are joined. */
function basic(clientId: string, secret: Secret): string {
  const encode = (text: string) => new URLSearchParams({ _: text }).toString().slice(2);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret.reveal())}`).toString('base64')}`;
}

function send(
  client: OAuthClient,
  url: URL,
  body: Buffer,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>>,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = start(url, { method: 'POST', signal, headers: { ...headers } });
    request.once('response', resolve);
    // No cause: what a library says of a request it could not send may quote the headers.
    request.on('error', () => reject(failed(client, 'the authorization server could not be reached in time')));
    request.end(body);
  });
}

function readBody(client: OAuthClient, response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const broken = () => reject(failed(client, 'the answer of the authorization server broke off, or was too long'));
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limits.secretBytes) chunks.push(chunk);
      else response.destroy();
    });
    response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.once('error', broken);
    response.once('close', broken);
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failed({ name }: OAuthClient, what: string): Fault {
  return new Fault('E_CREDENTIAL', `\`${name}\`: ${what}`);
}
