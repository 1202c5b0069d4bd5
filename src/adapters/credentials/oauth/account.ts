import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '../../../base/fault.ts';
import { Secret } from '../../../base/secret.ts';
import type { CredentialSource } from '../../../ports/credentials.ts';
import type { OAuthSourceOptions } from './create-oauth-source.ts';
import { askForToken, type TokenAnswer } from './token-endpoint.ts';

/** Where the tokens of a connected account are kept, sealed. */
export interface AccountTokens {
  read(): Promise<Secret | undefined>;
  write(value: string): Promise<void>;
}

export interface AccountOptions extends OAuthSourceOptions {
  readonly authorizeUrl: string;
  readonly tokens: AccountTokens;
}

const tokensSchema = z.strictObject({
  accessToken: z.string(),
  expiresAtMs: z.number().optional(),
  refreshToken: z.string().optional(),
  scopes: z.array(z.string()).optional(),
});

/** What a person has to consent to, and what the answer is held against. */
export interface Consent {
  /** To be opened in their browser. */
  readonly url: string;
  readonly state: string;
  readonly verifier: string;
}

const EARLIER_MS = 60_000;

/** Begins to connect an account: authorization code with PKCE (RFC 7636). */
export function beginConsent(options: AccountOptions, redirectUri: string): Consent {
  const { client, clock, scopes, authorizeUrl } = options;
  const random = () => Buffer.from(clock.randomBytes(32)).toString('base64url');
  const [state, verifier] = [random(), random()];
  const url = new URL(authorizeUrl);
  const parameters = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url: url.href, state, verifier };
}

/**
 * Ends it with what the browser was sent back with, and keeps the tokens. Gives the scopes that were granted. Rejects with
 * a `Fault` E_CREDENTIAL where the answer is not to this question, or consent was refused.
 */
export async function endConsent(
  options: AccountOptions,
  consent: Consent,
  redirectUri: string,
  answer: URLSearchParams,
): Promise<readonly string[]> {
  const { client, clock, tokens, scopes } = options;
  const [came, expected] = [Buffer.from(answer.get('state') ?? ''), Buffer.from(consent.state)];
  if (came.length !== expected.length || !timingSafeEqual(came, expected))
    throw new Fault('E_CREDENTIAL', 'the answer is not to this question: its state is another');
  const code = answer.get('code');
  if (code === null) throw new Fault('E_CREDENTIAL', `\`${client.name}\` was not consented to`);
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: consent.verifier,
  };
  const issued = await askForToken(client, form, clock);
  await keep(tokens, issued, issued.scopes ?? scopes);
  return issued.scopes ?? scopes;
}

/** The account's access token, refreshed when it is about to expire. One refresh at a time: a server may take a token once. */
export function createAccountSource(options: AccountOptions): CredentialSource {
  const { client, clock, tokens } = options;
  let refreshing: Promise<Kept> | undefined;
  return {
    async lease({ name }) {
      let kept = await readKept(tokens, name);
      if (kept.expiresAtMs !== undefined && kept.expiresAtMs - EARLIER_MS <= clock.nowMs()) {
        refreshing ??= refresh(options, kept).finally(() => {
          refreshing = undefined;
        });
        kept = await refreshing;
      }
      return {
        secret: new Secret(`cred:${client.name}`, kept.accessToken),
        ...(kept.expiresAtMs === undefined ? {} : { expiresAtMs: kept.expiresAtMs }),
        ...(kept.scopes === undefined ? {} : { scopes: kept.scopes }),
      };
    },
  };
}

type Kept = z.infer<typeof tokensSchema>;

async function refresh({ client, clock, tokens }: AccountOptions, kept: Kept): Promise<Kept> {
  if (kept.refreshToken === undefined)
    throw new Fault('E_CREDENTIAL', `\`${client.name}\` has expired; connect it again with \`chaperone cred connect\``);
  const form = { grant_type: 'refresh_token', refresh_token: kept.refreshToken };
  const answer = await askForToken(client, form, clock);
  const { refreshToken = new Secret('', kept.refreshToken) } = answer;
  return keep(tokens, { ...answer, refreshToken }, answer.scopes ?? kept.scopes ?? []);
}

/** Kept before it is used: a refresh token that was lost takes the account with it. */
async function keep(tokens: AccountTokens, answer: TokenAnswer, scopes: readonly string[]): Promise<Kept> {
  const { accessToken, expiresAtMs, refreshToken } = answer;
  const kept: Kept = {
    accessToken: accessToken.reveal(),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    ...(refreshToken === undefined ? {} : { refreshToken: refreshToken.reveal() }),
    scopes: [...scopes],
  };
  await tokens.write(JSON.stringify(kept));
  return kept;
}

async function readKept(tokens: AccountTokens, name: string): Promise<Kept> {
  const secret = await tokens.read();
  if (secret === undefined)
    throw new Fault('E_CREDENTIAL', `\`${name}\` is not connected; do it with \`chaperone cred connect ${name}\``);
  return tokensSchema.parse(JSON.parse(secret.reveal()));
}
